import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Lease, LeaseMode, LeaseRequest } from '../../domain/lease.ts';
import { LeaseBook } from './lease-book.ts';

function request(ticket: number, wants: LeaseRequest['wants'], mode: LeaseMode = 'shared'): LeaseRequest {
  return {
    ...{
      spaceId: 's',
      id: `r${ticket}`,
      ticket,
      taskId: `t${ticket}`,
      holder: { kind: 'task', id: `t${ticket}` },
      mode,
      wants,
    },
    ...{
      barrier: null,
      tools: [],
      exclude: [],
      nodeId: null,
      priority: 2,
      notBefore: null,
      expiresAt: null,
      createdAt: 0,
    },
  };
}

function ticketsOf(book: LeaseBook): number[] {
  const queue = book.queue(() => true);
  const tickets: number[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) tickets.push(next.ticket);
  return tickets;
}

describe('the queue', () => {
  const anyRequest = fc.tuple(
    fc.constantFrom('p', 'q'),
    fc.constantFrom<LeaseMode>('shared', 'exclusive', 'maintenance'),
  );

  test('is in ticket order, in whichever order requests came', () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (asks, random) => {
        const all = asks.map(([anyOfPool, mode], i) => request(i + 1, { anyOfPool }, mode));
        const shuffled = all
          .map((one) => ({ one, at: Number(random.next().value) }))
          .sort((a, b) => a.at - b.at);
        const book = new LeaseBook('s');
        for (const { one } of shuffled) book.addRequest(one);
        expect(ticketsOf(book)).toEqual(all.map(({ ticket }) => ticket));
        for (const { one } of shuffled.slice(0, 5)) book.removeRequest(one.id);
        const gone = new Set(shuffled.slice(0, 5).map(({ one }) => one.ticket));
        expect(ticketsOf(book)).toEqual(
          all.map(({ ticket }) => ticket).filter((ticket) => !gone.has(ticket)),
        );
      }),
    );
  });

  test('gives a request that starts a task and shares its wish with nobody, though there is no lane', () => {
    const book = new LeaseBook('s');
    book.addRequest(request(1, { all: [{ kind: 'worker', id: 'a' }] }, 'exclusive'));
    expect(ticketsOf(book)).toEqual([1]);
    // Without room for a new task it is not even looked at.
    expect(book.queue(() => false).next()).toBeUndefined();
  });

  test('leaves the rest of a lane out once its first must wait', () => {
    const book = new LeaseBook('s');
    for (const ticket of [1, 2, 4]) book.addRequest(request(ticket, { anyOfPool: 'p' }));
    for (const ticket of [3, 5]) book.addRequest(request(ticket, { anyOfPool: 'q' }));
    const queue = book.queue(() => true);
    queue.waits(queue.next()!);
    expect([queue.next()?.ticket, queue.next()?.ticket, queue.next()]).toEqual([3, 5, undefined]);
  });

  test('a request that settled on a worker is found by its task, at its place', () => {
    const book = new LeaseBook('s');
    for (const ticket of [1, 2, 3]) book.addRequest(request(ticket, { anyOfPool: 'p' }, 'exclusive'));
    book.setBarrier('r1', { kind: 'worker', id: 'a' });
    book.setBarrier('r3', { kind: 'worker', id: 'a' });
    const third = book.requestOf('t3')!;
    expect(third.barrier).toEqual({ kind: 'worker', id: 'a' });
    expect(book.placeOf(third, () => true)).toBe(3);
    expect(book.placeOf(third, (other) => other.barrier !== null)).toBe(2);
    expect(ticketsOf(book)).toEqual([1, 2, 3]);
  });
});

test('what is held of a resource follows its leases', () => {
  const book = new LeaseBook('s');
  const lease = (id: string, mode: LeaseMode): Lease =>
    ({ id, mode, resource: { kind: 'worker', id: 'w' } }) as Lease;
  book.addLease(lease('a', 'shared'));
  book.addLease(lease('a', 'shared'));
  book.addLease(lease('b', 'maintenance'));
  expect(book.occupancy('w')).toEqual({ shared: 1, exclusive: 0, maintenance: 1 });
  book.removeLease('a');
  book.removeLease('a');
  book.removeLease('b');
  expect(book.occupancy('w')).toBeUndefined();
});
