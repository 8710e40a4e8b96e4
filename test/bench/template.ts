/**
 * How long templates take: a text of 1 MB with 5,000 constructs, and one of
 * eight times the length, for the time is linear in the text. It starts no program:
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
const RUNS = 10;
const TIMES = 8;
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

/** Milliseconds, reading included: on the clock, and of processor time, which other programs do not change. */
function timed(text: string): { wall: number; processor: number } {
  const before = process.cpuUsage();
  const began = performance.now();
  evaluate(parse(text), VARIABLES);
  const wall = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  return { wall, processor: (user + system) / 1000 };
}

/**
 * Sizes take turns, so that a drifting machine hits all of them. The ratio is that of all runs together, of sizes
 * far apart: a collection of garbage comes now and then, and takes longer than a run.
 */
export function template(): Figure[] {
  const [one, more] = [textOf(CONSTRUCTS), textOf(CONSTRUCTS * TIMES)];
  const walls: number[] = [];
  const processor = { one: 0, more: 0 };
  for (let run = 0; run < RUNS; run += 1) {
    for (let time = 0; time < TIMES; time += 1) {
      const took = timed(one);
      walls.push(took.wall);
      processor.one += took.processor / TIMES;
    }
    processor.more += timed(more).processor;
  }
  const ratio = processor.more / processor.one;
  return [
    {
      ...{ name: 'a text of 1 MB with 5,000 constructs', value: median(walls), unit: 'ms' },
      ...{ bar: 200, aim: 100, better: 'lower' },
    },
    {
      ...{ name: `${TIMES} times as much text, × the time`, value: ratio, unit: '' },
      ...{ bar: TIMES * 1.5, aim: TIMES * 1.2, better: 'lower' },
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
