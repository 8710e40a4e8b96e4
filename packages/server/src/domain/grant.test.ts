import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Allocation, compete, grantPass, queueOf, type Choice } from './grant.ts';
import {
  fits,
  FREE,
  laneOf,
  withLease,
  type LeaseMode,
  type LeaseRequest,
  type Occupancy,
  type Resource,
} from './lease.ts';

const worker = (id: string): Resource => ({ kind: 'worker', id });

function request(ticket: number, mode: LeaseMode, wants: LeaseRequest['wants']): LeaseRequest {
  const id = `r${ticket}`;
  return {
    spaceId: 's',
    id,
    ticket,
    taskId: `t${ticket}`,
    holder: { kind: 'task', id: `t${ticket}` },
    mode,
    wants,
    barrier: null,
    tools: [],
    exclude: [],
    nodeId: null,
    priority: 2,
    notBefore: null,
    expiresAt: null,
    createdAt: 0,
  };
}

describe('compatibility', () => {
  const held = (mode: LeaseMode): Occupancy => withLease(FREE, mode);
  test.each<[LeaseMode, LeaseMode, boolean]>([
    ['shared', 'shared', true],
    ['shared', 'exclusive', false],
    ['shared', 'maintenance', true],
    ['exclusive', 'shared', false],
    ['exclusive', 'exclusive', false],
    ['exclusive', 'maintenance', true],
    ['maintenance', 'shared', true],
    ['maintenance', 'exclusive', true],
    ['maintenance', 'maintenance', false],
  ])('%s beside a held %s: %s', (wanted, there, expected) => {
    expect(fits(held(there), wanted, 2)).toBe(expected);
  });

  test('shared up to the slots', () => {
    expect(fits({ ...FREE, shared: 1 }, 'shared', 2)).toBe(true);
    expect(fits({ ...FREE, shared: 2 }, 'shared', 2)).toBe(false);
  });
});

/** Members in the order of their names: the first that fits; an exclusive request bars the first. */
function chooser(pools: Record<string, string[]>) {
  return (asked: LeaseRequest, left: Allocation): Choice => {
    if ('all' in asked.wants) {
      const { all } = asked.wants;
      return all.every((resource) => left.fits(resource.id, asked.mode))
        ? { kind: 'grant', resources: all, reason: '' }
        : { kind: 'wait', reason: '', keep: all, barrier: null };
    }
    const members = pools[asked.wants.anyOfPool] ?? [];
    const free = members.find((id) => left.fits(id, asked.mode));
    if (free !== undefined) return { kind: 'grant', resources: [worker(free)], reason: '' };
    const barrier = asked.mode === 'exclusive' && members[0] !== undefined ? worker(members[0]) : null;
    return { kind: 'wait', reason: '', keep: barrier === null ? [] : [barrier], barrier };
  };
}

function granted(
  requests: LeaseRequest[],
  pools: Record<string, string[]>,
  slots = 1,
  held: Record<string, Occupancy> = {},
): string[] {
  const allocation = new Allocation(
    (id) => held[id],
    () => slots,
  );
  return grantPass(queueOf(requests), allocation, chooser(pools))
    .filter(({ choice }) => choice.kind === 'grant')
    .map(({ request: { id } }) => id);
}

describe('the pass', () => {
  test('an earlier request holds back a later one only where both could use the same', () => {
    const busy = { b: withLease(FREE, 'exclusive') };
    const first = request(1, 'shared', { all: [worker('a'), worker('b')] });
    const sameA = request(2, 'shared', { all: [worker('a')] });
    const onlyC = request(3, 'shared', { all: [worker('c')] });
    expect(granted([first, sameA, onlyC], {}, 1, busy)).toEqual(['r3']);
    // With two slots there is room beside the place that the first keeps.
    expect(granted([first, sameA, onlyC], {}, 2, busy)).toEqual(['r2', 'r3']);
  });

  test('an exclusive request bars its worker, and no other', () => {
    const held = { a: withLease(FREE, 'shared'), b: withLease(FREE, 'shared') };
    const alone = request(1, 'exclusive', { anyOfPool: 'p' });
    const later = request(2, 'shared', { anyOfPool: 'p' });
    expect(granted([alone, later], { p: ['a', 'b'] }, 2, held)).toEqual(['r2']);
    expect(granted([alone, later], { p: ['a'] }, 2, held)).toEqual([]);
  });

  test('maintenance goes beside whatever runs', () => {
    const held = { a: { shared: 1, exclusive: 0, maintenance: 0 } };
    expect(granted([request(1, 'maintenance', { all: [worker('a')] })], {}, 1, held)).toEqual(['r1']);
  });

  test('who competes with whom', () => {
    const members = (pool: string): Set<string> => new Set(pool === 'p' ? ['a', 'b'] : ['c']);
    const p = request(1, 'shared', { anyOfPool: 'p' });
    expect(compete(p, request(2, 'shared', { all: [worker('b')] }), members)).toBe(true);
    expect(compete(p, request(2, 'shared', { anyOfPool: 'q' }), members)).toBe(false);
    expect(
      compete({ ...p, barrier: worker('a') }, request(2, 'shared', { all: [worker('b')] }), members),
    ).toBe(false);
  });
});

const WORKERS = ['a', 'b', 'c', 'd'];
const POOLS = { p: ['a', 'b'], q: ['b', 'c'], r: ['d'] };

