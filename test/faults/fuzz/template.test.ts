/** Texts with variables in them, as people write them into steps, files and the values of variables. */
import { expect } from '@jest/globals';
import { AppError } from '@longshore/base';
import {
  evaluate,
  evaluateVariable,
  isTruthy,
  parse,
  referencesIn,
  TemplateError,
  Variables,
} from '@longshore/template';

import { corpusOf, fuzzEach, texts } from './target.ts';

const CORPUS = corpusOf('template');
const WORDS = [
  ...[
    '#{',
    '}',
    '##{',
    '[',
    ']',
    '|',
    ' | ',
    '"',
    '\\"',
    '==',
    '!=',
    '#{if ',
    '#{else}',
    '#{elseif ',
    '#{/if}',
  ],
  ...[
    '#{unless ',
    '#{/unless}',
    '#{each x in ',
    '#{/each}',
    '#{calc ',
    ' + ',
    '{',
    '(',
    'Name',
    'List',
    'Json.a',
  ],
  ...[
    'Replace',
    'Format',
    'AddDays',
    'Markdown',
    'Indent',
    'Substring',
    'Sha256',
    'UriPart',
    'Match',
    'Null',
  ],
];
const VARIABLES = Variables.from({
  ...{
    Name: 'a',
    List: 'a,b,c',
    Json: '{"a":[1,{"b":"#{Name}"}]}',
    Date: '2030-05-22T09:05:00Z',
    Number: '-12.5',
  },
  ...{
    'Octopus.Action[Package A].Name': '#{Name}',
    'Octopus.Action[b].Name': 'B',
    A: '#{B}',
    B: '#{A}',
    Long: 'ab\n'.repeat(500),
  },
});
const OPTIONS = { now: () => new Date(0), zone: 'Europe/Berlin', maxSteps: 20_000, maxOutput: 1 << 20 };

/** A refusal of the template's own is one that is known. */
function told<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof TemplateError) throw new AppError('invalid', thrown.message);
    throw thrown;
  }
}

/** Problems stand at a place of the text. */
function placed(text: string): void {
  const lines = text.split('\n');
  for (const { line, column, message, expected } of parse(text).problems) {
    expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
    expect([message, expected]).not.toContain('');
  }
}

fuzzEach([
  {
    name: 'templates',
    corpus: CORPUS,
    words: WORDS,
    cost: 2,
    read(input) {
      const text = input.toString();
      placed(text);
      referencesIn(text);
      const { text: result, missing, problems } = evaluate(text, VARIABLES, OPTIONS);
      if (!text.includes('#{')) expect(result).toBe(text);
      // The same once more: nothing is kept from one evaluation to the next.
      expect(evaluate(text, VARIABLES, OPTIONS).text).toBe(result);
      const [refused] = problems.filter(({ code }) => code === 'tooLarge' || code === 'recursion');
      if (refused !== undefined) throw new AppError('invalid', refused.message);
      return `${problems[0]?.message} ${missing.length > 0}`;
    },
  },
  {
    name: 'values of variables',
    corpus: CORPUS,
    words: [...WORDS, '#{Value}', '#{Value.a}'],
    cost: 2,
    read(input) {
      const variables = { Value: input.toString(), Name: '#{Value}', List: 'a,b' };
      const value = told(() => evaluateVariable('value', variables, OPTIONS));
      expect(value?.used).toContain('value');
    },
  },
  {
    name: 'names of variables',
    corpus: texts('Name', 'Octopus.Action[Package A].Name', 'a[b[c]].d', ' a b . c ', 'a-b/c~d:(e)'),
    words: ['[', ']', '.', '#{', '}', ' ', '\u00df'],
    read(input) {
      const name = input.toString();
      const { used, text } = evaluate(`#{${name}}`, { [name]: 'value' }, OPTIONS);
      if (used.size > 0) expect([text, [...used]]).toEqual(['value', [name.toLowerCase()]]);
      else throw new AppError('invalid', `no template can write it`);
    },
  },
  {
    name: 'conditions of runs',
    corpus: texts('#{if Name == "a"}True#{/if}', '#{unless A}x#{/unless}', 'False', '#{Missing}'),
    words: WORDS,
    read: (input) => String(told(() => isTruthy(input.toString(), VARIABLES, OPTIONS))),
  },
  {
    name: 'formats, patterns and dates',
    corpus: texts(
      'yyyy-MM-dd',
      "#,##0.00;(0);'zero'",
      'N2',
      'E3',
      '^(a+)+$',
      '(?<x>[a-z]{1,3})',
      'May 22, 2030 9:05 PM +02:00',
    ),
    words: ['0', '#', ';', '%', 'MMM', 'fff', 'zzz', '(', ')', '*', '{1,1000}', '$1', '${x}', '\\'],
    cost: 4,
    read(input) {
      const filters = [
        ...[
          'Number | Format #{F}',
          'Number | Format Double #{F}',
          'Date | Format #{F}',
          'Date | Format Date #{F}',
        ],
        ...[
          'Long | Match #{F}',
          'Long | Replace #{F} "<$1>"',
          'Name | Replace a #{F}',
          'F | AddDays 1',
          'F | Format N2',
        ],
        ...[
          'F | FromBase64',
          'F | UriPart Host',
          'F | VersionPreReleaseCounter',
          'Date | AddHours #{F}',
          'F | Indent #{F}',
        ],
      ];
      const given = {
        F: input.toString(),
        Number: '-1234.5678',
        Date: '2030-05-22T09:05:00Z',
        Name: 'a',
        Long: 'ab\n'.repeat(50),
      };
      const { problems } = evaluate(filters.map((each) => `#{${each}}`).join(''), given, OPTIONS);
      if (problems.length === filters.length) throw new AppError('invalid', problems[0]?.message ?? '');
    },
  },
]);
