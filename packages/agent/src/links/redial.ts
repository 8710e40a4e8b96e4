/**
 * When a server node is dialled again.
 *
 *   good session, or none yet ──▶ growing: 0.25 s, 0.5 s, … 30 s ──a good session──▶ growing from 0.25 s
 *                                    │ it said goodbye because it stops
 *                                    ▼
 *                                 expecting it: growing to 2 s, for DIAL_RESTART_MS, then on to 30 s
 */
import { Backoff, type Clock } from '@longshore/base';

import {
  DIAL_FIRST_BACKOFF_MS,
  DIAL_GOOD_SESSION_MS,
  DIAL_LONGEST_BACKOFF_MS,
  DIAL_RESTART_BACKOFF_MS,
  DIAL_RESTART_MS,
} from '../limits.ts';
import type { ServedEnd } from './connection.ts';

export class Redial {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #expectedUntil = -Infinity;

  /** @param random uniform in [0, 1) */
  constructor(clock: Clock, random?: () => number) {
    this.#clock = clock;
    this.#backoff = new Backoff(
      { firstMs: DIAL_FIRST_BACKOFF_MS, longestMs: DIAL_LONGEST_BACKOFF_MS },
      random,
    );
  }

  /**
   * @param end of the session; undefined: there was none
   * @param lastedMs how long it took, from dialling on
   * @returns milliseconds to wait before the next try
   */
  after(end: ServedEnd | undefined, lastedMs: number): number {
    const now = this.#clock.monotonic();
    const restarting = end?.kind === 'again' && end.restarting === true;
    if (restarting) this.#expectedUntil = now + DIAL_RESTART_MS;
    if (restarting || lastedMs > DIAL_GOOD_SESSION_MS) this.#backoff.reset();
    return now < this.#expectedUntil ? this.#backoff.next(DIAL_RESTART_BACKOFF_MS) : this.#backoff.next();
  }
}
