/**
 * All who follow tasks by event streams: how many there are, and what they
 * have not read. One that does not read costs a chunk or so; many of them are
 * cut where that comes to too much. Nothing is lost by it: they may come back
 * with their cursors.
 */
import { AppError } from '@longshore/base';

import { STREAMS, STREAMS_OF_A_KEY, STREAMS_UNREAD_BYTES } from '../limits.ts';

/** One stream, as far as it can hold bytes. */
export interface Unread {
  readonly unreadBytes: number;
  cut(): void;
}

export class Followers {
  readonly #byKey = new Map<string, number>();
  #count = 0;
  /** Those whose peers have not read all; who has not for longest is first. */
  readonly #full = new Set<Unread>();

  /**
   * @returns what ends it
   * @throws AppError `tooMany`
   */
  enter(keyId: string): () => void {
    const ofKey = this.#byKey.get(keyId) ?? 0;
    if (ofKey >= STREAMS_OF_A_KEY || this.#count >= STREAMS)
      throw new AppError(
        'tooMany',
        `Too many streams are open${ofKey >= STREAMS_OF_A_KEY ? ' with this API key' : ''}; close some, or ask without a stream`,
      );
    this.#add(keyId, 1);
    return () => this.#add(keyId, -1);
  }

  /** Its peer does not read for now. */
  full(stream: Unread): void {
    this.#full.add(stream);
    let unread = 0;
    for (const one of this.#full) unread += one.unreadBytes;
    for (const one of this.#full) {
      if (unread <= STREAMS_UNREAD_BYTES) return;
      unread -= one.unreadBytes;
      this.#full.delete(one);
      one.cut();
    }
  }

  /** It has read all, or is gone. */
  drained(stream: Unread): void {
    this.#full.delete(stream);
  }

  #add(keyId: string, by: 1 | -1): void {
    this.#count += by;
    const count = (this.#byKey.get(keyId) ?? 0) + by;
    if (count === 0) this.#byKey.delete(keyId);
    else this.#byKey.set(keyId, count);
  }
}
