/**
 * Time, as an argument. Nobody else calls `Date.now` or `setTimeout`, so that
 * a test can own the clock and no decision rests on the wall clock by accident.
 */
import { ClockSteps } from './clock-steps.ts';

export interface Clock {
  /** Wall clock, milliseconds since the epoch: for display and certificates. */
  now(): number;
  /**
   * Milliseconds that passed since `now` gave `time`, here or in an earlier process, however the wall clock was set
   * meanwhile; never negative. The age of all that is stored: for decisions that must outlive the process.
   */
  since(time: number): number;
  /** Monotonic milliseconds: for every duration, deadline and time-out. */
  monotonic(): number;
  /** Calls `fn` once after `ms`; the result cancels it. Never keeps the process alive by itself. */
  after(ms: number, fn: () => void): Cancel;
  /** Calls `fn` each `ms`; the result stops it. Never keeps the process alive by itself. */
  every(ms: number, fn: () => void): Cancel;
}

export type Cancel = () => void;

/** setTimeout fires at once beyond this many milliseconds (2^31 - 1), so longer waits are chained. */
const LONGEST_TIMER_MS = 2_147_483_647;

const steps = new ClockSteps();

/** The system's clock goes on from what an earlier process knew of its steps, and keeps that in `file`. */
export function keepClockSteps(file: string): void {
  steps.keepIn(file);
}

export const systemClock: Clock = {
  now: () => steps.now(),
  since: (time) => steps.since(time),
  monotonic: () => performance.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      const part = Math.min(left, LONGEST_TIMER_MS);
      timer = setTimeout(() => {
        if (left > part) arm(left - part);
        else fn();
      }, part);
      timer.unref();
    };
    arm(Math.max(0, ms));
    return () => clearTimeout(timer);
  },
  every(ms, fn) {
    if (ms > LONGEST_TIMER_MS) return everyLong(ms, fn);
    const timer = setInterval(fn, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** What setInterval would call each millisecond. */
function everyLong(ms: number, fn: () => void): Cancel {
  const next = (): Cancel =>
    systemClock.after(ms, () => {
      cancel = next();
      fn();
    });
  let cancel = next();
  return () => cancel();
}

/**
 * Resolves after `ms`.
 *
 * @throws the signal's reason when it is aborted first.
 */
export function sleep(clock: Clock, ms: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
