import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { readAssignment } from './assignments.ts';

describe('readAssignment', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'assignments-'));
    writeFileSync(join(dir, 'value'), 'two\nlines\n');
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const read = (text: string): string => readAssignment(text, '--var', { env: { SET: 'from env' } }).value;

  test('a value, a file, the environment', () => {
    expect(read('a=b=c')).toBe('b=c');
    expect(read('a=')).toBe('');
    expect(read(`a=@${join(dir, 'value')}`)).toBe('two\nlines');
    expect(read('a=@@b')).toBe('@b');
    expect(read('SET')).toBe('from env');
  });

  test('what is wrong is named with its flag', () => {
    expect(() => read('=x')).toThrow(/--var.*a name before/);
    expect(() => read('UNSET')).toThrow(/--var.*"UNSET".*NAME=VALUE/);
    expect(() => read('toString')).toThrow(/--var.*"toString".*NAME=VALUE/);
    writeFileSync(join(dir, 'binary'), Buffer.of(0xff, 0xfe));
    expect(() => read(`a=@${join(dir, 'binary')}`)).toThrow(/--var a.*UTF-8/);
    expect(() => read('a=@/nowhere')).toThrow(/--var a.*ENOENT/);
  });

  test('a secret is not repeated in the error', () => {
    expect(() => readAssignment('hunter2', '--secret', { env: {}, secret: true })).toThrow(/^(?!.*hunter2)/);
  });
});
