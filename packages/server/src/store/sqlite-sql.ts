/** Statements on the embedded database. Prepared once for each text; usable only within a body. */
import type { Database as Connection, Statement } from 'better-sqlite3';

import { AppError, toError } from '@longshore/base';

import { STATEMENTS_CACHED } from '../limits.ts';
import type { Sql, SqlValue } from './db.ts';

export class SqliteSql implements Sql {
  readonly dialect = 'sqlite';
  readonly skipLocked = '';
  readonly forUpdate = '';
  readonly #connection: Connection;
  readonly #statements = new Map<string, Statement>();
  #mode: 'outside' | 'read' | 'write' = 'outside';
  /** Whether this transaction changed something, so that its commit has something to make durable. */
  wrote = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  enter(mode: 'read' | 'write'): void {
    this.#mode = mode;
    this.wrote = false;
  }

  leave(): void {
    this.#mode = 'outside';
  }

  all<Row>(text: string, ...params: SqlValue[]): Promise<Row[]> {
    try {
      return Promise.resolve(this.#statement(text).all(...params) as Row[]);
    } catch (thrown) {
      return Promise.reject(sqliteError(thrown));
    }
  }

  get<Row>(text: string, ...params: SqlValue[]): Promise<Row | undefined> {
    try {
      return Promise.resolve(this.#statement(text).get(...params) as Row | undefined);
    } catch (thrown) {
      return Promise.reject(sqliteError(thrown));
    }
  }

  run(text: string, ...params: SqlValue[]): Promise<number> {
    try {
      const statement = this.#statement(text);
      return Promise.resolve(
        statement.reader ? statement.all(...params).length : statement.run(...params).changes,
      );
    } catch (thrown) {
      return Promise.reject(sqliteError(thrown));
    }
  }

  #statement(text: string): Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#connection.prepare(text);
      // Lists of varying length would fill it: then it is simply built anew.
      if (this.#statements.size >= STATEMENTS_CACHED) this.#statements.clear();
      this.#statements.set(text, statement);
    }
    if (this.#mode === 'outside') throw new AppError('bug', 'a statement outside of its transaction');
    if (!statement.readonly) {
      if (this.#mode === 'read') throw new AppError('bug', `a write in a read: ${text}`);
      this.wrote = true;
    }
    return statement;
  }
}

/** A broken uniqueness or reference is a `conflict`, as in PostgreSQL; the rest stays what it is. */
function sqliteError(thrown: unknown): Error {
  const error = toError(thrown);
  const code = 'code' in error ? String(error.code) : '';
  if (/^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY|FOREIGNKEY|TRIGGER)$/.test(code)) {
    return new AppError('conflict', `the store refuses it: ${error.message}`, { cause: error });
  }
  return error;
}
