import { describe, expect, test } from '@jest/globals';

import { Allocation } from '../../domain/grant.ts';
import { FREE, withLease, type LeaseMode, type LeaseRequest, type Occupancy } from '../../domain/lease.ts';
import type { Reach } from '../../domain/placement.ts';
import type { Worker } from '../../domain/worker.ts';
import { SpaceRoster, type RosterTarget } from '../kernel/roster.ts';
import { choose } from './choosing.ts';

const machine = (change: Partial<Worker> = {}): Worker => ({
  ...{ spaceId: 's', id: 'm', name: 'web-1-machine', mode: 'polling', address: '', keyFingerprint: '' },
  ...{ poolIds: [], labels: {}, slots: 4, enabled: true, draining: false, locked: '', quarantined: '' },
  ...{ revoked: false, ephemeral: false, version: '1', facts: null, incarnation: null, health: 'healthy' },
  ...{ healthReason: '', healthAt: 0, connectedAt: 0, lastSeenAt: 0, createdAt: 0 },
  ...change,
});

const wants = (kind: 'worker' | 'target', change: Partial<LeaseRequest> = {}): LeaseRequest => ({
  ...{ spaceId: 's', id: 'r', ticket: 1, priority: 2, taskId: 't2', holder: { kind: 'step', id: 'a' } },
  ...{ mode: 'exclusive', wants: { all: [{ kind, id: 'm' }] }, barrier: null, tools: [], exclude: [] },
  ...{ nodeId: null, notBefore: null, expiresAt: null, createdAt: 0 },
  ...change,
});

interface Given {
  machine?: Partial<Worker> | null;
  reach?: Reach;
  targets?: RosterTarget[];
  held?: LeaseMode;
  kind?: 'worker' | 'target';
  request?: Partial<LeaseRequest>;
}

const WEB: RosterTarget = { name: 'web-1', disabled: false };

function chosen({
  machine: change = {},
  reach = 'here',
  targets = [WEB],
  held,
  kind = 'target',
  request,
}: Given) {
  const workers = change === null ? [] : [machine(change)];
  const roster = new SpaceRoster(workers, [], () => reach, new Map([['m', targets]]));
  const occupancy: Occupancy = held === undefined ? FREE : withLease(FREE, held);
  const allocation = new Allocation(
    () => occupancy,
    () => 4,
  );
  const context = {
    ...{ roster, nodeId: 'n', now: 0, lastChosen: new Map<string, string>(), pinned: () => undefined },
    holders: () => (held === undefined ? [] : ['t1']),
  };
  return choose(context, wants(kind, request), allocation);
}

describe('a deployment target is given', () => {
  const given: [string, Given][] = [
    ['when its machine is free', {}],
    ['when it is unhealthy, for the plan has decided on that', { machine: { health: 'unhealthy' } }],
    ['when its session is newer than its health', { machine: { health: 'unavailable' } }],
    ['when it was never checked', { machine: { health: 'unknown' } }],
    ['though another target of its machine is disabled', { targets: [WEB, { name: 'b', disabled: true }] }],
    [
      'to a health check though it is disabled',
      { targets: [{ ...WEB, disabled: true }], request: { mode: 'maintenance' } },
    ],
    ['to a health check beside a script', { held: 'exclusive', request: { mode: 'maintenance' } }],
  ];
  test.each(given)('%s', (_when, of) => {
    expect(chosen(of)).toEqual({
      kind: 'grant',
      resources: [{ kind: 'target', id: 'm' }],
      reason: 'as planned',
    });
  });
});

describe('a deployment target is waited for', () => {
  const waits: [string, Given, string][] = [
    [
      'a script of a run',
      { held: 'exclusive' },
      'for deployment target "web-1" to be free: in use by task t1',
    ],
    [
      'a script that it runs as a worker',
      { held: 'shared' },
      'for deployment target "web-1" to be free: in use by task t1',
    ],
    ['its link', { reach: 'reconnecting' }, 'for deployment target "web-1" to reconnect'],
    ['another node', { reach: 'elsewhere' }, 'for another node, which reaches deployment target "web-1"'],
    [
      'an agent that drains',
      { machine: { draining: true } },
      'for deployment target "web-1" to take work again: it is draining',
    ],
    [
      'the other targets of its machine',
      { held: 'exclusive', targets: [WEB, { name: 'web-1-jobs', disabled: false }] },
      'for deployment target "web-1 / web-1-jobs" to be free: in use by task t1',
    ],
  ];
  test.each(waits)('%s', (_what, of, reason) => {
    expect(chosen(of)).toEqual({ kind: 'wait', reason, keep: [{ kind: 'target', id: 'm' }], barrier: null });
  });
});

describe('a deployment target fails the request', () => {
  const fails: [string, Given, string][] = [
    [
      'disabled',
      { targets: [{ ...WEB, disabled: true }] },
      'deployment target "web-1" can not take it: disabled',
    ],
    [
      'with its machine disabled',
      { machine: { enabled: false } },
      'deployment target "web-1" can not take it: disabled',
    ],
    [
      'away',
      { reach: 'none', machine: { healthReason: 'gone for an hour' } },
      'deployment target "web-1" can not take it: no connection: gone for an hour',
    ],
    [
      'quarantined',
      { machine: { quarantined: 'an attempt was lost' } },
      'deployment target "web-1" can not take it: quarantined: an attempt was lost',
    ],
    [
      'locked',
      { machine: { locked: 'two copies' } },
      'deployment target "web-1" can not take it: locked: two copies',
    ],
    [
      'revoked',
      { machine: { revoked: true } },
      'deployment target "web-1" can not take it: its identity is revoked',
    ],
    [
      'without a tool',
      { request: { tools: ['pwsh'] } },
      'deployment target "web-1" can not take it: has no pwsh',
    ],
    ['deleted', { machine: null, targets: [] }, 'there is no deployment target "m" any more'],
    ['no target any more', { targets: [] }, 'there is no deployment target "web-1-machine" any more'],
  ];
  test.each(fails)('%s', (_how, of, reason) => {
    expect(chosen(of)).toEqual({ kind: 'fail', reason });
  });
});

describe('a named worker', () => {
  const worker: [string, Given, object][] = [
    [
      'is given to shared leases up to its slots',
      { held: 'shared', request: { mode: 'shared' } },
      { kind: 'grant' },
    ],
    [
      'has no room while a run deploys to its machine',
      { held: 'exclusive', request: { mode: 'shared' } },
      { kind: 'wait', reason: 'for worker "web-1-machine" to have room for a shared lease' },
    ],
    [
      'fails the request while it drains: a task may name another',
      { machine: { draining: true } },
      { kind: 'fail', reason: 'worker "web-1-machine" can not take it: draining' },
    ],
    [
      'is none of unknown health',
      { machine: { health: 'unhealthy', healthReason: 'no disk' } },
      { kind: 'fail', reason: 'worker "web-1-machine" can not take it: unhealthy: no disk' },
    ],
    [
      'is not concerned by the switch of its target',
      { targets: [{ ...WEB, disabled: true }], request: { mode: 'shared' } },
      { kind: 'grant' },
    ],
  ];
  test.each(worker)('%s', (_what, of, choice) => {
    expect(chosen({ kind: 'worker', ...of })).toMatchObject(choice);
  });
});
