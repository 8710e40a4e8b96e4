import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { DEEPEST_EVALUATION, DEEPEST_NESTING } from './limits.ts';
import { evaluate, evaluateVariable, isTruthy, parse, referencesIn, TemplateError } from './index.ts';
import { FILTERS } from './filters/filters.ts';

const WORDS = [
  ...[
    '#{',
    '}',
    '##{',
    '#',
    '[',
    ']',
    '.',
    '|',
    ' ',
    '"',
    '\\"',
    '{',
    '(',
    ')',
    '==',
    '!=',
    '+',
    ' - ',
    '*',
    '%',
    '1',
    '\n',
  ],
  ...[
    '#{if ',
    '#{unless ',
    '#{elseif ',
    '#{else}',
    '#{/if}',
    '#{/unless}',
    '#{/each}',
    '#{each x in ',
    '#{calc ',
  ],
  ...[
    'A',
    'B',
    'C',
    'x',
    'A.B',
    'J.a[0]',
    'P[#{A}]',
    'Octopus.Template.Each.Index',
    '#{A}',
    '#{J}',
    '😀',
    '\ud800',
  ],
  ...['[1,2]', '{"a":["#{A}"]}', 'a,b', '2030-05-02', '-1.5', 'yyyy', 'C', ...FILTERS.keys()],
];
const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 25 }).map((parts) => parts.join(''));
const texts = fc.oneof(
  words,
  fc.string({ unit: 'binary' }),
  fc.tuple(words, words).map(([a, b]) => `#{if A}${a}#{/if}#{${b}}`),
);
const variables = fc.dictionary(
  fc.oneof(fc.constantFrom('A', 'B', 'C', 'J', 'A.B', 'P[a]', 'P[b].x', 'x'), fc.string()),
  texts,
);

const known = (work: () => unknown): void => {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TemplateError);
  }
};

describe('any text', () => {
  test('without #{ comes back as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), variables, (text, given) => {
        const plain = text.replaceAll('#{', '#');
        expect(evaluate(plain, given)).toEqual({ text: plain, missing: [], used: new Set(), problems: [] });
      }),
    );
  });

  test('is evaluated without an error, whatever the variables', () => {
    fc.assert(
      fc.property(texts, variables, (text, given) => {
        const { text: result, used } = evaluate(text, given, { now: () => new Date(0), maxSteps: 10_000 });
        expect(typeof result).toBe('string');
        const names = Object.keys(given).map((name) => name.toLowerCase());
        expect(names).toEqual(expect.arrayContaining([...used]));
        referencesIn(text);
        known(() => evaluateVariable('A', given, { maxSteps: 10_000 }));
        known(() => isTruthy(text, given, { maxSteps: 10_000 }));
      }),
      { numRuns: 500 },
    );
  });

  test('comes back once every #{ in it is escaped', () => {
    fc.assert(
      fc.property(words, variables, (written, given) => {
        const text = written.replaceAll(/#+(?=\{)/g, '#');
        expect(evaluate(text.replaceAll('#{', '##{'), given).text).toBe(text);
      }),
    );
  });
});

describe('used is exact:', () => {
  test('what is not used does not count', () => {
    fc.assert(
      fc.property(texts, variables, (text, given) => {
        const first = evaluate(text, given, { maxSteps: 10_000 });
        if (first.problems.some(({ code }) => code === 'tooLarge')) return;
        // Names stay, for loops go over names; values that were not used are others.
        const others = Object.fromEntries(
          Object.entries(given).map(([name, value]) => [
            name,
            first.used.has(name.toLowerCase()) ? value : '?other',
          ]),
        );
        const untouched = first.problems.length === 0 && first.missing.length === 0;
        if (untouched) expect(evaluate(text, others, { maxSteps: 10_000 }).text).toBe(first.text);
      }),
      { numRuns: 500 },
    );
  });
});

