import { describe, expect, test } from '@jest/globals';

import { sleep, systemClock } from './clock.ts';
import { ManualClock } from './manual-clock.ts';

test('what is to be done in months is not done at once', async () => {
  let early = 0;
  const stop = systemClock.every(2 ** 40, () => (early += 1));
  const ticks = Promise.withResolvers<void>();
  let n = 0;
  const stopTicks = systemClock.every(2, () => (n += 1) > 10 && ticks.resolve());
  await ticks.promise;
  stop();
  stopTicks();
  expect(early).toBe(0);
});

describe('a manual clock', () => {
  test('fires what falls due, in order of time, and nothing else', () => {
    const clock = new ManualClock(0);
    const fired: string[] = [];
    clock.after(20, () => fired.push('late'));
    clock.after(10, () => fired.push('early'));
    const cancel = clock.after(5, () => fired.push('cancelled'));
    cancel();
    clock.after(31, () => fired.push('not yet'));
    clock.advance(30);
    expect(fired).toEqual(['early', 'late']);
    expect(clock.pending).toBe(1);
  });

  test('repeats until stopped, also when one step covers several periods', () => {
    const clock = new ManualClock(0);
    let beats = 0;
    const stop = clock.every(10, () => (beats += 1));
    clock.advance(35);
    stop();
    clock.advance(100);
    expect(beats).toBe(3);
  });

  test('moves the wall clock without moving durations', () => {
    const clock = new ManualClock(0);
    let fired = false;
    clock.after(10, () => (fired = true));
    clock.setWallClock(86_400_000);
    expect([clock.now(), clock.monotonic(), fired]).toEqual([86_400_000, 0, false]);
  });
});

test('a sleep ends with the reason of the signal that is aborted first', async () => {
  const controller = new AbortController();
  const sleeping = sleep(systemClock, 60_000, { signal: controller.signal });
  controller.abort(new Error('stop'));
  await expect(sleeping).rejects.toThrow('stop');
});
