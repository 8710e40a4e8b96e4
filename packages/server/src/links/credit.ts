/**
 * What one agent may have this server hold: output that is not durable yet, up
 * to the windows that Welcome named, and reports that wait for the store. An
 * honest agent keeps to it (the agent's engine/sender.ts); one that does not
 * ends its session.
 *
 * Always true: no attempt has more than its window unacknowledged, but for the
 * last record of a chunk, which may reach beyond it; bytes held for the whole
 * session are bounded even where an agent sends the same ones again and again.
 */
import { AppError } from '@longshore/base';
import { RECORD_LIMIT_BYTES } from '@longshore/protocol/spool-record';

import { ATTEMPT_WINDOW_BYTES, REPORTS_HELD_LIMIT, SESSION_HELD_BYTES } from '../limits.ts';

export class Credit {
  #bytes = 0;
  #reports = 0;

  /** @throws AppError `tooMany` when the bytes lie beyond the window after what is acknowledged */
  within(attemptId: string, { end, acked }: { end: number; acked: number }): void {
    const beyond = end - acked - ATTEMPT_WINDOW_BYTES - RECORD_LIMIT_BYTES;
    if (beyond <= 0) return;
    throw new AppError(
      'tooMany',
      `output of attempt ${attemptId} up to ${end}: ${beyond} bytes beyond its credit, for ${acked} are acknowledged`,
    );
  }

  /**
   * Holds a report until it is stored, or can't be.
   *
   * @throws AppError `tooMany`
   */
  hold(bytes: number, stored: Promise<unknown>): void {
    this.#bytes += bytes;
    this.#reports += 1;
    const letGo = (): void => {
      this.#bytes -= bytes;
      this.#reports -= 1;
    };
    stored.then(letGo, letGo);
    if (this.#bytes > SESSION_HELD_BYTES || this.#reports > REPORTS_HELD_LIMIT)
      throw new AppError(
        'tooMany',
        `${this.#reports} reports of ${this.#bytes} bytes wait to be stored: far beyond the credit`,
      );
  }
}