describe('limits', () => {
  test('of nesting: what stands deeper stays text', () => {
    const blocks = (depth: number): string => '#{if A}'.repeat(depth) + 'x' + '#{/if}'.repeat(depth);
    expect(evaluate(blocks(DEEPEST_NESTING), { A: '1' })).toMatchObject({ text: 'x', problems: [] });
    const { text, problems } = evaluate(blocks(DEEPEST_NESTING + 1), { A: '1' });
    expect(text).toBe('#{if A}x#{/if}');
    expect(problems).toEqual([
      expect.objectContaining({ message: expect.stringContaining('within one another') }),
    ]);
  });

  test.each(['#{if A}', '#{A[', '#{A | Append ', '#{calc (', '#{A | Append #{if B}', '#{each x in '])(
    'of nesting: %s ten thousand times',
    (part) => {
      const text = part.repeat(10_000);
      expect(evaluate(text, { A: '1' }).text).toBe(text);
      expect(parse(text).problems).toHaveLength(100);
    },
  );

  test('of variables that lead to each other', () => {
    const chain = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`v${i}`, `#{v${i + 1}}`]));
    expect(evaluate(`#{v${5001 - DEEPEST_EVALUATION}}`, { ...chain, v5000: 'end' }).text).toBe('end');
    expect(evaluate('#{v0}', { ...chain, v5000: 'end' })).toMatchObject({
      text: '#{v0}',
      problems: [{ code: 'tooDeep' }],
    });
    expect(() => evaluateVariable('v0', chain)).toThrow('deep');
  });

  test('of variables that lead to each other by the ways that take the most of the stack', () => {
    const ways: ((next: string) => string)[] = [
      (next) => `#{calc ${'('.repeat(40)}${next}${')'.repeat(40)}}`,
      (next) => `#{P[`.repeat(40) + `#{${next}}` + `]}`.repeat(40),
      (next) => `#{"a" | Append `.repeat(40) + `#{${next}}` + '}'.repeat(40),
      (next) => '#{if "1"}#{each x in "a"}'.repeat(20) + `#{${next}}` + '#{/each}#{/if}'.repeat(20),
      (next) => `#{if "1" | Append #{if P[#{${next}}] | Append #{${next}}}#{/if}}#{/if}`,
    ];
    for (const way of ways) {
      const chain = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`v${i}`, way(`v${i + 1}`)]));
      expect(evaluate('#{v0}', chain).problems.map(({ code }) => code)).toContain('tooDeep');
    }
  });

  test('of the length: the text comes back as it is, with the place', () => {
    const text = 'ab\n#{each x in L}#{each y in L}#{L}#{/each}#{/each}';
    expect(evaluate(text, { L: 'a,b,c' }, { maxOutput: 20 })).toEqual({
      ...{ text, missing: [], used: new Set() },
      problems: [
        {
          ...{ code: 'tooLarge', line: 2, column: 29, message: 'The template gives more than 20 characters' },
          expected: 'fewer repetitions, or a shorter text',
        },
      ],
    });
    expect(() => isTruthy(text, { L: 'a,b,c' }, { maxOutput: 20 })).toThrow('more than 20 characters');
  });

  test.each(['#{A | Replace "" #{A}}', '#{A | Indent #{A}}', '#{A | Append #{A} #{A}}'])(
    'of the length: %s',
    (text) => {
      const A = 'x\n'.repeat(10_000);
      expect(evaluate(text, { A }, { maxOutput: 30_000 }).problems).toMatchObject([{ code: 'tooLarge' }]);
    },
  );

  test('of the work: loops that give nothing end too', () => {
    const L = Array.from({ length: 1000 }, (_, i) => i).join(',');
    const text = '#{each a in L}#{each b in L}#{each c in L}#{/each}#{/each}#{/each}';
    expect(evaluate(text, { L }, { maxSteps: 10_000 }).problems).toMatchObject([{ code: 'tooLarge' }]);
  });

  test('of JSON: what is nested too deep has no parts', () => {
    const J = `${'['.repeat(100_000)}1${']'.repeat(100_000)}`;
    expect(evaluate('#{J[0]}', { J }).text).toBe('#{J[0]}');
  });
});
