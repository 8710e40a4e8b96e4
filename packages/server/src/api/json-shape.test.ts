import { expect, test } from '@jest/globals';

import { JSON_DEPTH, JSON_VALUES } from '../limits.ts';
import { checkJsonShape } from './json-shape.ts';

const check = (text: string): void => checkJsonShape(Buffer.from(text));

test('what a script with its files may be passes, whatever stands in its texts', () => {
  const text = '[[[{{{,,,:::"\\\\"'.repeat(JSON_VALUES);
  expect(() =>
    check(JSON.stringify({ script: { body: text, arguments: ['\\', '"', '\\"', '', '\\\\'] } })),
  ).not.toThrow();
  expect(() => check('')).not.toThrow();
  expect(() => check('"open')).not.toThrow();
});

test.each([
  ['values of a list', `[${'1,'.repeat(JSON_VALUES + 1)}1]`],
  ['empty objects', `[${'{},'.repeat(JSON_VALUES)}{}]`],
  ['names', `{${'"a":1,'.repeat(JSON_VALUES)}"b":1}`],
  ['lists within each other', '['.repeat(JSON_DEPTH + 1)],
  ['after a text that ends with a backslash', `["\\\\",${'1,'.repeat(JSON_VALUES + 1)}1]`],
])('too much is refused: %s', (_what, text) => {
  expect(() => check(text)).toThrow(expect.objectContaining({ code: 'tooLarge' }));
});
