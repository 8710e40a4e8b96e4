import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { ClockSteps } from './clock-steps.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A machine whose clocks the test moves: true time, what the wall clock is off by, how long it slept. */
function machine() {
  const state = {
    time: 1_000_000,
    off: 1_700_000_000_000,
    slept: 0,
    boot: 'one',
    frozenAt: undefined as number | undefined,
  };
  const sources = {
    wall: () => state.frozenAt ?? state.time + state.off,
    monotonic: () => state.time - state.slept - 500_000,
    uptime: () => state.time,
    bootId: () => state.boot,
  };
  return { state, start: () => new ClockSteps(sources) };
}

test.each([DAY, -DAY, HOUR, -HOUR])('a clock that is set by %d ms changes no age', (by) => {
  const { state, start } = machine();
  const clock = start();
  const before = clock.now();
  state.time += 10 * 60_000;
  state.off += by;
  expect(clock.since(before)).toBe(10 * 60_000);
  const after = clock.now();
  state.time += 5 * 60_000;
  expect([clock.since(before), clock.since(after)]).toEqual([15 * 60_000, 5 * 60_000]);
  // And set right again.
  state.off -= by;
  state.time += 60_000;
  expect([clock.since(before), clock.since(after)]).toEqual([16 * 60_000, 6 * 60_000]);
});

test('a later process of the same boot knows of the steps; over a reboot there is only the wall clock', () => {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-clock-'));
  try {
    const { state, start } = machine();
    const file = join(folder, 'clock.json');
    const first = start();
    first.keepIn(file);
    const before = first.now();
    state.time += 60_000;
    state.off += DAY;
    const second = start();
    second.keepIn(file);
    state.time += 60_000;
    expect(second.since(before)).toBe(2 * 60_000);
    state.boot = 'two';
    const third = start();
    third.keepIn(file);
    expect(third.since(before)).toBe(DAY + 2 * 60_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a machine that slept has grown older by it', () => {
  const { state, start } = machine();
  const clock = start();
  const before = clock.now();
  state.time += 8 * HOUR;
  state.slept += 8 * HOUR;
  expect(clock.since(before)).toBe(8 * HOUR);
});

test('a frozen clock goes on: ages are right before, while and after it stands', () => {
  const { state, start } = machine();
  const clock = start();
  const before = clock.now();
  state.time += HOUR;
  clock.now();
  state.frozenAt = state.time + state.off;
  clock.now();
  state.time += HOUR;
  const meanwhile = clock.now();
  state.time += HOUR;
  expect([clock.since(before), clock.since(meanwhile)]).toEqual([3 * HOUR, HOUR]);
  state.frozenAt = undefined;
  state.time += HOUR;
  expect([clock.since(before), clock.since(meanwhile)]).toEqual([4 * HOUR, 2 * HOUR]);
});

test('a time that is yet to come has no age', () => {
  const { start } = machine();
  const clock = start();
  expect(clock.since(clock.now() + DAY)).toBe(0);
});
