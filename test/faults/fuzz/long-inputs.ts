/** Inputs of so many bytes that a parser is slow for when it goes back, or copies, for each of them. */
import type { Schedule } from '../../support/faults.ts';

const REPEATED = [
  ...['0', '1', 'a', 'A', '\xff', ' ', '\n', '\t', '\0', '\r\n', '"', "'", '\\', '`', '$'],
  ...[
    '[',
    ']',
    '{',
    '}',
    '(',
    '<',
    '-',
    '.',
    ':',
    ',',
    '=',
    '#',
    '/',
    '%',
    '&',
    '*',
    '!',
    '|',
    '~',
    '?',
    '@',
  ],
  ...['../', 'a=', 'a: ', 'a:\n', '- ', '- a\n', '[1,', '{"a":', '"a",', '1.', '1h', 'a b', '-----BEGIN '],
];

/** Some of: each text over and over, alone and in the middle of a seed. */
export function longInputs(
  random: Schedule,
  { corpus, words = [] }: { corpus: readonly Buffer[]; words?: readonly string[] },
  { count, bytes }: { count: number; bytes: number },
): [what: string, input: Buffer][] {
  const inputs = [...REPEATED, ...words.filter((word) => word !== '')].flatMap((text): [string, Buffer][] => {
    const long = Buffer.alloc(bytes, Buffer.from(text, 'latin1'));
    const seed = random.pick(corpus);
    const at = random.between(0, seed.length);
    return [
      [`${JSON.stringify(text)} repeated`, long],
      [
        `${JSON.stringify(text)} repeated in a seed`,
        Buffer.concat([seed.subarray(0, at), long, seed.subarray(at)]),
      ],
    ];
  });
  return random.shuffled(inputs).slice(0, count);
}
