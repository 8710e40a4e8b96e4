import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { identityOf } from '../machine/processes.ts';
import { holdLock } from './host-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the host’s lock', () => {
  const self = identityOf(process.pid);
  const other = identityOf(process.ppid);

  test('is held by one at a time, and leaves nothing behind', () => {
    const file = join(folder, 'v.lock');
    const unlock = holdLock(file, self);
    expect(() => holdLock(file, other)).toThrow(expect.objectContaining({ code: 'conflict' }));
    unlock();
    holdLock(file, other)();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['whose process id is another’s by now', { ...other, startTime: 1 }],
    ['of an earlier boot', { ...other, bootId: 'before' }],
  ])('of one %s is taken over', (_name, dead) => {
    const file = join(folder, 'v.lock');
    writeFileSync(file, JSON.stringify(dead));
    const unlock = holdLock(file, self);
    expect(() => holdLock(file, other)).toThrow(expect.objectContaining({ code: 'conflict' }));
    unlock();
  });
});
