import { describe, expect, test } from '@jest/globals';

import {
  assess,
  candidatesOf,
  explain,
  pick,
  pickBarrier,
  resolvePool,
  type Candidate,
  type PickInput,
} from './placement.ts';
import { FREE, type Occupancy } from './lease.ts';
import type { WorkerPool } from './pool.ts';
import type { Worker } from './worker.ts';

const pool = (id: string, change: Partial<WorkerPool> = {}): WorkerPool => ({
  spaceId: 's',
  id,
  name: id,
  description: '',
  kind: 'static',
  strategy: 'fewest-leases',
  isDefault: false,
  createdAt: 0,
  ...change,
});

const worker = (id: string, change: Partial<Worker> = {}): Worker => ({
  ...({
    spaceId: 's',
    mode: 'polling',
    address: '',
    keyFingerprint: '',
    labels: {},
    slots: 2,
    enabled: true,
    draining: false,
  } as const),
  ...{
    locked: '',
    quarantined: '',
    revoked: false,
    ephemeral: false,
    version: '',
    incarnation: null,
    healthReason: '',
    healthAt: 0,
  },
  ...{ connectedAt: null, lastSeenAt: null, createdAt: 0, health: 'healthy' },
  facts: {
    hostname: '',
    os: '',
    architecture: '',
    processors: 1,
    memoryBytes: 0,
    freeDiskBytes: 0,
    tools: [{ name: 'bash', version: '5' }],
    cgroups: true,
  },
  id,
  name: id,
  poolIds: ['p'],
  ...change,
});

const here = (one: Worker): Candidate => ({ worker: one, reach: 'here' });
const NEEDS = { tools: ['bash'], exclude: [], mode: 'shared' as const };

describe('the pool', () => {
  const pools = [pool('p'), pool('d', { isDefault: true })];
  test.each([
    ['p', undefined, 'p'],
    [undefined, 'p', 'p'],
    [undefined, undefined, 'd'],
    ['gone', undefined, undefined],
  ])('step %s, else %s: %s', (named, fallback, expected) => {
    expect(resolvePool(named, fallback, pools)?.id).toBe(expected);
  });

  const builtIn = here(worker('b', { mode: 'builtIn', poolIds: [] }));
  test.each<[string, WorkerPool, Candidate[], string[]]>([
    ['the default pool without workers: the built-in one', pool('d', { isDefault: true }), [builtIn], ['b']],
    ['another pool without workers: none', pool('p'), [builtIn], []],
    [
      'the default pool with an unhealthy worker: not the built-in one',
      pool('p', { isDefault: true }),
      [builtIn, here(worker('w', { health: 'unhealthy' }))],
      ['w'],
    ],
  ])('%s', (_, of, all, expected) => {
    expect(candidatesOf(of, all).candidates.map((candidate) => candidate.worker.id)).toEqual(expected);
  });
});

describe('who could take it', () => {
  test.each<[Partial<Worker>, string]>([
    [{ enabled: false }, 'disabled'],
    [{ draining: true }, 'draining'],
    [{ locked: 'two copies' }, 'locked: two copies'],
    [{ quarantined: 'lost' }, 'quarantined: lost'],
    [{ revoked: true }, 'its identity is revoked'],
    [{ health: 'unhealthy', healthReason: 'disk full' }, 'unhealthy: disk full'],
    [{ health: 'unknown' }, 'unknown'],
    [{ facts: null }, 'has no bash'],
  ])('not %j: %s', (change, why) => {
    const found = assess([here(worker('w', change))], NEEDS);
    expect(found.eligible).toEqual([]);
    expect(found.passedOver).toMatchObject([{ workerId: 'w', why }]);
  });

  test('healthy and with warnings; elsewhere and reconnecting apart; no connection never', () => {
    const found = assess(
      [
        here(worker('a')),
        here(worker('b', { health: 'hasWarnings' })),
        { worker: worker('c', { health: 'unavailable' }), reach: 'reconnecting' },
        { worker: worker('d'), reach: 'elsewhere' },
        { worker: worker('e'), reach: 'none' },
      ],
      NEEDS,
    );
    const ids = (workers: Worker[]): string[] => workers.map(({ id }) => id);
    expect([ids(found.eligible), ids(found.reconnecting), ids(found.elsewhere)]).toEqual([
      ['a', 'b'],
      ['c'],
      ['d'],
    ]);
    expect(explain(found)).toBe(
      '1 unavailable, 2 full, 1 reconnecting, 1 connected to another node only (e: no connection)',
    );
  });

  test('a health check reaches what scripts may not', () => {
    const needs = { ...NEEDS, mode: 'maintenance' as const };
    const sick = [
      worker('a', { health: 'unhealthy' }),
      worker('b', { enabled: false }),
      worker('c', { draining: true }),
    ];
    expect(assess(sick.map(here), needs).eligible).toHaveLength(3);
  });

  test('who denied it is not asked again', () => {
    expect(
      assess([here(worker('a')), here(worker('b'))], { ...NEEDS, exclude: ['a'] }).eligible.map(
        ({ id }) => id,
      ),
    ).toEqual(['b']);
  });
});

describe('who takes it', () => {
  const loads: Record<string, Occupancy> = { a: { ...FREE, shared: 1 }, b: { ...FREE }, c: { ...FREE } };
  const input = (change: Partial<PickInput> = {}): PickInput => ({
    eligible: [worker('a'), worker('c'), worker('b')],
    mode: 'shared',
    strategy: 'fewest-leases',
    fits: () => true,
    load: (id) => loads[id] ?? FREE,
    last: undefined,
    pinned: undefined,
    ...change,
  });

  test.each<[string, Partial<PickInput>, string | undefined]>([
    ['fewest leases, the lower id where equal', {}, 'b'],
    ['only those with room', { fits: (id) => id === 'a' }, 'a'],
    ['nobody with room', { fits: () => false }, undefined],
    ['round-robin from the start', { strategy: 'round-robin' }, 'a'],
    ['round-robin goes on', { strategy: 'round-robin', last: 'b' }, 'c'],
    ['round-robin goes round', { strategy: 'round-robin', last: 'c' }, 'a'],
    ['pin-task keeps its worker', { strategy: 'pin-task', pinned: 'a' }, 'a'],
    [
      'pin-task waits for its worker',
      { strategy: 'pin-task', pinned: 'a', fits: (id) => id !== 'a' },
      undefined,
    ],
    ['pin-task without one yet', { strategy: 'pin-task' }, 'b'],
    ['pin-task whose worker is gone', { strategy: 'pin-task', pinned: 'z' }, 'b'],
  ])('%s', (_, change, expected) => {
    expect(pick(input(change))?.worker.id).toBe(expected);
  });

  test('an exclusive request settles where least is in the way', () => {
    expect(
      pickBarrier(input().eligible, (id) => (id === 'b' ? { ...FREE, exclusive: 1 } : (loads[id] ?? FREE)))
        ?.id,
    ).toBe('c');
  });
});
