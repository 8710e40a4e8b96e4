/** The janitor: what it removes, when, and what it never touches. And whoever follows an attempt hears of its end. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@longshore/base';
import { Phase } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { workspacePaths, type OutcomeFile, type WorkspaceState } from '../contract/workspace.ts';
import { JANITOR_INTERVAL_MS, UNKNOWN_KEPT_MS, UNRELEASED_KEPT_MS } from '../limits.ts';
import { Attempts } from './attempts.ts';
import type { HostPort } from './host-port.ts';
import type { Follower } from './local-attempt.ts';
import { TombstoneFile } from './tombstone-file.ts';

const HOUR_MS = 60 * 60_000;
const HOST: HostPort = {
  hostId: 'host-1',
  connected: true,
  connect: () => Promise.resolve(),
  start: () => undefined,
  cancel: () => undefined,
  acknowledged: () => undefined,
  forget: () => undefined,
  knows: () => false,
  starting: () => [],
  presumeGone: () => undefined,
  resize: () => undefined,
  input: () => undefined,
  close: () => Promise.resolve(),
};
const FOLLOWER: Follower = { grown: () => undefined, drop: () => undefined, warn: () => undefined };

let dataDir: string;
let clock: ManualClock;
let tombstones: TombstoneFile;
let attempts: Attempts;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'janitor-'));
  clock = new ManualClock();
  tombstones = new TombstoneFile(dataDir, clock);
  attempts = new Attempts({
    ...{ dataDir, bootId: 'boot', host: HOST, tombstones, clock, logger: silentLogger },
    quarantined: () => undefined,
    foreignHosts: new Set(),
  });
});
afterEach(async () => {
  await attempts.close();
  rmSync(dataDir, { recursive: true });
});

function lay(id: string, { ended }: { ended: boolean }): void {
  const paths = workspacePaths(dataDir, id);
  mkdirSync(paths.spool, { recursive: true });
  const state: WorkspaceState = {
    attemptId: id,
    taskId: 't',
    fence: { generation: 1, n: 1 },
    handedTo: 'host-1',
    bootId: 'boot',
    ackedOffset: 0,
    ackedEvent: 0,
    cancelRequested: false,
  };
  writeFileSync(paths.state, JSON.stringify(state));
  if (ended) writeOutcome(id);
}

function writeOutcome(id: string): void {
  const outcome: OutcomeFile = {
    version: 1,
    outcome: { kind: 'exited', code: 0 },
    message: '',
    bestEffortCleanup: true,
    startedAtMs: 1,
    endedAtMs: clock.now(),
    outputLength: 0,
    eventCount: 0,
    artifactCount: 0,
    segmentDigests: [],
    digest: '',
  };
  writeFileSync(workspacePaths(dataDir, id).outcome, JSON.stringify(outcome));
}

const there = (id: string): boolean => existsSync(workspacePaths(dataDir, id).root);

test('what no server comes back for is kept to its limit, and gone at the next look after it', async () => {
  lay('ended', { ended: true });
  lay('runs', { ended: false });
  await attempts.recover();
  clock.advance(UNRELEASED_KEPT_MS);
  expect(there('ended')).toBe(true);
  clock.advance(JANITOR_INTERVAL_MS);
  expect(there('ended')).toBe(false);
  expect(attempts.get('ended')).toBeUndefined();
  // A Start that comes so late starts nothing.
  expect(tombstones.has('ended')).toBe(true);
  // One that runs is never thrown away.
  expect(there('runs')).toBe(true);
  expect(attempts.get('runs')).toBeDefined();
});

test('what no server knows is kept a day from its end, even while it is asked about', async () => {
  lay('unknown', { ended: true });
  lay('followed', { ended: true });
  await attempts.recover();
  attempts.get('unknown')!.unknownSince = clock.now();
  attempts.get('followed')!.follow(FOLLOWER);
  clock.advance(UNKNOWN_KEPT_MS - HOUR_MS);
  expect(there('unknown')).toBe(true);
  clock.advance(HOUR_MS + JANITOR_INTERVAL_MS);
  expect(there('unknown')).toBe(false);
  // A session has it: its server will say when it may go.
  clock.advance(UNRELEASED_KEPT_MS + JANITOR_INTERVAL_MS);
  expect(there('followed')).toBe(true);
});

test('a server that knows it again takes the flag back', async () => {
  lay('known', { ended: true });
  await attempts.recover();
  const attempt = attempts.get('known')!;
  attempt.unknownSince = clock.now();
  attempt.follow(FOLLOWER);
  clock.advance(UNKNOWN_KEPT_MS + JANITOR_INTERVAL_MS);
  expect(there('known')).toBe(true);
});

test('a workspace that was never handed to a host goes at the start', async () => {
  mkdirSync(workspacePaths(dataDir, 'half').work, { recursive: true });
  await attempts.recover();
  expect(there('half')).toBe(false);
});

test('an outcome that is found as another host goes, before its own host tells of it: its session hears of it all the same', async () => {
  lay('ends', { ended: false });
  await attempts.recover();
  const attempt = attempts.get('ends')!;
  const heard: string[] = [];
  attempt.whenTaken(() => heard.push('taken'));
  attempt.follow({ ...FOLLOWER, grown: ({ ended }) => heard.push(ended ? 'ended' : 'grown') });
  writeOutcome('ends');
  await attempts.hostGone('host-2', { proven: true });
  const last = { phase: Phase.ENDED, outputLength: 0, eventCount: 0, ended: true, stuck: '' };
  attempts.state({ attemptId: 'ends', ...last });
  expect(heard).toEqual(['taken', 'ended']);
});
