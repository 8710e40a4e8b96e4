/**
 * One parser under a fuzzer: so many inputs near to those of its corpus, each
 * taken whole or refused with an error of the closed set, in little time.
 */
import { expect } from '@jest/globals';

import { AppError, toError } from '@longshore/base';

import { faultNumbers, schedule } from '../../support/faults.ts';
import { mutated } from './mutate.ts';

const { CASES } = faultNumbers({ short: { CASES: 3_000 }, full: { CASES: 300_000 } });
/** A parser that takes so long for a few kilobytes does more than it should. */
const LONGEST_CASE_MS = 250;

export interface FuzzTarget {
  name: string;
  corpus: readonly Buffer[];
  /** Reads, and checks what must be true of what was read; throws AppError for what is refused. */
  read: (input: Buffer) => void;
  /** Further errors that may be told: none but AppError otherwise. */
  mayThrow?: (error: Error) => boolean;
}

/** @returns how many were taken, and how many refused: both should happen */
export function fuzz({ name, corpus, read, mayThrow }: FuzzTarget): { taken: number; refused: number } {
  const random = schedule(name);
  const counts = { taken: 0, refused: 0 };
  for (let n = 0; n < CASES; n += 1) {
    const input = n < corpus.length ? (corpus[n] ?? Buffer.alloc(0)) : mutated(random, corpus);
    const began = process.cpuUsage();
    try {
      read(input);
      counts.taken += 1;
    } catch (thrown) {
      const error = toError(thrown);
      if (!(error instanceof AppError) && mayThrow?.(error) !== true)
        throw new Error(`${name}, case ${n} (${input.toString('base64')}): ${error.message}`, {
          cause: error,
        });
      expect(error instanceof AppError ? error.code : 'allowed').not.toBe('bug');
      counts.refused += 1;
    }
    const { user, system } = process.cpuUsage(began);
    if ((user + system) / 1000 > LONGEST_CASE_MS)
      throw new Error(`${name}, case ${n} (${input.toString('base64')}) took ${(user + system) / 1000} ms`);
  }
  return counts;
}
