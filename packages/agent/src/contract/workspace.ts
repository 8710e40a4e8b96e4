/**
 * The disk between the link process and the script host: one workspace for
 * each attempt, mode 0700, below `<dataDir>/attempts`.
 *
 *   spec.json      by the link: the Start without any sensitive value
 *   state.json     by the link (later ones by temp + rename): fence, and the host it was handed to
 *   work/          by the link: the script's working directory, with the script (`scriptFile`) and its files in it
 *   spool/NNNNNN   by the host: segments of whole records (protocol/spool-record.ts), NNNNNN from 000000
 *   spool/reclaimed  by the host (temp + rename), before it unlinks acknowledged segments: `Reclaimed`, as JSON
 *   events         by the host: records of {length u32 BE, CRC-32 u32 BE, AttemptEvent bytes}
 *   outcome.json   by the host (temp + rename): the attempt has ended
 *   artifacts/     by the host: copies of what `new artifact` named, by index
 *   reserve        room set aside by the link, so that a full disk can still be reported
 *
 * The link lays it elsewhere and renames it into place, so that it is there whole or not at all.
 * What is sensitive stands in clear only in the script's own variables file,
 * below the runtime folder (on tmpfs where there is one).
 */
import { join } from 'node:path';

import type { RefusedReason } from '@longshore/protocol/gen/longshore/link/v1/attempt';

export interface WorkspacePaths {
  root: string;
  spec: string;
  state: string;
  work: string;
  spool: string;
  events: string;
  outcome: string;
  artifacts: string;
  reserve: string;
}

export function attemptsFolder(dataDir: string): string {
  return join(dataDir, 'attempts');
}

export function workspacePaths(dataDir: string, attemptId: string): WorkspacePaths {
  return workspaceAt(join(attemptsFolder(dataDir), attemptId));
}

export function workspaceAt(root: string): WorkspacePaths {
  return {
    root,
    spec: join(root, 'spec.json'),
    state: join(root, 'state.json'),
    work: join(root, 'work'),
    spool: join(root, 'spool'),
    events: join(root, 'events'),
    outcome: join(root, 'outcome.json'),
    artifacts: join(root, 'artifacts'),
    reserve: join(root, 'reserve'),
  };
}

export function segmentFile(spool: string, index: number): string {
  return join(spool, String(index).padStart(6, '0'));
}

/** Name of the script within `work/`, by the interpreter's number in attempt.proto. */
const SCRIPT_FILES = ['script', 'script.sh', 'script.sh', 'script.py', 'script.cjs', 'script.ps1'] as const;

export function isScriptFile(name: string): boolean {
  return SCRIPT_FILES.some((known) => known === name);
}

export function scriptFile(work: string, interpreter: number): string {
  return join(work, SCRIPT_FILES[interpreter] ?? SCRIPT_FILES[0]);
}

/** The copy of the artifact with this index; absent where it could not be collected (`<file>.error` says why). */
export function artifactFile(artifacts: string, index: number): string {
  return join(artifacts, String(index));
}

/** The first segments of a spool, when they were given up for room: how many, and their bytes altogether. */
export interface Reclaimed {
  segments: number;
  bytes: number;
  /** SHA-256 of each, hex: the attempt's digest still counts them. */
  digests: string[];
}

export function reclaimedFile(spool: string): string {
  return join(spool, 'reclaimed');
}

/** What `state.json` holds. It is written once before the start is handed to the host: no state.json, never handed. */
export interface WorkspaceState {
  attemptId: string;
  taskId: string;
  fence: { generation: number; n: number };
  /** The host (host_id) that it was handed to, written before the handing. */
  handedTo: string;
  /** The boot (boot_id) in which it was handed: after another boot nothing of it runs. */
  bootId: string;
  /** Acknowledged by the server. */
  ackedOffset: number;
  ackedEvent: number;
  cancelRequested: boolean;
}

/** `outcome.json` is `Outcome` of attempt.proto in this shape: bytes in hex. */
export type OutcomeFile = {
  version: 1;
  outcome:
    | { kind: 'exited'; code: number }
    | { kind: 'signalled'; name: string }
    | { kind: 'cancelled' }
    | { kind: 'timedOut' }
    | { kind: 'refused'; reason: RefusedReason; detail: string }
    | { kind: 'interrupted'; detail: string };
  message: string;
  bestEffortCleanup: boolean;
  startedAtMs: number;
  endedAtMs: number;
  outputLength: number;
  eventCount: number;
  artifactCount: number;
  segmentDigests: string[];
  digest: string;
};
