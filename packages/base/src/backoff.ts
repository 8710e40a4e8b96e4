/** Delays before a next try: windowed full jitter, so that many peers that lost one server don't return at once. */
export interface BackoffLimits {
  /** First window, milliseconds. */
  firstMs: number;
  /** Largest window, milliseconds. */
  longestMs: number;
}

export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #random: () => number;
  #tries = 0;

  /** @param random uniform in [0, 1) */
  constructor(limits: BackoffLimits, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
  }

  /**
   * Milliseconds to wait before the next try: uniform in (window/2, window].
   *
   * @param longestMs a smaller largest window, for this once
   */
  next(longestMs = this.#limits.longestMs): number {
    const largest = Math.min(longestMs, this.#limits.longestMs);
    const window = Math.min(largest, this.#limits.firstMs * 2 ** this.#tries);
    this.#tries = Math.min(this.#tries + 1, 30);
    return window * (1 - this.#random() / 2);
  }

  reset(): void {
    this.#tries = 0;
  }
}
