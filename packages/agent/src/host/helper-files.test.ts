import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Interpreter } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { findInterpreter } from './bootstrap.ts';
import { layHelpers, shippedHelpers } from './helper-files.ts';

let dataDir = '';
beforeAll(() => void (dataDir = mkdtempSync(join(tmpdir(), 'longshore-lay-'))));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test('the files are laid once for a version; one that differs is replaced, others are left alone', () => {
  const folder = layHelpers({ dataDir, version: '1.2.3' });
  expect(folder).toBe(join(dataDir, 'helpers', '1.2.3'));
  const laid = join(folder, 'bash', 'functions.sh');
  const other = join(folder, 'python', 'longshore.py');
  const { ino } = statSync(other);
  chmodSync(laid, 0o644);
  writeFileSync(laid, 'changed');
  layHelpers({ dataDir, version: '1.2.3' });
  expect(readFileSync(laid)).toEqual(readFileSync(join(shippedHelpers(), 'bash', 'functions.sh')));
  expect(statSync(other).ino).toBe(ino);
  expect(statSync(laid).mode & 0o777).toBe(0o444);
});

test('an interpreter that is missing is named', () => {
  expect(findInterpreter(Interpreter.SH, '/nowhere:relative:/usr/bin:/bin')).toMatch(/^\/.*\/sh$/);
  expect(() => findInterpreter(Interpreter.POWERSHELL, dataDir)).toThrow('pwsh is not on this machine');
});
