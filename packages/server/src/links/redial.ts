/**
 * When a listening agent is dialled again.
 *
 *   good session, or none yet ──▶ growing: 0.25 s, 0.5 s, … longest ──a good session──▶ growing from 0.25 s
 *                                    │ it said goodbye, as one that restarts does
 *                                    ▼
 *                                 expecting it: each 0.25 s, for DIAL_RESTART_MS, then growing
 *
 * The longest wait is 1.5 s where few agents are away, so that one that is
 * started again is soon back, and up to 30 s where many are.
 */
import { Backoff, type Clock } from '@longshore/base';
import { Goodbye_Reason } from '@longshore/protocol/gen/longshore/link/v1/link';
import type { SessionEnd } from '@longshore/protocol/session';

import {
  DIAL_FIRST_BACKOFF_MS,
  DIAL_GOOD_SESSION_MS,
  DIAL_LONGEST_BACKOFF_MS,
  DIAL_RESTART_MS,
  DIAL_RETURN_BACKOFF_MS,
  DIALS_PER_SECOND,
} from '../limits.ts';

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
   * @param end of the try that was made; undefined: it could not even begin
   * @param lastedMs how long it took, from dialling on
   * @param away how many agents are dialled in vain at present
   * @returns milliseconds to wait before the next try
   */
  after(end: SessionEnd | undefined, lastedMs: number, away: number): number {
    const now = this.#clock.monotonic();
    const left = end?.kind === 'goodbye' && end.from === 'peer' && end.reason === Goodbye_Reason.SHUTDOWN;
    if (left) this.#expectedUntil = now + DIAL_RESTART_MS;
    if (now < this.#expectedUntil || lastedMs > DIAL_GOOD_SESSION_MS) this.#backoff.reset();
    return this.#backoff.next(Math.max(DIAL_RETURN_BACKOFF_MS, (away * 1_000) / DIALS_PER_SECOND));
  }
}
