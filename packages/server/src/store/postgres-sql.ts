/** Statements on one connection to PostgreSQL: `?` becomes `$n`, and each text is prepared once a connection. */
import { AppError, toError } from '@longshore/base';
import type { ClientBase, QueryResult } from 'pg';

import { StorageOut } from '../app/ports/store.ts';
import { STATEMENTS_CACHED } from '../limits.ts';
import type { Sql, SqlValue } from './db.ts';

interface Prepared {
  text: string;
  /** Undefined once there are too many: such a statement is not kept prepared. */
  name: string | undefined;
}

const prepared = new Map<string, Prepared>();

export class PostgresSql implements Sql {
  readonly dialect = 'postgres';
  readonly skipLocked = ' FOR UPDATE SKIP LOCKED';
  readonly forUpdate = ' FOR UPDATE';
  readonly #client: ClientBase;
  /** The first statement that failed in this transaction, after which PostgreSQL refuses all others. */
  failure: Error | undefined;

  constructor(client: ClientBase) {
    this.#client = client;
  }

  reset(): void {
    this.failure = undefined;
  }

  async all<Row>(text: string, ...params: SqlValue[]): Promise<Row[]> {
    return (await this.#query(text, params)).rows as Row[];
  }

  async get<Row>(text: string, ...params: SqlValue[]): Promise<Row | undefined> {
    return (await this.#query(text, params)).rows[0] as Row | undefined;
  }

  async run(text: string, ...params: SqlValue[]): Promise<number> {
    return (await this.#query(text, params)).rowCount ?? 0;
  }

  async #query(text: string, values: SqlValue[]): Promise<QueryResult> {
    const statement = prepare(text);
    try {
      return await this.#client.query(
        statement.name === undefined
          ? { text: statement.text, values }
          : { name: statement.name, text: statement.text, values },
      );
    } catch (thrown) {
      const error = postgresError(thrown);
      this.failure ??= error;
      throw error;
    }
  }
}

function prepare(text: string): Prepared {
  let statement = prepared.get(text);
  if (statement === undefined) {
    const name = prepared.size < STATEMENTS_CACHED ? `longshore_${prepared.size}` : undefined;
    statement = { text: numbered(text), name };
    if (name !== undefined) prepared.set(text, statement);
  }
  return statement;
}

/** `?` as `$1`, `$2`, …, but for those within quotes. */
export function numbered(text: string): string {
  let n = 0;
  return text.replace(/'[^']*'|"[^"]*"|\?/g, (found) => (found === '?' ? `$${String((n += 1))}` : found));
}

const SERIALISATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE = '23505';
const REFERENCE = '23503';

/** Whether the same transaction may well succeed when it is tried again. */
export function isRetryable(thrown: unknown): boolean {
  const code = sqlState(thrown);
  return code === SERIALISATION_FAILURE || code === DEADLOCK;
}

/** Full, out of connections, shutting down, or not there: what passes by itself. */
const OUT_STATES = /^(08...|53[0-9]..|57P0[1-3]|58030)$/;
const OUT_ERRNOS = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
];
/** The driver's own words, which have no code. */
const OUT_WORDS =
  /Connection terminated|timeout exceeded when trying to connect|connection error and is not queryable/;
const DISK_FULL = '53100';

export function notReached(thrown: unknown): StorageOut {
  const error = toError(thrown);
  return new StorageOut('unavailable', `PostgreSQL can't be reached: ${error.message}`, { cause: error });
}

/** A database that takes nothing for now, in words of ours; the rest stays what it is. */
export function storageOut(thrown: unknown): unknown {
  const error = toError(thrown);
  const code = sqlState(error);
  if (code === DISK_FULL)
    return new StorageOut(
      'noSpace',
      'the disk of the PostgreSQL server is full: nothing can be stored until it has room',
      {
        cause: error,
      },
    );
  if (!OUT_STATES.test(code) && !OUT_ERRNOS.includes(code) && !OUT_WORDS.test(error.message)) return thrown;
  return notReached(error);
}

function postgresError(thrown: unknown): Error {
  const error = toError(thrown);
  const code = sqlState(error);
  if (code === UNIQUE || code === REFERENCE)
    return new AppError('conflict', `the store refuses it: ${error.message}`, { cause: error });
  return error;
}

/** By its looks: a system error of another realm (a test's) is no instance of ours. */
function sqlState(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : '';
}
