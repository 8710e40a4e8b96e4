/**
 * What was turned away at a port, for the log: the first is told at once, and
 * then all that come within TURNED_AWAY_LOG_MS in one line, so that who knocks
 * by the thousand does not fill the log.
 */
import type { Cancel, Clock, Logger } from '@longshore/base';

import { TURNED_AWAY_LOG_MS } from './link-limits.ts';

export interface TurnedAwayOptions {
  /** What it is that is turned away, as the log says it. */
  message: string;
  clock: Clock;
  logger: Logger;
}

export class TurnedAway {
  readonly #options: TurnedAwayOptions;
  #counts = new Map<string, number>();
  #lastAddress = '';
  #stopTimer: Cancel | undefined;

  constructor(options: TurnedAwayOptions) {
    this.#options = options;
  }

  add(reason: string, address: string): void {
    const { clock, logger, message } = this.#options;
    if (this.#stopTimer === undefined) {
      logger.warn(message, { reason, address });
      this.#stopTimer = clock.after(TURNED_AWAY_LOG_MS, () => this.#tell());
      return;
    }
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#lastAddress = address;
  }

  /** Tells what was gathered. Idempotent. */
  close(): void {
    this.#stopTimer?.();
    this.#tell();
  }

  #tell(): void {
    const { clock, logger, message } = this.#options;
    this.#stopTimer = undefined;
    if (this.#counts.size === 0) return;
    const more = Object.fromEntries(this.#counts);
    logger.warn(`${message}: more of them`, {
      more,
      withinMs: TURNED_AWAY_LOG_MS,
      lastAddress: this.#lastAddress,
    });
    this.#counts = new Map();
    this.#stopTimer = clock.after(TURNED_AWAY_LOG_MS, () => this.#tell());
  }
}
