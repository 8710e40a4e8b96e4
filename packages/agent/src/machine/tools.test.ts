import { expect, test } from '@jest/globals';

import { versionIn } from './tools.ts';

test.each([
  ['GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)', '5.2.15'],
  ['v24.1.0-rc.1+abc\n', '24.1.0-rc.1+abc'],
  ['no version', ''],
])('in %j it is %j', (text, version) => expect(versionIn(text)).toBe(version));

test('a tool that says a million digits costs little', () => {
  const began = process.cpuUsage();
  expect(versionIn('1'.repeat(1_000_000))).toBe('');
  expect(process.cpuUsage(began).user / 1000).toBeLessThan(1000);
  expect(versionIn(`1.${'2'.repeat(1000)}`)).toHaveLength(64);
});
