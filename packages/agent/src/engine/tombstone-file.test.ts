import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ManualClock } from '@longshore/base';

import { TOMBSTONES_KEPT } from '../limits.ts';
import { TombstoneFile } from './tombstone-file.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'longshore-tombstones-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const open = (): TombstoneFile => new TombstoneFile(dataDir, new ManualClock());

test('a line that was cut short takes nothing with it, neither before it nor after', () => {
  const first = open();
  first.add('A1');
  first.close();
  // As a full disk leaves it.
  appendFileSync(join(dataDir, 'tombstones'), 'A2 17');
  const second = open();
  second.add('A3');
  second.close();
  const third = open();
  expect(['A1', 'A3'].map((id) => third.has(id))).toEqual([true, true]);
  third.close();
});

test('no more are kept than may be, in memory and on disk, and the newest are', () => {
  const file = open();
  const last = TOMBSTONES_KEPT + TOMBSTONES_KEPT / 5;
  for (let n = 0; n <= last; n += 1) file.add(`A${n}`);
  expect([file.has('A0'), file.has(`A${last}`)]).toEqual([false, true]);
  file.close();
  const lines = readFileSync(join(dataDir, 'tombstones'), 'utf8').split('\n').length;
  expect(lines).toBeLessThanOrEqual(TOMBSTONES_KEPT + 1);
  const again = open();
  expect([again.has('A0'), again.has(`A${last}`)]).toEqual([false, true]);
  again.close();
});
