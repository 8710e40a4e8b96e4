/** Counts failures by address in fixed windows, so that guessing is slow and costs us little. */
import type { Clock } from '@longshore/base';

export interface FailureLimits {
  perWindow: number;
  windowMs: number;
  addresses: number;
}

export class FailureLimit {
  readonly #clock: Clock;
  readonly #limits: FailureLimits;
  readonly #failures = new Map<string, { count: number; until: number }>();

  constructor(clock: Clock, limits: FailureLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** True when this address failed too often of late, and is not to be heard now. */
  exceeded(address: string): boolean {
    const seen = this.#failures.get(address);
    if (seen === undefined) return false;
    if (seen.until <= this.#clock.monotonic()) {
      this.#failures.delete(address);
      return false;
    }
    return seen.count >= this.#limits.perWindow;
  }

  failed(address: string): void {
    const now = this.#clock.monotonic();
    const seen = this.#failures.get(address);
    if (seen !== undefined && seen.until > now) {
      seen.count += 1;
      return;
    }
    this.#failures.delete(address);
    this.#failures.set(address, { count: 1, until: now + this.#limits.windowMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > this.#limits.addresses && oldest !== undefined) this.#failures.delete(oldest);
  }
}
