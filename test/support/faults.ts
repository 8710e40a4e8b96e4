/**
 * What every fault test shares: its numbers in two forms, and random schedules
 * that a seed replays.
 *
 * `LONGSHORE_FAULTS=full` takes the numbers that docs/failure-modes.md states,
 * anything else the short ones of the ordinary test run. A test file prints its
 * seed once; with `LONGSHORE_FAULTS_SEED` the same choices are made again.
 */
import { createHash, randomInt } from 'node:crypto';

export type FaultForm = 'short' | 'full';

const LARGEST_SEED = 2 ** 32;

export function faultForm(env: NodeJS.ProcessEnv = process.env): FaultForm {
  return env['LONGSHORE_FAULTS'] === 'full' ? 'full' : 'short';
}

/** The numbers of a scenario, in the form of this run. */
export function faultNumbers<T extends object>(numbers: Record<FaultForm, T>, form = faultForm()): T {
  return numbers[form];
}

/** The seed of this test file's schedules, printed when it is first asked for. */
export function faultSeed(): number {
  if (seedOfThisFile === undefined) {
    const given = process.env['LONGSHORE_FAULTS_SEED'] ?? '';
    seedOfThisFile = /^\d+$/.test(given) ? Number(given) % LARGEST_SEED : randomInt(LARGEST_SEED);
    process.stderr.write(`random schedules: --seed ${seedOfThisFile}\n`);
  }
  return seedOfThisFile;
}

// Jest loads modules anew for each test file.
let seedOfThisFile: number | undefined;

/**
 * A random source of its own for each name, so that what one scenario draws
 * does not change what another gets.
 */
export function schedule(name: string, seed = faultSeed()): Schedule {
  return new Schedule(seed, name);
}

/** Uniform choices, the same for the same seed and name. */
export class Schedule {
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number, name: string) {
    this.seed = seed;
    const mixed = createHash('sha256').update(`${seed}\0${name}`).digest();
    this.#a = mixed.readInt32LE(0);
    this.#b = mixed.readInt32LE(4);
    this.#c = mixed.readInt32LE(8);
  }

  /** From 0 inclusive to 1 exclusive, by sfc32. */
  fraction(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends inclusive. */
  between(lowest: number, highest: number): number {
    return lowest + Math.floor(this.fraction() * (highest - lowest + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new Error('nothing to pick from');
    return choices[this.between(0, choices.length - 1)] as T;
  }

  /** A copy in random order. */
  shuffled<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let last = copy.length - 1; last > 0; last--) {
      const other = this.between(0, last);
      [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
    }
    return copy;
  }

  /** `count` different whole numbers in rising order, both ends inclusive. */
  points(count: number, lowest: number, highest: number): number[] {
    if (highest - lowest + 1 < count) throw new Error(`no ${count} points from ${lowest} to ${highest}`);
    const found = new Set<number>();
    while (found.size < count) found.add(this.between(lowest, highest));
    return [...found].sort((one, other) => one - other);
  }
}
