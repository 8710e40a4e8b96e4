/**
 * How the wall clock was set while nobody may rest a decision on it. What is
 * stored has wall times, for people to read; how long ago one of them was is
 * asked of `since`, which takes out the steps that the clock made meanwhile
 * (somebody set it, NTP corrected it, the machine slept).
 *
 * The machine's uptime is the measure: it never steps. Each step of the wall
 * clock against it becomes an entry {from what uptime, how far apart the two
 * are since}. Kept in a file, the entries hold for a later process of the same
 * boot; over a reboot, or in another machine's store, there is nothing but the
 * wall clock to go by. A wall clock that stands still is taken to go on.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';

interface Step {
  /** Machine's uptime, milliseconds; the first holds for all before it too. */
  from: number;
  /** Wall clock minus uptime, milliseconds. */
  apart: number;
}

interface Kept {
  bootId: string;
  steps: Step[];
}

export interface StepSources {
  wall: () => number;
  /** Milliseconds; may stand still while the machine sleeps. */
  monotonic: () => number;
  /** Milliseconds since the machine's boot, sleep included. */
  uptime: () => number;
  bootId: () => string;
}

/** Below this it is drift, or a leap second; above it somebody set the clock. */
const STEP_MS = 1_000;
/** Of a clock that is set again and again the first and the last entries are kept. */
const STEPS_KEPT = 100;

export class ClockSteps {
  readonly #sources: StepSources;
  #steps: Step[];
  /** Uptime minus monotonic. */
  #base: number;
  #file: string | undefined;
  /** The last time that the wall clock showed, and when it was first seen. */
  #shown: { wall: number; at: number };

  constructor(sources: StepSources = SYSTEM) {
    this.#sources = sources;
    this.#base = sources.uptime() - sources.monotonic();
    this.#shown = { wall: sources.wall(), at: sources.monotonic() };
    this.#steps = [{ from: 0, apart: this.#shown.wall - sources.uptime() }];
  }

  /** The wall clock's time, and a look whether it was set. */
  now(): number {
    const wall = this.#wall();
    if (Math.abs(wall - this.#uptime() - this.#last.apart) > STEP_MS) this.#stepped(wall);
    return wall;
  }

  /** Milliseconds that passed since `now` said `time`; 0 for a time that is yet to come. */
  since(time: number): number {
    this.now();
    const up = this.#uptime();
    for (let i = this.#steps.length - 1; i >= 0; i -= 1) {
      const step = this.#steps[i];
      const at = time - (step?.apart ?? 0);
      // The clock is read in whole milliseconds, and drifts below a step.
      if (at <= up + STEP_MS && (i === 0 || at >= (step?.from ?? 0) - STEP_MS)) return Math.max(0, up - at);
    }
    return 0;
  }

  /** Goes on from what an earlier process of this boot left in `file`, and keeps it there. */
  keepIn(file: string): void {
    this.#file = file;
    const kept = read(file);
    if (kept?.bootId === this.#sources.bootId()) {
      this.#steps = kept.steps;
      this.now();
    }
    this.#write();
  }

  get #last(): Step {
    return this.#steps.at(-1) ?? { from: 0, apart: 0 };
  }

  #wall(): number {
    const wall = this.#sources.wall();
    const at = this.#sources.monotonic();
    if (wall !== this.#shown.wall) this.#shown = { wall, at };
    const stillMs = at - this.#shown.at;
    return stillMs > STEP_MS ? Math.round(wall + stillMs) : wall;
  }

  #uptime(): number {
    return this.#sources.monotonic() + this.#base;
  }

  #stepped(wall: number): void {
    // After a sleep it is the monotonic clock that stood still, and no time is to be taken out.
    this.#base = this.#sources.uptime() - this.#sources.monotonic();
    const up = this.#uptime();
    const apart = wall - up;
    if (Math.abs(apart - this.#last.apart) <= STEP_MS) return;
    this.#steps.push({ from: up, apart });
    if (this.#steps.length > STEPS_KEPT) this.#steps.splice(STEPS_KEPT / 2, 1);
    this.#write();
  }

  #write(): void {
    if (this.#file === undefined) return;
    const kept: Kept = { bootId: this.#sources.bootId(), steps: this.#steps };
    const temp = `${this.#file}.new`;
    try {
      writeFileSync(temp, JSON.stringify(kept), { mode: 0o600 });
      renameSync(temp, this.#file);
    } catch {
      // A full disk, say: a later process knows less, this one nothing less.
      rmSync(temp, { force: true });
    }
  }
}

function read(file: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<Kept>;
    const whole = Array.isArray(kept.steps) && kept.steps.length > 0 && kept.steps.every(isStep);
    return whole && typeof kept.bootId === 'string' && kept.bootId !== '' ? (kept as Kept) : undefined;
  } catch {
    return undefined;
  }
}

function isStep(step: Partial<Step>): boolean {
  return Number.isFinite(step.from) && Number.isFinite(step.apart);
}

const SYSTEM: StepSources = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => uptime() * 1000,
  bootId: () => {
    try {
      return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    } catch {
      return '';
    }
  },
};
