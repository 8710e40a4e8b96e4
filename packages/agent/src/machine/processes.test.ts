import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { factsOf, parseStat } from './processes.ts';

const own = readFileSync('/proc/self/stat', 'latin1');
const rest = own.slice(own.lastIndexOf(')') + 1);

test('a process is the same whatever it calls itself', () => {
  const facts = factsOf(process.pid);
  expect(facts?.parent).toBe(process.ppid);
  for (const name of ['node', 'a b', ') S 1 1 1', '\n', '((', ''])
    expect(parseStat(process.pid, `${process.pid} (${name})${rest}`)).toEqual(facts);
});

test.each([
  '',
  '1 (x)',
  `1 (x) S 1 1 1${' 0'.repeat(15)} ${'9'.repeat(400)} 0`,
  '1 (x) S',
  '1 (x) S 1 1 1',
  `1 (x) S a 1 1${' 0'.repeat(40)}`,
])('a line that is not whole is no process: %j', (line) => expect(parseStat(1, line)).toBeNull());
