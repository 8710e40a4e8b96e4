import { describe, expect, test } from '@jest/globals';

import { ManualClock } from './manual-clock.ts';
import { collectGarbage, restWhenQuiet } from './quiet.ts';

function started(): { seconds: (busy: readonly number[]) => number; stop: () => void } {
  const clock = new ManualClock();
  let [used, rests] = [0, 0];
  const stop = restWhenQuiet({
    clock,
    beatMs: 1000,
    quietShare: 0.05,
    firstAfterMs: 2000,
    afterMs: 5000,
    rest: () => (rests += 1),
    processorMs: () => used,
  });
  return {
    stop,
    /** Lets seconds pass, each with so many milliseconds of work; how often it rested in them. */
    seconds(busy) {
      const before = rests;
      for (const ms of busy) {
        used += ms;
        clock.advance(1000);
      }
      return rests - before;
    },
  };
}

describe('a process rests', () => {
  test('soon after its start, once', () => {
    const { seconds } = started();
    expect(seconds([900, 200, 10])).toBe(0);
    expect(seconds([10])).toBe(1);
    expect(seconds(Array.from({ length: 60 }, () => 10))).toBe(0);
  });

  test('again only after a busy time, and a longer quiet one', () => {
    const { seconds } = started();
    expect(seconds([0, 0])).toBe(1);
    expect(seconds([800, 0, 0, 0, 0])).toBe(0);
    expect(seconds([0])).toBe(1);
  });

  test('never while quiet seconds are broken by busy ones', () => {
    const { seconds } = started();
    seconds([0, 0]);
    expect(seconds(Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 500 : 0)))).toBe(0);
  });

  test('not after it was stopped', () => {
    const { seconds, stop } = started();
    stop();
    expect(seconds([0, 0, 0])).toBe(0);
  });
});

test('collecting frees what nobody holds', async () => {
  const made = Array.from({ length: 100 }, (_, i) => new WeakRef({ i }));
  // A weak reference made in this turn holds on until its end.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(made.filter((one) => one.deref() !== undefined)).toEqual([]);
  expect('gc' in globalThis).toBe(false);
});
