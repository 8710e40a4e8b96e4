/**
 * Appends to logs in rows. Those of one turn of the event loop share a
 * transaction, and a row up to its limit.
 *
 * Always true: a row begins where the one before it ends, whatever other nodes
 * do meanwhile; nobody is told of a length that is not durable, also who gives
 * again what is still on its way; when an append fails, all that was accepted
 * after it fails with it, so that what comes next begins where the log ends.
 */
import { AppError, isCode, toError } from '@longshore/base';

import { StorageOut } from '../app/ports/store.ts';
import { newRecords, requireId } from './accept.ts';
import { appendChunks, storedLength, type RowDatabase, type RowSql } from './rows.ts';

export interface RowAppendsOptions {
  database: RowDatabase;
  /** Within the transaction that appends. */
  appending: (sql: RowSql, attemptId: string) => void;
  /** @param by how many bytes more */
  grown: (attemptId: string, length: number, by: number) => void;
}

/** Where a log goes on, as this node sees it. */
interface Tail {
  attemptId: string;
  /** By which it is known whether this one still counts. */
  reading: Promise<Tail>;
  /** An append to it failed: what it says of the end is wrong. */
  lost: boolean;
  /** Accepted up to here. */
  end: number;
  /** Of what was accepted last: the length, when it is durable. */
  last: Promise<number>;
  /** Accepted, and not given to the database yet. */
  waiting: Append | undefined;
}

interface Append {
  tail: Tail;
  start: number;
  end: number;
  bytes: Buffer[];
  done: PromiseWithResolvers<number>;
}

const TAILS_KEPT = 1000;

export class RowAppends {
  readonly #options: RowAppendsOptions;
  readonly #tails = new Map<string, Promise<Tail>>();
  #waiting: Append[] = [];
  #flushing: Promise<void> | undefined;

  constructor(options: RowAppendsOptions) {
    this.#options = options;
  }

  /** @returns the durable length @throws AppError as `LogStore.append` says */
  async append(attemptId: string, offset: number, records: Uint8Array): Promise<number> {
    requireId(attemptId, 'an attempt');
    let tail = await this.#tailOf(attemptId);
    while (tail.lost) tail = await this.#tailOf(attemptId);
    const fresh = newRecords({ attemptId, offset, records }, tail.end);
    if (fresh.length === 0) return tail.last;
    const append = tail.waiting ?? this.#begin(tail);
    append.bytes.push(fresh);
    append.end += fresh.length;
    tail.end = append.end;
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined));
    return append.done.promise;
  }

  /** The log's end is looked up anew: it was cut, or written over. */
  forget(attemptId: string): void {
    this.#tails.delete(attemptId);
  }

  /** Resolves when what was given before is stored, or has failed. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  #begin(tail: Tail): Append {
    const { end } = tail;
    const append = { tail, start: end, end, bytes: [], done: Promise.withResolvers<number>() };
    tail.waiting = append;
    tail.last = append.done.promise;
    this.#waiting.push(append);
    return append;
  }

  #tailOf(attemptId: string): Promise<Tail> {
    const known = this.#tails.get(attemptId);
    if (known !== undefined) return known;
    const reading: Promise<Tail> = this.#length(attemptId).then((end) => ({
      ...{ attemptId, reading, lost: false, end, waiting: undefined },
      last: Promise.resolve(end),
    }));
    this.#tails.set(attemptId, reading);
    reading.catch(() => this.forget(attemptId));
    return reading;
  }

  #length(attemptId: string): Promise<number> {
    return this.#options.database.read((sql) => storedLength(sql, attemptId));
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const appends = this.#waiting.splice(0);
      for (const { tail } of appends) tail.waiting = undefined;
      try {
        await this.#insert(appends);
      } catch (thrown) {
        await this.#failed(appends, toError(thrown));
      }
    }
    this.#forgetUnused();
  }

  async #insert(appends: Append[]): Promise<void> {
    const { database, appending, grown } = this.#options;
    await database.transact(
      async (sql) => {
        for (const append of appends) {
          const { attemptId } = append.tail;
          if (!(await appendChunks(sql, attemptId, append)))
            throw new AppError('conflict', `the log of attempt ${attemptId} does not end at ${append.start}`);
          appending(sql, attemptId);
        }
      },
      // Each statement sees what other nodes have committed by then, and a row's key decides between two.
      { isolation: 'readCommitted' },
    );
    for (const { tail, start, end, done } of appends) {
      done.resolve(end);
      grown(tail.attemptId, end, end - start);
    }
  }

  /** One log's trouble must not be the others': each by itself, unless the database takes none at all. */
  async #failed(appends: Append[], error: Error): Promise<void> {
    const [only, ...others] = appends;
    if (only === undefined) return;
    if (others.length === 0 || error instanceof StorageOut) {
      for (const append of appends) this.#lose(append);
      for (const append of appends) await this.#refuse(append, error);
      return;
    }
    for (const append of appends) {
      try {
        await this.#insert([append]);
      } catch (thrown) {
        await this.#failed([append], toError(thrown));
      }
    }
  }

  /** What was accepted after it would leave a gap: it fails too, and the next append looks where the log ends. */
  #lose({ tail, done }: Append): void {
    tail.lost = true;
    if (this.#tails.get(tail.attemptId) === tail.reading) this.forget(tail.attemptId);
    const { waiting } = tail;
    if (waiting === undefined) return;
    tail.waiting = undefined;
    this.#waiting = this.#waiting.filter((append) => append !== waiting);
    done.promise.catch((reason: unknown) => waiting.done.reject(reason));
  }

  async #refuse({ tail: { attemptId }, start, done }: Append, cause: Error): Promise<void> {
    const what = `storing output of attempt ${attemptId} at ${start}`;
    if (cause instanceof StorageOut) {
      const code = cause.code === 'noSpace' ? 'noSpace' : 'unavailable';
      done.reject(new StorageOut(code, `${what}: ${cause.message}`, { cause }));
      return;
    }
    const length = await this.#length(attemptId).catch(() => start);
    const code = isCode(cause, 'conflict') ? 'conflict' : 'unavailable';
    done.reject(new AppError(code, what, { cause, detail: { length } }));
  }

  /** Tails are cheap, but not without number. Nothing waits now. */
  #forgetUnused(): void {
    for (const attemptId of this.#tails.keys()) {
      if (this.#tails.size <= TAILS_KEPT) return;
      this.#tails.delete(attemptId);
    }
  }
}
