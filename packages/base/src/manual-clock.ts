import { ClockSteps } from './clock-steps.ts';
import type { Cancel, Clock } from './clock.ts';

interface Timer {
  at: number;
  every: number | undefined;
  fn: () => void;
}

/** A clock that a test moves by hand. Timers fire in order of their time. */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  readonly #steps: ClockSteps;
  readonly #timers = new Set<Timer>();

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
    const monotonic = (): number => this.#monotonic;
    this.#steps = new ClockSteps({
      wall: () => this.#now,
      monotonic,
      uptime: monotonic,
      bootId: () => '',
    });
  }

  now(): number {
    return this.#steps.now();
  }

  since(time: number): number {
    return this.#steps.since(time);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, fn: () => void): Cancel {
    return this.#add({ at: this.#monotonic + Math.max(0, ms), every: undefined, fn });
  }

  every(ms: number, fn: () => void): Cancel {
    return this.#add({ at: this.#monotonic + ms, every: ms, fn });
  }

  /** Moves both clocks on by `ms`, firing what falls due on the way. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (;;) {
      const due = [...this.#timers].filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#step(Math.max(due.at, this.#monotonic));
      if (due.every === undefined) this.#timers.delete(due);
      else due.at += due.every;
      due.fn();
    }
    this.#step(end);
  }

  /** Moves the wall clock alone, as an administrator or NTP does. */
  setWallClock(now: number): void {
    this.#now = now;
  }

  get pending(): number {
    return this.#timers.size;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #step(to: number): void {
    this.#now += to - this.#monotonic;
    this.#monotonic = to;
  }
}
