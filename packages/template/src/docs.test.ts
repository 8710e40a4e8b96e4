import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { FILTERS } from './filters/filters.ts';
import { evaluate } from './index.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/templates.md'), 'utf8');
const rows = PAGE.slice(PAGE.indexOf('| filter '), PAGE.indexOf('Lengths are in'))
  .split('\n')
  .slice(2)
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')));
const code = (cell = ''): string | undefined => /^`([^`]*)`$/.exec(cell)?.[1];
const examples = rows.flatMap(([, , , example, result]): [string, string][] => {
  const [text, gives] = [code(example), code(result)];
  return text?.startsWith('#{') === true && gives !== undefined ? [[text, gives]] : [];
});

test('the page has every filter', () => {
  expect(rows.map(([, name]) => code(name)?.toLowerCase()).sort()).toEqual([...FILTERS.keys()].sort());
  expect(examples.length).toBeGreaterThan(25);
});

test.each(examples)('its example %s', (text, gives) => {
  const options = { now: () => new Date('2016-11-03T08:53:11.094Z') };
  expect(evaluate(text, {}, options).text.trimEnd()).toBe(gives);
});
