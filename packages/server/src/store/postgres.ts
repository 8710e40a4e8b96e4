/**
 * PostgreSQL, for several nodes. Transactions are SERIALIZABLE, so that a
 * body that reads, decides and writes is right whatever other nodes do
 * meanwhile; one that PostgreSQL can't serialise, or that met a deadlock, is
 * tried again, from the second time on one at a time in this node, so that
 * tries don't defeat each other. A commit is durable when it returns.
 */
import { AppError, Backoff, Mutex, sleep, systemClock, toError, type Logger } from '@longshore/base';
import type { CustomTypesConfig, Pool, PoolClient, PoolConfig } from 'pg';

import {
  POSTGRES_CONNECTIONS,
  POSTGRES_CONNECT_MS,
  POSTGRES_IDLE_TRANSACTION_MS,
  POSTGRES_RETRY_FIRST_MS,
  POSTGRES_RETRY_LONGEST_MS,
  POSTGRES_TRIES,
  STORAGE_RETRY_FIRST_MS,
  STORAGE_RETRY_LONGEST_MS,
} from '../limits.ts';
import { StorageOut } from '../app/ports/store.ts';
import { Announcements } from './announcements.ts';
import type { Database, Sql, TransactOptions } from './db.ts';
import { PostgresListener } from './postgres-listener.ts';
import { isRetryable, notReached, PostgresSql, storageOut } from './postgres-sql.ts';

export interface PostgresOptions {
  /** postgres://user:password@host:port/database; never logged. */
  url: string;
  logger: Logger;
  /** Names this node's announcements, so that it does not hear its own twice. */
  nodeId: string;
}

/** All nodes wait for each other here when they migrate. */
const ALONE_LOCK = 7_304_206_511;