const anyMode = fc.constantFrom<LeaseMode>('shared', 'shared', 'exclusive', 'maintenance');
const anyWants = fc.oneof(
  fc.constantFrom('p', 'q', 'r').map((anyOfPool) => ({ anyOfPool })),
  fc.subarray(WORKERS, { minLength: 1 }).map((ids) => ({ all: ids.map(worker) })),
);

/** A story: requests come, passes are made, leases end in any order. */
const story = fc.record({
  slots: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('ask' as const), mode: anyMode, wants: anyWants }),
      fc.record({ kind: fc.constant('end' as const), which: fc.nat(20) }),
    ),
    { minLength: 1, maxLength: 40 },
  ),
});

describe('always', () => {
  test('never two exclusive holders, never more than the slots, all or nothing, and nothing earlier is overtaken', () => {
    fc.assert(
      fc.property(story, ({ slots, steps }) => {
        const queue: LeaseRequest[] = [];
        const holders: { request: LeaseRequest; resources: readonly Resource[] }[] = [];
        let ticket = 0;
        for (const step of steps) {
          if (step.kind === 'ask') queue.push(request(++ticket, step.mode, step.wants));
          else if (holders.length > 0) holders.splice(step.which % holders.length, 1);
          const held = occupancyOf(holders);
          const before = [...queue];
          const verdicts = grantPass(
            queueOf(before),
            new Allocation(
              (id) => held.get(id),
              () => slots,
            ),
            chooser(POOLS),
          );
          for (const { request: asked, choice } of verdicts) {
            if (choice.kind !== 'grant') continue;
            const wanted = 'all' in asked.wants ? asked.wants.all.length : 1;
            expect(choice.resources).toHaveLength(wanted);
            holders.push({ request: asked, resources: choice.resources });
            queue.splice(queue.indexOf(asked), 1);
          }
          checkOccupancy(holders, slots);
          checkOrder(
            before,
            verdicts.filter(({ choice }) => choice.kind === 'grant').map(({ request: r }) => r),
            queue,
          );
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('every request is granted in the end, once what is held ends', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ mode: anyMode, wants: anyWants }), { maxLength: 25 }), (asks) => {
        let queue = asks.map(({ mode, wants }, i) => request(i + 1, mode, wants));
        for (let rounds = 0; queue.length > 0; rounds++) {
          expect(rounds).toBeLessThanOrEqual(asks.length);
          const ids = new Set(granted(queue, POOLS));
          queue = queue.filter(({ id }) => !ids.has(id));
        }
      }),
    );
  });

  test('the rest of a lane need not be looked at', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ mode: anyMode, wants: anyWants }), { maxLength: 25 }),
        fc.integer({ min: 1, max: 3 }),
        (asks, slots) => {
          const queue = asks.map(({ mode, wants }, i) => request(i + 1, mode, wants));
          const skipped = new Set<string>();
          let at = 0;
          const lanes = {
            next(): LeaseRequest | undefined {
              for (;;) {
                const next = queue[at++];
                if (next === undefined || !skipped.has(laneOf(next) ?? '')) return next;
              }
            },
            waits: (one: LeaseRequest): void => void skipped.add(laneOf(one) ?? 'no lane'),
          };
          const allocation = (): Allocation =>
            new Allocation(
              () => undefined,
              () => slots,
            );
          const all = grantPass(queueOf(queue), allocation(), chooser(POOLS));
          const few = grantPass(lanes, allocation(), chooser(POOLS));
          const ids = (verdicts: typeof all): string[] =>
            verdicts.filter(({ choice }) => choice.kind === 'grant').map(({ request: r }) => r.id);
          // What a lane's later requests keep for themselves is all that may differ, and that only lets more through at named workers.
          if (queue.every((one) => 'anyOfPool' in one.wants)) expect(ids(few)).toEqual(ids(all));
          else expect(ids(few).length).toBeGreaterThanOrEqual(ids(all).length);
        },
      ),
    );
  });
});

function occupancyOf(
  holders: { request: LeaseRequest; resources: readonly Resource[] }[],
): Map<string, Occupancy> {
  const held = new Map<string, Occupancy>();
  for (const { request: asked, resources } of holders) {
    for (const { id } of resources) held.set(id, withLease(held.get(id) ?? FREE, asked.mode));
  }
  return held;
}

function checkOccupancy(
  holders: { request: LeaseRequest; resources: readonly Resource[] }[],
  slots: number,
): void {
  for (const { shared, exclusive, maintenance } of occupancyOf(holders).values()) {
    expect(exclusive).toBeLessThanOrEqual(1);
    expect(maintenance).toBeLessThanOrEqual(1);
    expect(shared).toBeLessThanOrEqual(slots);
    if (exclusive === 1) expect(shared).toBe(0);
  }
}

/** Who was granted though an earlier one waits must have left it everything: alone, the earlier one waits just the same. */
function checkOrder(before: LeaseRequest[], grants: LeaseRequest[], waiting: LeaseRequest[]): void {
  for (const later of grants) {
    for (const earlier of waiting.filter((one) => one.ticket < later.ticket)) {
      const same = laneOf(earlier) !== undefined && laneOf(earlier) === laneOf(later);
      expect(same).toBe(false);
      expect(before.indexOf(earlier)).toBeLessThan(before.indexOf(later));
    }
  }
}
