import { describe, expect, test } from '@jest/globals';

import { inconsistencies, leftovers } from './store-check.ts';
import type { AttemptRow, StoreTables } from './store-tables.ts';

const attempt: AttemptRow = {
  id: 'a1',
  taskId: 't1',
  action: 'script',
  workerId: 'w1',
  try: 1,
  leaseId: 'l1',
  fence: [1, 1],
  state: 'ended',
  outcome: { kind: 'exited', code: 0 },
  report: { outputLength: 10, eventCount: 2, segmentDigests: [], digest: '' },
  outputLength: 10,
  eventCount: 2,
  verifiedLength: 0,
  complete: true,
};

function tables(): StoreTables {
  return {
    tasks: [{ id: 't1', kind: 'script', state: 'success', ended: true, endedAt: 5, fence: [1, 1] }],
    attempts: [{ ...attempt }],
    leases: [{ id: 'l1', resourceId: 'w1', mode: 'shared', taskId: 't1', releasedAt: 5 }],
    requests: [],
    events: new Map([['a1', { count: 2, highest: 2 }]]),
  };
}

describe('the checker of the store', () => {
  test('finds nothing where nothing is wrong', () => {
    expect([...inconsistencies(tables()), ...leftovers(tables())]).toEqual([]);
  });

  test.each<[string, (tables: StoreTables) => void, RegExp]>([
    ['a lease after the end', (all) => (all.leases[0]!.releasedAt = null), /has ended, and holds lease l1/],
    ['a request after the end', (all) => all.requests.push('t1'), /has ended, and waits/],
    [
      'a live attempt after the end',
      (all) => (all.attempts[0]!.state = 'running'),
      /its attempt a1 is running/,
    ],
    [
      'a released lease of what may run',
      (all) => (all.attempts[0]!.state = 'sending'),
      /its lease l1 is released/,
    ],
    [
      'a wrong success',
      (all) => (all.attempts[0]!.outcome = { kind: 'exited', code: 3 }),
      /but its attempts/,
    ],
    ['an end without an outcome', (all) => (all.attempts[0]!.outcome = null), /has outcome null/],
    ['missing output', (all) => (all.attempts[0]!.outputLength = 9), /complete with 9 of 10 bytes/],
    ['a gap in the events', (all) => all.events.set('a1', { count: 2, highest: 3 }), /the last is 3/],
    ['a state that contradicts itself', (all) => (all.tasks[0]!.endedAt = null), /contradicts itself/],
    ['a fence above its task', (all) => (all.attempts[0]!.fence = [1, 2]), /has fence 1.2/],
    [
      'a second start',
      (all) => all.attempts.push({ ...attempt, id: 'a2', try: 2, workerId: 'w2' }),
      /may have started as a1 and a2/,
    ],
    [
      'two exclusive holders',
      (all) => {
        for (const id of ['l2', 'l3'])
          all.leases.push({ id, resourceId: 'w1', mode: 'exclusive', taskId: 't1', releasedAt: null });
      },
      /w1 is leased to l2 \(exclusive\), l3/,
    ],
    [
      'a lease of nobody',
      (all) =>
        all.leases.push({ id: 'l2', resourceId: 'w1', mode: 'shared', taskId: 't9', releasedAt: null }),
      /t9, which is not there/,
    ],
  ])('finds %s', (_, spoil, expected) => {
    const all = tables();
    spoil(all);
    expect(inconsistencies(all).join('\n')).toMatch(expected);
  });

  test('names what is left', () => {
    const all = tables();
    all.tasks[0]!.ended = false;
    all.attempts[0]!.complete = false;
    all.leases[0]!.releasedAt = null;
    all.requests.push('t1');
    expect(leftovers(all)).toHaveLength(4);
  });
});
