/**
 * One parser under a fuzzer: so many inputs near to those of its corpus, each
 * taken whole or refused with an error of the closed set, in little time; then
 * long ones, of the kinds that make a parser slow. No input may change what
 * every object inherits.
 *
 * An input that is refused in words that none was before joins the corpus:
 * what comes after is near to it. That is cheap, and leads past the first check.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { AppError, toError } from '@longshore/base';

import { faultNumbers, schedule, type Schedule } from '../../support/faults.ts';
import { longInputs } from './long-inputs.ts';
import { mutated } from './mutate.ts';
import { mutatedJson } from './mutate-json.ts';

const { CASES, LONG } = faultNumbers({
  short: { CASES: 3_000, LONG: 10 },
  full: { CASES: Number(process.env['LONGSHORE_FUZZ_CASES'] ?? 300_000), LONG: 1_000 },
});
/** A parser that takes so long for a few kilobytes does more than it should. */
const LONGEST_CASE_MS = 250;
/** For 64 KiB: what grows with the square of its input takes longer. */
const LONGEST_LONG_CASE_MS = 2_000;
const LONG_BYTES = 64 * 1024;
/** Inputs that joined the corpus. */
const MOST_FOUND = 200;
const LONGEST_FOUND_BYTES = 4096;

export interface FuzzTarget {
  name: string;
  corpus: readonly Buffer[];
  /**
   * Reads, and checks what must be true of what was read; throws AppError for
   * what is refused. May give a word for the way that it was taken.
   */
  read: (input: Buffer) => unknown;
  /** Further errors that may be told: none but AppError otherwise. */
  mayThrow?: (error: Error) => boolean;
  /** Words that mean something to this parser, beside those that mean something to any. */
  words?: readonly string[];
  /** The corpus is JSON: values are changed in it, as well as bytes. */
  json?: boolean;
  /** A case costs more than others': so many times fewer of them. */
  cost?: number;
}

export interface Counts {
  taken: number;
  refused: number;
}

/** @returns how many were taken, and how many refused: both should happen */
export async function fuzz(target: FuzzTarget): Promise<Counts> {
  const { name, cost = 1 } = target;
  const random = schedule(name);
  const corpus = [...target.corpus];
  const seen = new Set<string>();
  const counts = { taken: 0, refused: 0 };
  const run = async (input: Buffer, what: string, longestMs: number): Promise<void> => {
    const way = await inTime(() => once(target, input), { what: `${name}, ${what}`, input, longestMs });
    counts[way.kind] += 1;
    if (seen.has(way.words) || input.length > LONGEST_FOUND_BYTES) return;
    seen.add(way.words);
    if (corpus.length < target.corpus.length + MOST_FOUND) corpus.push(input);
  };
  for (let n = 0; n < CASES / cost; n += 1)
    await run(target.corpus[n] ?? changed(random, target, corpus), `case ${n}`, LONGEST_CASE_MS);
  for (const [what, input] of longInputs(random, target, {
    count: Math.ceil(LONG / cost),
    bytes: LONG_BYTES,
  }))
    await run(input, what, LONGEST_LONG_CASE_MS);
  return counts;
}

/** A test for each. */
export function fuzzEach(targets: readonly FuzzTarget[]): void {
  test.each(targets.map((target) => [target.name, target] as const))(
    '%s',
    async (_name, target) => {
      const { taken, refused } = await fuzz(target);
      expect(taken).toBeGreaterThan(0);
      expect(taken + refused).toBeGreaterThan(100);
    },
    3_600_000,
  );
}

const CORPUS = join(import.meta.dirname, 'corpus');

/** The files of `corpus/<name>`, in the order of their names. */
export function corpusOf(name: string): Buffer[] {
  return readdirSync(join(CORPUS, name))
    .sort()
    .map((file) => corpusFile(`${name}/${file}`));
}

/** Below `corpus`. */
export function corpusFile(path: string): Buffer {
  return readFileSync(join(CORPUS, path));
}

export function texts(...lines: string[]): Buffer[] {
  return lines.map((line) => Buffer.from(line));
}

function changed(
  random: Schedule,
  { json = false, words = [] }: FuzzTarget,
  corpus: readonly Buffer[],
): Buffer {
  if (json && random.chance(0.7)) return mutatedJson(random, corpus);
  return mutated(random, corpus, words);
}

interface Way {
  kind: 'taken' | 'refused';
  /** Without what differs from input to input. */
  words: string;
}

const inherited = Object.getOwnPropertyNames(Object.prototype).length;

async function once({ read, mayThrow }: FuzzTarget, input: Buffer): Promise<Way> {
  try {
    const way = await read(input);
    return { kind: 'taken', words: typeof way === 'string' ? way : '' };
  } catch (thrown) {
    const error = toError(thrown);
    const known = error instanceof AppError ? error.code !== 'bug' : mayThrow?.(error) === true;
    if (!known) throw error;
    return { kind: 'refused', words: error.message.replace(/"[^"]*"|\d+/g, '').slice(0, 80) };
  } finally {
    expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(inherited);
  }
}

/** A case that took too long is run once more: what was compiled or collected meanwhile is not its fault. */
async function inTime(
  run: () => Promise<Way>,
  { what, input, longestMs }: { what: string; input: Buffer; longestMs: number },
): Promise<Way> {
  const shown = input.subarray(0, 3000).toString('base64');
  for (let time = 1; ; time += 1) {
    const began = process.cpuUsage();
    let way: Way;
    try {
      way = await run();
    } catch (cause) {
      throw new Error(`${what} (${shown}): ${toError(cause).message}`, { cause });
    }
    const { user, system } = process.cpuUsage(began);
    const tookMs = (user + system) / 1000;
    if (tookMs <= longestMs) return way;
    if (time > 1) throw new Error(`${what} (${shown}, ${input.length} bytes) took ${tookMs} ms`);
  }
}
