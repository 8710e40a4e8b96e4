import { expect, test } from '@jest/globals';

import { countOf, pairsOf } from './options.ts';

test.each(['', '-1', '1.5', '1e3', '0', '99999999999999999999'])('%j is no count', (text) => {
  expect(() => countOf('--slots', { least: 1 })(text, undefined)).toThrow(/^--slots: .*whole number/);
});

test('a pair may have any name', () => {
  expect(Object.entries(pairsOf('--label')('__proto__=x', { a: '1' }))).toEqual([
    ['a', '1'],
    ['__proto__', 'x'],
  ]);
});
