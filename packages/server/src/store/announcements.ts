/**
 * What a transaction announces, held until it commits; and who listens on
 * this node. An announcement is a hint: a listener reads the store for the
 * truth, and must do without it.
 */
import type { Logger } from '@longshore/base';

import type { Sql } from './db.ts';

export interface Announcement {
  topic: string;
  id: string;
}

export class Announcements {
  readonly #logger: Logger;
  readonly #pending = new Map<Sql, Announcement[]>();
  readonly #listeners = new Map<string, Set<(id: string) => void>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(sql: Sql, topic: string, id: string): void {
    const pending = this.#pending.get(sql);
    if (pending === undefined) this.#pending.set(sql, [{ topic, id }]);
    else if (!pending.some((known) => known.topic === topic && known.id === id)) pending.push({ topic, id });
  }

  drop(sql: Sql): void {
    this.#pending.delete(sql);
  }

  /** Tells this node's listeners, and returns what was announced. */
  publish(sql: Sql): Announcement[] {
    const announced = this.#pending.get(sql);
    if (announced === undefined) return [];
    this.#pending.delete(sql);
    for (const each of announced) this.tell(each);
    return announced;
  }

  tell({ topic, id }: Announcement): void {
    for (const heard of this.#listeners.get(topic) ?? []) {
      try {
        heard(id);
      } catch (error) {
        this.#logger.error('a listener failed', { topic, id, error });
      }
    }
  }

  listen(topic: string, heard: (id: string) => void): () => void {
    let listeners = this.#listeners.get(topic);
    if (listeners === undefined) this.#listeners.set(topic, (listeners = new Set()));
    listeners.add(heard);
    return () => listeners.delete(heard);
  }
}
