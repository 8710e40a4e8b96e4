import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { RunCounter } from './run-counter.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-runs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('each start is counted, also one that was killed', () => {
  const counter = new RunCounter(join(folder, 'runs'));
  execFileSync('bash', ['-c', counter.counted('once', 'true')]);
  expect(() => execFileSync('bash', ['-c', counter.counted('killed', 'kill -9 $$')])).toThrow();
  expect(counter.starts('once')).toBe(1);
  expect(() => counter.expectEachOnce()).not.toThrow();
});

test('none, and more than one, are named', () => {
  const counter = new RunCounter(folder);
  counter.counted('never', 'true');
  const twice = counter.counted('twice', 'true');
  execFileSync('bash', ['-c', twice]);
  execFileSync('bash', ['-c', twice]);
  expect(() => counter.expectEachOnce()).toThrow('never (0 times), twice (2 times)');
  expect(() => counter.counted('a/b', 'true')).toThrow("can't be a file's name");
});
