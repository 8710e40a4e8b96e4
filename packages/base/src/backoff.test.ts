import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Backoff } from './backoff.ts';

describe('a backoff', () => {
  test('doubles its window to the longest, and stays in its upper half', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (tries, random) => {
          const backoff = new Backoff({ firstMs: 250, longestMs: 30_000 }, () => random);
          let last = 0;
          for (let i = 0; i < tries; i += 1) last = backoff.next();
          const window = Math.min(30_000, 250 * 2 ** (tries - 1));
          expect(last).toBeGreaterThan(window / 2 - 1e-9);
          expect(last).toBeLessThanOrEqual(window);
        },
      ),
    );
  });

  test('starts again from its first window after a reset', () => {
    const backoff = new Backoff({ firstMs: 100, longestMs: 1000 }, () => 0);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });
});
