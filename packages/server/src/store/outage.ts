/**
 * When the store takes nothing: notices it by what a write threw, and tries
 * with back-off until something can be stored again. All who wait for that
 * wait here, so that a full disk is tried by one and not by everybody.
 *
 *   well ──a write throws StorageOut──▶ out ──a try of ours is stored──▶ well
 */
import { Backoff, sleep, toError, type Clock, type Logger } from '@longshore/base';

import { StorageOut } from '../app/ports/store.ts';
import { STORAGE_RETRY_FIRST_MS, STORAGE_RETRY_LONGEST_MS } from '../limits.ts';

export interface OutageOptions {
  /** Stores something, durably. */
  attempt: () => Promise<unknown>;
  clock: Clock;
  logger: Logger;
}

export class Outage {
  readonly #options: OutageOptions;
  #now: { why: string; over: Promise<void> } | undefined;
  readonly #closing = new AbortController();

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** Empty while all is well. */
  get why(): string {
    return this.#now?.why ?? '';
  }

  /** Never rejects. */
  over(): Promise<void> {
    return this.#now?.over ?? Promise.resolve();
  }

  /** Hears what became of a write, and hands it on. */
  async watch<T>(write: Promise<T>): Promise<T> {
    try {
      return await write;
    } catch (thrown) {
      if (thrown instanceof StorageOut) this.#begin(thrown);
      throw thrown;
    }
  }

  close(): void {
    this.#closing.abort();
  }

  #begin(error: StorageOut): void {
    if (this.#now !== undefined || this.#closing.signal.aborted) return;
    this.#options.logger.error('the store takes nothing; it is tried again until it does', { error });
    const since = new Date(this.#options.clock.now()).toISOString();
    this.#now = { why: `${error.message} (since ${since})`, over: this.#tryUntilOver() };
  }

  async #tryUntilOver(): Promise<void> {
    const { clock, logger, attempt } = this.#options;
    const backoff = new Backoff({ firstMs: STORAGE_RETRY_FIRST_MS, longestMs: STORAGE_RETRY_LONGEST_MS });
    for (let over = false; !over && !this.#closing.signal.aborted;) {
      await sleep(clock, backoff.next(), { signal: this.#closing.signal }).catch(() => undefined);
      over = await attempt().then(
        () => true,
        (thrown: unknown) => {
          logger.debug('the store still takes nothing', { error: toError(thrown) });
          return false;
        },
      );
    }
    this.#now = undefined;
    logger.info('the store takes writes again');
  }
}
