/**
 * The embedded database: one connection that never closes while the server
 * lives, WAL, `synchronous=NORMAL`; durability is `durability.ts`'s, and the
 * WAL is kept short by `checkpoint.ts`.
 *
 * Always true: one body runs at a time, for they share the connection. Its
 * statements run at once on this thread, so that a body takes microtasks, no
 * turns of the event loop. A body that asked for another transaction would
 * wait for itself, so that is refused.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { open as openFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import openDatabase, { type Database as Connection } from 'better-sqlite3';

import { AppError, Mutex, type Logger } from '@longshore/base';

import { StorageOut } from '../app/ports/store.ts';
import { Announcements } from './announcements.ts';
import { Checkpointer } from './checkpoint.ts';
import type { Database, Sql } from './db.ts';
import { dataSync, GroupSync, syncDirectory, type GroupSyncEvents } from './durability.ts';
import { SqliteSql } from './sqlite-sql.ts';

export interface SqliteOptions {
  /** The database file; its directory exists. */
  path: string;
  logger: Logger;
  /** `failed` must end the process. */
  events: GroupSyncEvents;
  /** For tests of durability: takes the place of fdatasync. */
  sync?: (fd: number) => Promise<void>;
}

export async function openSqlite(options: SqliteOptions): Promise<SqliteDatabase> {
  const connection = openDatabase(options.path);
  try {
    for (const pragma of [
      'journal_mode = WAL',
      'synchronous = NORMAL',
      'wal_autocheckpoint = 0',
      'foreign_keys = ON',
      'busy_timeout = 5000',
      'cache_size = -4000',
      'temp_store = MEMORY',
    ]) {
      connection.pragma(pragma);
    }
    // The first read in WAL mode makes the WAL, or recovers one that a killed server left.
    connection.prepare('SELECT count(*) FROM sqlite_schema').get();
    const wal = await openFile(`${options.path}-wal`, 'r');
    await syncDirectory(dirname(options.path));
    await wal.datasync();
    return new SqliteDatabase(connection, wal, options);
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
}

export class SqliteDatabase implements Database {
  readonly dialect = 'sqlite';
  readonly #connection: Connection;
  readonly #wal: FileHandle;
  readonly #mutex = new Mutex();
  readonly #groups: GroupSync;
  readonly #checkpointer: Checkpointer;
  readonly #announcements: Announcements;
  readonly #sql: SqliteSql;
  /** The body whose call this is, to refuse one inside another. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();
  readonly #begin: { run(): unknown };
  readonly #commit: { run(): unknown };
  readonly #rollback: { run(): unknown };
  #closing: Promise<void> | undefined;

  constructor(connection: Connection, wal: FileHandle, options: SqliteOptions) {
    this.#connection = connection;
    this.#wal = wal;
    const sync = options.sync ?? dataSync;
    this.#groups = new GroupSync(() => sync(wal.fd), options.events);
    this.#announcements = new Announcements(options.logger);
    this.#sql = new SqliteSql(connection);
    this.#checkpointer = new Checkpointer({
      path: options.path,
      logger: options.logger,
      alone: (section) => this.#mutex.run(section),
    });
    this.#begin = connection.prepare('BEGIN IMMEDIATE');
    this.#commit = connection.prepare('COMMIT');
    this.#rollback = connection.prepare('ROLLBACK');
  }

  async transact<T>(body: (sql: Sql) => Promise<T>): Promise<{ value: T; durable: Promise<void> }> {
    this.#refuseNested();
    return this.#mutex.run(async () => {
      this.#refuseClosed();
      let value: T;
      try {
        this.#begin.run();
        value = await this.#run('write', body);
        this.#commit.run();
      } catch (thrown) {
        this.#announcements.drop(this.#sql);
        // A full disk, say, makes SQLite roll back by itself.
        if (this.#connection.inTransaction) this.#rollback.run();
        throw storageOut(thrown);
      }
      const durable = this.#sql.wrote ? this.#groups.committed() : this.durable();
      if (this.#sql.wrote) this.#checkpointer.committed();
      this.#announcements.publish(this.#sql);
      return { value, durable };
    });
  }

  async read<T>(body: (sql: Sql) => Promise<T>): Promise<T> {
    this.#refuseNested();
    const value = await this.#mutex.run(() => {
      this.#refuseClosed();
      return this.#run('read', body);
    });
    const pending = this.#groups.pending();
    if (pending !== undefined) await pending;
    return value;
  }

  /** One server has this database, so that a transaction is alone anyway. */
  async alone<T>(body: (sql: Sql) => Promise<T>): Promise<T> {
    const { value, durable } = await this.transact(body);
    await durable;
    return value;
  }

  durable(): Promise<void> {
    return this.#groups.pending() ?? Promise.resolve();
  }

  notify(sql: Sql, topic: string, id: string): void {
    this.#announcements.add(sql, topic, id);
  }

  listen(topic: string, heard: (id: string) => void): () => void {
    return this.#announcements.listen(topic, heard);
  }

  /** Moves the WAL into the database file: what a copy of that file alone must hold. */
  checkpoint(): Promise<void> {
    return this.#checkpointer.checkpoint();
  }

  /** Waits for bodies under way and for all commits to be durable. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#mutex.run(async () => undefined);
    await this.durable();
    await this.#checkpointer.close();
    // The last connection to close moves the WAL into the database and deletes it.
    this.#connection.close();
    await this.#wal.close();
  }

  async #run<T>(mode: 'read' | 'write', body: (sql: Sql) => Promise<T>): Promise<T> {
    const inside = { open: true };
    this.#sql.enter(mode);
    try {
      return await this.#inside.run(inside, body, this.#sql);
    } finally {
      inside.open = false;
      this.#sql.leave();
    }
  }

  #refuseNested(): void {
    if (this.#inside.getStore()?.open === true)
      throw new AppError('bug', 'a transaction inside a transaction would wait for itself');
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new AppError('unavailable', 'the store is closed');
  }
}

/** What SQLite says of a disk that takes nothing, in words of ours; the rest stays what it is. */
function storageOut(thrown: unknown): unknown {
  const { code } = thrown as { code?: unknown };
  if (typeof code !== 'string' || !/^SQLITE_(FULL|IOERR)/.test(code)) return thrown;
  const full = code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE';
  return new StorageOut(
    full ? 'noSpace' : 'unavailable',
    full
      ? "the disk of the server's database is full: nothing can be stored until it has room"
      : `the server's database can't be written (${code})`,
    { cause: thrown },
  );
}
