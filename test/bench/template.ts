/**
 * How long templates take: a text of 1 MB with 5,000 constructs, and the same
 * halved and doubled, for the time is linear in the text. It starts no program:
 *
 *   node --conditions=longshore-source test/bench/template.ts [--json FILE]
 *
 * `npm run bench -- --only template` is the same among the others.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

import { evaluate, parse, Variables } from '@longshore/template';

import { type Figure, table } from './figures.ts';
import { median } from './stats.ts';

const CONSTRUCTS = 5000;
const CHARACTERS = 1_000_000;
const RUNS = 15;
const NAMES = 100;

/** Values that refer to others, a collection, and JSON. */
const VARIABLES = Variables.from({
  ...Object.fromEntries(
    Array.from({ length: NAMES }, (_, i) => [`Name ${i}`, `value ${i} of #{Name ${i + 1}}`]),
  ),
  [`Name ${NAMES}`]: 'the last',
  ...Object.fromEntries(
    Array.from({ length: NAMES }, (_, i) => [`Site[${i}].Url`, `https://#{Domain}/${i}`]),
  ),
  Domain: 'example.com',
  Json: JSON.stringify({ ports: Array.from({ length: NAMES }, (_, i) => i) }),
});

/** One of each kind after the other. */
const KINDS: readonly ((n: number) => string)[] = [
  (n) => `#{Name ${n}}`,
  (n) => `#{Site[${n}].Url | ToUpper}`,
  (n) => `#{if Json.ports[${n}] == "7"}seven#{else}other#{/if}`,
  (n) => `#{calc Json.ports[${n}] * 2 + 1}`,
  (n) => `#{Missing ${n}}`,
];

function textOf(constructs: number): string {
  const filler = 'x'.repeat(CHARACTERS / CONSTRUCTS - 30);
  let text = '';
  for (let n = 0; n < constructs; n += 1) text += `${filler}${KINDS[n % KINDS.length]?.(n % NAMES) ?? ''}\n`;
  return text;
}

/** Milliseconds, reading included. */
function timed(text: string): number {
  const began = performance.now();
  evaluate(parse(text), VARIABLES);
  return performance.now() - began;
}

/** Sizes take turns, so that a drifting machine hits all of them. */
export function template(): Figure[] {
  const texts = [0.5, 1, 2].map((times) => textOf(CONSTRUCTS * times));
  const runs = texts.map((): number[] => []);
  for (let run = 0; run < RUNS; run += 1) texts.forEach((text, i) => runs[i]?.push(timed(text)));
  const [half = 0, one = 0, two = 0] = runs.map(median);
  return [
    {
      name: 'a text of 1 MB with 5,000 constructs',
      value: one,
      unit: 'ms',
      bar: 200,
      aim: 100,
      better: 'lower',
    },
    { name: 'twice as much text, × the time', value: two / one, unit: '', bar: 3, aim: 2.2, better: 'lower' },
    {
      name: 'half as much text, × the time',
      value: half / one,
      unit: '',
      bar: 0.75,
      aim: 0.6,
      better: 'lower',
    },
  ];
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const figures = template();
  process.stdout.write(`${table(figures)}\n`);
  const machine = { processors: cpus().length, model: cpus()[0]?.model, node: process.version };
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine, figures }, null, 2)}\n`);
}
