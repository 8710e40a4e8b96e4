import { expect, test } from '@jest/globals';

import { ManualClock } from '@longshore/base';

import { DIAL_LONGEST_BACKOFF_MS, DIAL_RESTART_BACKOFF_MS, DIAL_RESTART_MS } from '../limits.ts';
import { Redial } from './redial.ts';

const LONG_AGO = 60_000;

/** The whole windows, without their jitter. */
function waits(redial: Redial, clock: ManualClock, forMs: number): number[] {
  const found: number[] = [];
  for (let left = forMs; left > 0; left -= found.at(-1)!) {
    found.push(redial.after(undefined, 0));
    clock.advance(found.at(-1)!);
  }
  return found;
}

test('a node that stopped in order is tried often for a minute, then as any that is away', () => {
  const clock = new ManualClock();
  const redial = new Redial(clock, () => 0);
  waits(redial, clock, LONG_AGO);
  expect(redial.after({ kind: 'again', detail: 'goodbye', restarting: true }, 0)).toBe(250);
  const expecting = waits(redial, clock, DIAL_RESTART_MS);
  expect(Math.max(...expecting)).toBe(DIAL_RESTART_BACKOFF_MS);
  expect(Math.max(...waits(redial, clock, LONG_AGO))).toBe(DIAL_LONGEST_BACKOFF_MS);
});

test('one that went without a word is tried ever more seldom', () => {
  const clock = new ManualClock();
  const redial = new Redial(clock, () => 0);
  expect(redial.after({ kind: 'again', detail: 'lost' }, LONG_AGO)).toBe(250);
  expect(waits(redial, clock, LONG_AGO)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000]);
});
