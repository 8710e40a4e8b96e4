import type { Fence } from './fence.ts';
import type { ScriptSpec } from './script.ts';

export const TASK_STATES = [
  'queued',
  'executing',
  'waiting',
  'cancelling',
  'success',
  'failed',
  'cancelled',
  'timedOut',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const TASK_KINDS = ['script', 'health', 'upgrade'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** Where a script task runs: on one worker of a pool, or on each of the workers named. */
export type TaskTarget = { kind: 'pool'; poolId: string } | { kind: 'workers'; workerIds: string[] };

/** The version that agents are to become, and the package for each worker. */
export interface UpgradeSpec {
  version: string;
  packages: Record<string, { digest: string; length: number }>;
  /** An agent goes back to the version before when the new one has no session in this time; 0: its own default. */
  confirmWithinMs: number;
}

export interface TaskSpec {
  target: TaskTarget;
  script: ScriptSpec;
  leaseMode: 'shared' | 'exclusive';
  /** Tools that the worker must have, beside the interpreter's. */
  tools: string[];
  /** Of a task of kind `upgrade`: instead of a script. */
  upgrade?: UpgradeSpec;
}

/** A unit of queued server work. */
export interface Task {
  spaceId: string;
  id: string;
  kind: TaskKind;
  name: string;
  state: TaskState;
  spec: TaskSpec;
  /** Order in the queue: the ticket of its lease request; a lower one goes first. */
  ticket: number;
  /** The node that owns it, and that node's epoch; null while queued. */
  nodeId: string | null;
  epoch: number;
  /** Rises when its ownership changes. */
  fence: Fence;
  /** Why it waits, for people; empty when it does not. */
  waitReason: string;
  /** From start to time-out, waiting included; 0 is without limit. */
  timeoutMs: number;
  cancelRequestedAt: number | null;
  /** What became of it, in one line. */
  message: string;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  /** Who asked: an API key's name, or `schedule`. */
  createdBy: string;
}
