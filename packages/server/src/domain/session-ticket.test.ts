import { expect, test } from '@jest/globals';

import { confirmed, disputed, issued, judgeTicket, opened, type SessionTicket } from './session-ticket.ts';

const NEW: SessionTicket = { agentId: 'a', nodeId: 'n', confirmed: 't1', pending: [], disputed: [] };

test('the one before is good until the next is confirmed, then dead', () => {
  expect(judgeTicket(undefined, '')).toBe('good');
  const sent = issued(NEW, 't1', 't2');
  expect([judgeTicket(sent, 't1'), judgeTicket(sent, 't2')]).toEqual(['good', 'good']);
  const held = confirmed(sent, 't2');
  expect([judgeTicket(held, 't1'), judgeTicket(held, 't2')]).toEqual(['dead', 'good']);
  expect(judgeTicket(held, '')).toBe('dead');
});

test('two sessions of one agent that begin at once do not make it a copy of itself', () => {
  const both = issued(issued(NEW, 't1', 't2'), 't1', 't3');
  // The second Welcome never came: it holds the first one's ticket.
  expect(judgeTicket(both, 't2')).toBe('good');
  expect(judgeTicket(confirmed(both, 't2'), 't2')).toBe('good');
  // Both came, and the confirmations in the other order.
  const swapped = confirmed(confirmed(both, 't3'), 't2');
  expect(swapped).toMatchObject({ confirmed: 't3', pending: [] });
});

test('after an operator’s word the first that comes goes on, and the other is turned away', () => {
  const locked = disputed(confirmed(issued(NEW, 't1', 't2'), 't2'), 't1');
  const open = opened(locked);
  expect([judgeTicket(open, 't1'), judgeTicket(open, 't2')]).toEqual(['good', 'good']);
  const chosen = confirmed(issued(open, 't1', 't9'), 't9');
  expect([judgeTicket(chosen, 't9'), judgeTicket(chosen, 't2'), judgeTicket(chosen, 't1')]).toEqual([
    'good',
    'turnedAway',
    'turnedAway',
  ]);
  expect(judgeTicket(chosen, 'another')).toBe('dead');
});