export async function openPostgres(options: PostgresOptions): Promise<PostgresDatabase> {
  // Loaded only when it is used: the embedded database does without.
  const { default: pg } = await import('pg');
  // BIGINT: times and counters, all below 2^53.
  const standard = pg.types.getTypeParser as (oid: number, format?: 'text') => unknown;
  const getTypeParser = (oid: number, format?: 'text'): unknown =>
    oid === INT8 ? Number : standard(oid, format);
  const config: PoolConfig = {
    connectionString: options.url,
    connectionTimeoutMillis: POSTGRES_CONNECT_MS,
    idle_in_transaction_session_timeout: POSTGRES_IDLE_TRANSACTION_MS,
    application_name: `longshore-server ${options.nodeId}`,
    max: POSTGRES_CONNECTIONS,
    types: { getTypeParser: getTypeParser as CustomTypesConfig['getTypeParser'] },
  };
  const pool = new pg.Pool(config);
  // An idle connection that breaks is replaced at its next use.
  pool.on('error', (error) => options.logger.warn('a connection to PostgreSQL broke', { error }));
  // One that is ended may say so when its user has given it back and the pool has thrown it away: nobody listens then.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const announcements = new Announcements(options.logger);
  const listener = new PostgresListener({
    connect: () => new pg.Client({ ...config, keepAlive: true }),
    announcements,
    pool,
    ...options,
  });
  try {
    await listener.start();
  } catch (thrown) {
    await pool.end();
    throw new AppError('unavailable', `connecting to PostgreSQL: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
  return new PostgresDatabase(pool, listener, announcements);
}

const INT8 = 20;

/** With its id: by that PostgreSQL can be asked what became of it. */
const WRITE: Record<TransactOptions['isolation'], string> = {
  serializable: 'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT txid_current()::text AS id',
  readCommitted: 'BEGIN ISOLATION LEVEL READ COMMITTED; SELECT txid_current()::text AS id',
};

/** Of the two statements in one, the second one's answer. */
function transactionId(begun: unknown): string {
  const [, { rows }] = begun as [unknown, { rows: { id: string }[] }];
  return rows[0]?.id ?? '';
}

export class PostgresDatabase implements Database {
  readonly dialect = 'postgres';
  readonly #pool: Pool;
  readonly #listener: PostgresListener;
  readonly #announcements: Announcements;
  readonly #retrying = new Mutex();
  readonly #sqls = new WeakMap<PoolClient, PostgresSql>();
  readonly #durable = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(pool: Pool, listener: PostgresListener, announcements: Announcements) {
    this.#pool = pool;
    this.#listener = listener;
    this.#announcements = announcements;
  }

  async transact<T>(
    body: (sql: Sql) => Promise<T>,
    { isolation }: TransactOptions = { isolation: 'serializable' },
  ): Promise<{ value: T; durable: Promise<void> }> {
    const begin = WRITE[isolation];
    try {
      return { value: await this.#once(begin, body), durable: this.#durable };
    } catch (thrown) {
      if (!isRetryable(thrown)) throw thrown;
      return { value: await this.#retrying.run(() => this.#again(begin, body)), durable: this.#durable };
    }
  }

  read<T>(body: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#once('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', body);
  }

  alone<T>(body: (sql: Sql) => Promise<T>): Promise<T> {
    // Not SERIALIZABLE: what it reads must be of after the lock, not of before.
    return this.#once('BEGIN ISOLATION LEVEL READ COMMITTED', async (sql) => {
      await sql.get('SELECT pg_advisory_xact_lock(?)', ALONE_LOCK);
      return body(sql);
    });
  }

  durable(): Promise<void> {
    return this.#durable;
  }

  notify(sql: Sql, topic: string, id: string): void {
    this.#announcements.add(sql, topic, id);
  }

  listen(topic: string, heard: (id: string) => void): () => void {
    return this.#announcements.listen(topic, heard);
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#listener.close();
      await this.#pool.end();
    })();
    return this.#closing;
  }

  async #again<T>(begin: string, body: (sql: Sql) => Promise<T>): Promise<T> {
    const backoff = new Backoff({ firstMs: POSTGRES_RETRY_FIRST_MS, longestMs: POSTGRES_RETRY_LONGEST_MS });
    for (let tries = 2; ; tries += 1) {
      await sleep(systemClock, backoff.next());
      try {
        return await this.#once(begin, body);
      } catch (thrown) {
        if (!isRetryable(thrown)) throw thrown;
        if (tries >= POSTGRES_TRIES) {
          throw new AppError(
            'unavailable',
            `PostgreSQL could not serialise a transaction in ${tries} tries`,
            { cause: thrown },
          );
        }
      }
    }
  }

  async #once<T>(begin: string, body: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new AppError('unavailable', 'the store is closed');
    const client = await this.#pool.connect().catch((thrown: unknown) => {
      // Whatever keeps a connection from coming about, what was to be stored is not, and may be later.
      throw notReached(thrown);
    });
    const sql = this.#sqlOf(client);
    let broken: Error | undefined;
    let unanswered: { id: string; value: T; cause: Error };
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    try {
      const begun = (await client.query(begin)) as unknown;
      const value = await body(sql);
      // A body that swallowed a failed statement must not seem committed.
      if (sql.failure !== undefined) throw sql.failure;
      try {
        await client.query('COMMIT');
        this.#publish(sql);
        return value;
      } catch (thrown) {
        // The connection broke before the answer came: it may be committed all the same.
        const writes = Object.values(WRITE).includes(begin);
        if (!writes || !(storageOut(thrown) instanceof StorageOut)) throw thrown;
        broken = toError(thrown);
        unanswered = { id: transactionId(begun), value, cause: broken };
      }
    } catch (thrown) {
      this.#announcements.drop(sql);
      await client.query('ROLLBACK').catch((error: unknown) => (broken = toError(error)));
      // What PostgreSQL said first is the cause, whatever the body made of it.
      throw storageOut(
        sql.failure !== undefined &&
          (isRetryable(sql.failure) || storageOut(sql.failure) instanceof StorageOut)
          ? sql.failure
          : thrown,
      );
    } finally {
      sql.reset();
      client.off('error', onError);
      client.release(broken);
    }
    // Its connection has been given back: to ask takes one, and all of them may wait for an answer.
    try {
      if (!(await this.#wasCommitted(unanswered.id))) throw storageOut(unanswered.cause);
      this.#publish(sql);
      return unanswered.value;
    } finally {
      this.#announcements.drop(sql);
    }
  }

  #publish(sql: Sql): void {
    const announced = this.#announcements.publish(sql);
    if (announced.length > 0) this.#listener.announce(announced);
  }

  /**
   * What became of a transaction whose COMMIT was not answered, as PostgreSQL itself knows it; asked until it can
   * say, for whoever waits must neither do it twice nor leave it out.
   *
   * @throws StorageOut when this node closes first
   */
  async #wasCommitted(id: string): Promise<boolean> {
    const backoff = new Backoff({ firstMs: STORAGE_RETRY_FIRST_MS, longestMs: STORAGE_RETRY_LONGEST_MS });
    for (;;) {
      try {
        const { rows } = await this.#pool.query<{ status: string | null }>(
          'SELECT txid_status($1::bigint) AS status',
          [id],
        );
        const status = rows[0]?.status;
        if (status === 'committed' || status === 'aborted') return status === 'committed';
      } catch (thrown) {
        if (!(storageOut(thrown) instanceof StorageOut)) throw thrown;
      }
      if (this.#closing !== undefined)
        throw new StorageOut(
          'unavailable',
          'the store was closed before PostgreSQL could say what became of a commit',
        );
      await sleep(systemClock, backoff.next());
    }
  }

  #sqlOf(client: PoolClient): PostgresSql {
    let sql = this.#sqls.get(client);
    if (sql === undefined) this.#sqls.set(client, (sql = new PostgresSql(client)));
    return sql;
  }
}
