/**
 * LISTEN on a connection of its own, and NOTIFY for what this node announces.
 * Hints only: while it is not connected nodes don't hear each other, and
 * their polling does the work.
 */
import { Backoff, systemClock, type Cancel, type Logger } from '@longshore/base';
import type { Client, Pool } from 'pg';

import { LISTEN_RETRY_FIRST_MS, LISTEN_RETRY_LONGEST_MS } from '../limits.ts';
import type { Announcement, Announcements } from './announcements.ts';

const CHANNEL = 'longshore';
/** PostgreSQL takes 8,000 bytes a notification. */
const ANNOUNCEMENTS_EACH = 60;

export interface PostgresListenerOptions {
  connect: () => Client;
  pool: Pool;
  announcements: Announcements;
  logger: Logger;
  nodeId: string;
}

export class PostgresListener {
  readonly #options: PostgresListenerOptions;
  readonly #backoff = new Backoff({ firstMs: LISTEN_RETRY_FIRST_MS, longestMs: LISTEN_RETRY_LONGEST_MS });
  #client: Client | undefined;
  #cancelRetry: Cancel | undefined;
  #waiting: Announcement[] = [];
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(options: PostgresListenerOptions) {
    this.#options = options;
  }

  /** @throws what the connection throws: a first start must know. */
  async start(): Promise<void> {
    const client = this.#options.connect();
    client.on('error', (error) =>
      this.#options.logger.warn('the connection that listens to PostgreSQL broke', { error }),
    );
    client.once('end', () => this.#lost(client));
    client.on('notification', ({ payload }) => this.#heard(payload ?? ''));
    await client.connect();
    this.#client = client;
    await client.query(`LISTEN ${CHANNEL}`);
    this.#backoff.reset();
  }

  /** Tells the other nodes; what is announced in one turn of the event loop travels together. */
  announce(announced: Announcement[]): void {
    this.#waiting.push(...announced);
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
  }

  async close(): Promise<void> {
    await this.#sending;
    this.#closed = true;
    this.#cancelRetry?.();
    await this.#client?.end();
  }

  async #send(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const said = this.#waiting.splice(0, ANNOUNCEMENTS_EACH).map(({ topic, id }) => `${topic}:${id}`);
      const payload = [this.#options.nodeId, ...said].join(' ');
      try {
        await this.#options.pool.query({
          name: 'longshore_notify',
          text: 'SELECT pg_notify($1, $2)',
          values: [CHANNEL, payload],
        });
      } catch (error) {
        this.#options.logger.warn('other nodes were not told; they find out by polling', { error });
      }
    }
  }

  #heard(payload: string): void {
    const [from, ...said] = payload.split(' ');
    if (from === this.#options.nodeId) return;
    for (const each of said) {
      const colon = each.indexOf(':');
      this.#options.announcements.tell({ topic: each.slice(0, colon), id: each.slice(colon + 1) });
    }
  }

  #lost(client: Client): void {
    if (this.#client === client) this.#client = undefined;
    if (this.#closed) return;
    this.#cancelRetry = systemClock.after(this.#backoff.next(), () => {
      this.start().catch((error: unknown) => {
        this.#options.logger.warn('listening to PostgreSQL again failed', { error });
        // `end` follows a failed connect only when there was a socket.
        if (this.#client === undefined && !this.#closed) this.#lost(client);
      });
    });
  }
}
