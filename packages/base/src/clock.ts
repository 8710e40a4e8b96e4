/**
 * Time, as an argument. Nobody else calls `Date.now` or `setTimeout`, so that
 * a test can own the clock and no decision rests on the wall clock by accident.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch: for display and certificates. */
  now(): number;
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

export const systemClock: Clock = {
  now: () => Date.now(),
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
    const timer = setInterval(fn, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

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
