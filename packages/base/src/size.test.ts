import { expect, test } from '@jest/globals';

import { formatSize, parseSize } from './size.ts';

test.each([
  ['4096', 4096],
  ['0', 0],
  ['500MB', 500_000_000],
  ['10 GiB', 10 * 2 ** 30],
  ['1kib', 1024],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text, '--size')).toBe(bytes);
  expect(parseSize(formatSize(bytes), '--size')).toBe(bytes);
});

test.each(['', 'MB', '-1', '1.5GB', '1 parsec', '99999999TiB'])('%j is no size', (text) => {
  expect(() => parseSize(text, '--size')).toThrow('--size');
});
