/**
 * Logs where several nodes share PostgreSQL: chunk rows of whole records at
 * their offsets. Appends of one turn of the event loop share a transaction,
 * and a row up to its limit. A row's key is where it begins, so that of two
 * nodes that append at one offset only one succeeds.
 */
import { createHash } from 'node:crypto';

import { AppError, isCode, notFound, toError, type Clock } from '@longshore/base';

import type { Appending, LogStore } from '../app/ports/log-store.ts';
import { StorageOut } from '../app/ports/store.ts';
import { goodRecordsWithin, scanRecords } from '@longshore/protocol/spool-record';
import { LOG_CHUNK_BYTES, LOG_RECOVER_READ_BYTES } from '../limits.ts';
import { committing, damagedAt, missingRecords, newRecords, requireId } from './accept.ts';
import { Followers } from './followers.ts';

type Value = string | number | Uint8Array;

/** What it needs of the database (`store/db.ts` has it). */
export interface RowDatabase {
  transact<T>(body: (sql: RowSql) => Promise<T>): Promise<{ value: T; durable: Promise<void> }>;
  read<T>(body: (sql: RowSql) => Promise<T>): Promise<T>;
  // A method, so that the database's own, wider statement type may stand here.
  notify(sql: never, topic: string, id: string): void;
  listen(topic: string, heard: (id: string) => void): () => void;
}

export interface RowSql {
  all<Row>(text: string, ...params: Value[]): Promise<Row[]>;
  get<Row>(text: string, ...params: Value[]): Promise<Row | undefined>;
  run(text: string, ...params: Value[]): Promise<number>;
}

interface ChunkRow {
  start_offset: number;
  end_offset: number;
  bytes: Buffer;
}

const NOTHING = Buffer.alloc(0);

interface Pending {
  bytes: Buffer[];
  /** Where the first of them goes. */
  start: number;
  end: number;
  done: PromiseWithResolvers<number>;
}

const TOPIC = 'log';

export class RowLogStore implements LogStore {
  readonly #database: RowDatabase;
  readonly #clock: Clock;
  readonly #followers = new Followers();
  /** Ends of the logs that this node appends to: accepted, not yet durable. */
  readonly #ends = new Map<string, Promise<{ end: number }>>();
  #pending = new Map<string, Pending>();
  #flushing: Promise<void> | undefined;
  readonly #stopListening: () => void;
  bytesStored = 0;

  constructor({ database, clock }: { database: RowDatabase; clock: Clock }) {
    this.#database = database;
    this.#clock = clock;
    this.#stopListening = database.listen(TOPIC, (attemptId) => void this.#heard(attemptId));
  }

  /** Its rows are the store's, whose own word counts. */
  readonly out = '';

  append(attemptId: string, offset: number, records: Uint8Array): Appending {
    return committing(this.#append(attemptId, offset, records));
  }

  async #append(attemptId: string, offset: number, records: Uint8Array): Promise<number> {
    const log = await this.#endOf(attemptId);
    const fresh = newRecords({ attemptId, offset, records }, log.end);
    const waiting = this.#pending.get(attemptId);
    if (fresh.length === 0 && waiting === undefined) {
      await this.#flushing;
      return log.end;
    }
    let pending = waiting;
    if (pending === undefined) {
      pending = { bytes: [], start: log.end, end: log.end, done: Promise.withResolvers<number>() };
      this.#pending.set(attemptId, pending);
    }
    pending.bytes.push(fresh);
    log.end += fresh.length;
    pending.end = log.end;
    this.#flushing ??= this.#flushAll().finally(() => (this.#flushing = undefined));
    return pending.done.promise;
  }

  appendMissing(attemptId: string, offset: number, bytes: number): Appending {
    return this.append(attemptId, offset, missingRecords(offset, bytes, this.#clock.now()));
  }

  length(attemptId: string): Promise<number> {
    requireId(attemptId, 'an attempt');
    return this.#database.read((sql) => storedLength(sql, attemptId));
  }

  async read(attemptId: string, offset: number, limit: number): Promise<Buffer> {
    requireId(attemptId, 'an attempt');
    const bytes = await this.#database.read(async (sql) => {
      const found: Buffer[] = [];
      // Rows one by one: the first may hold all that was asked for.
      for (let at = offset, have = 0; have < Math.max(1, limit);) {
        const row = await sql.get<ChunkRow>(
          'SELECT start_offset, end_offset, bytes FROM log_chunks WHERE attempt_id = ? AND end_offset > ? ORDER BY start_offset LIMIT 1',
          attemptId,
          at,
        );
        if (row === undefined) break;
        // A row that is gone, or not as long as it says: what is before it may be good.
        if (row.start_offset > at || row.bytes.length !== row.end_offset - row.start_offset) {
          if (have === 0) throw damagedAt(attemptId, offset);
          break;
        }
        found.push(row.bytes.subarray(at - row.start_offset));
        have += row.end_offset - at;
        at = row.end_offset;
      }
      return Buffer.concat(found);
    });
    const good = goodRecordsWithin(bytes, limit);
    if (good === 0 && bytes.length > 0) throw damagedAt(attemptId, offset);
    return bytes.subarray(0, good);
  }

  async readRaw(attemptId: string, range: { from: number; to: number }): Promise<Buffer> {
    requireId(attemptId, 'an attempt');
    const bytes = Buffer.alloc(range.to - range.from);
    for (const row of await this.#database.read((sql) => rowsIn(sql, attemptId, range))) {
      const skipped = Math.max(0, range.from - row.start_offset);
      row.bytes.copy(bytes, Math.max(0, row.start_offset - range.from), skipped);
    }
    return bytes;
  }

  async rewrite(attemptId: string, offset: number, records: Uint8Array): Promise<void> {
    requireId(attemptId, 'an attempt');
    const range = { from: offset, to: offset + records.length };
    await this.#flushing;
    const { durable } = await this.#database.transact(async (sql) => {
      const rows = await rowsIn(sql, attemptId, range);
      const [first, last] = [rows[0], rows.at(-1)];
      const start = Math.min(offset, first?.start_offset ?? offset);
      const before = first?.bytes.subarray(0, Math.max(0, offset - first.start_offset)) ?? NOTHING;
      const after = last?.bytes.subarray(Math.max(0, range.to - last.start_offset)) ?? NOTHING;
      for (const row of rows)
        await sql.run(
          'DELETE FROM log_chunks WHERE attempt_id = ? AND start_offset = ?',
          attemptId,
          row.start_offset,
        );
      await insertChunks(sql, attemptId, { start, bytes: [before, Buffer.from(records), after] });
      this.#database.notify(sql as never, TOPIC, attemptId);
    });
    await durable;
    this.#ends.delete(attemptId);
    this.#followers.tell(attemptId, await this.length(attemptId));
  }

  follow(attemptId: string, grown: (length: number) => void): () => void {
    return this.#followers.add(attemptId, grown);
  }

  /** Rows are whole by their transaction: nothing can be torn, but damaged. Forgets what this node thought the end was. */
  async recover(attemptId: string, verified = 0): Promise<number> {
    this.#ends.delete(attemptId);
    const length = await this.length(attemptId);
    for (let at = Math.min(verified, length); at < length;) {
      try {
        at += (await this.read(attemptId, at, LOG_RECOVER_READ_BYTES)).length;
      } catch (thrown) {
        if (!isCode(thrown, 'corrupt')) throw thrown;
        await this.truncate(attemptId, at);
        return at;
      }
    }
    return length;
  }

  async truncate(attemptId: string, length: number): Promise<void> {
    requireId(attemptId, 'an attempt');
    await this.#flushing;
    await this.#database.transact(async (sql) => {
      await sql.run('DELETE FROM log_chunks WHERE attempt_id = ? AND start_offset >= ?', attemptId, length);
      await sql.run(
        'UPDATE log_chunks SET end_offset = ?, bytes = substring(bytes FROM 1 FOR (?::bigint - start_offset)::int) WHERE attempt_id = ? AND end_offset > ?',
        length,
        length,
        attemptId,
        length,
      );
    });
    this.#ends.delete(attemptId);
  }

  async delete(attemptId: string): Promise<void> {
    this.#ends.delete(attemptId);
    await this.#database.transact((sql) =>
      sql.run('DELETE FROM log_chunks WHERE attempt_id = ?', requireId(attemptId, 'an attempt')),
    );
  }

  async putArtifact(artifactId: string, offset: number, content: Uint8Array): Promise<number> {
    requireId(artifactId, 'an artifact');
    const { value } = await this.#database.transact(async (sql) => {
      const length = await artifactLength(sql, artifactId);
      if (offset > length) {
        throw new AppError(
          'conflict',
          `artifact ${artifactId} at ${offset} leaves a gap: ${length} bytes are stored`,
          { detail: { length } },
        );
      }
      const fresh = content.subarray(Math.min(content.length, length - offset));
      // An empty artifact has one empty chunk: it is there.
      if (fresh.length > 0 || content.length === 0)
        await sql.run(
          'INSERT INTO artifact_chunks (artifact_id, start_offset, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
          artifactId,
          length,
          fresh,
        );
      return length + fresh.length;
    });
    return value;
  }

  async finishArtifact(artifactId: string, digest: string): Promise<number> {
    const hash = createHash('sha256');
    let length = 0;
    for await (const chunk of this.#artifactChunks(artifactId)) {
      hash.update(chunk);
      length += chunk.length;
    }
    if (hash.digest('hex') === digest.toLowerCase()) return length;
    await this.#database.transact((sql) =>
      sql.run('DELETE FROM artifact_chunks WHERE artifact_id = ?', artifactId),
    );
    throw new AppError(
      'corrupt',
      `the SHA-256 of artifact ${artifactId} (${length} bytes) differs from what its sender said`,
    );
  }

  async *readArtifact(artifactId: string): AsyncIterable<Buffer> {
    let found = false;
    for await (const chunk of this.#artifactChunks(artifactId)) {
      found = true;
      yield chunk;
    }
    if (!found) throw notFound('artifact', artifactId);
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.#flushing;
  }

  async *#artifactChunks(artifactId: string): AsyncIterable<Buffer> {
    requireId(artifactId, 'an artifact');
    for (let at = 0; ;) {
      const row = await this.#database.read((sql) =>
        sql.get<{ bytes: Buffer }>(
          'SELECT bytes FROM artifact_chunks WHERE artifact_id = ? AND start_offset = ?',
          artifactId,
          at,
        ),
      );
      if (row === undefined) return;
      yield row.bytes;
      if (row.bytes.length === 0) return;
      at += row.bytes.length;
    }
  }

  #endOf(attemptId: string): Promise<{ end: number }> {
    let end = this.#ends.get(requireId(attemptId, 'an attempt'));
    if (end === undefined) {
      end = this.length(attemptId).then((length) => ({ end: length }));
      this.#ends.set(attemptId, end);
      end.catch(() => this.#ends.delete(attemptId));
    }
    return end;
  }

  async #flushAll(): Promise<void> {
    while (this.#pending.size > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#pending;
      this.#pending = new Map();
      try {
        await this.#insert(batch);
      } catch (thrown) {
        // One log's trouble must not be the others': each by itself.
        for (const [attemptId, pending] of batch)
          await this.#insertOne(attemptId, pending, batch.size === 1 ? toError(thrown) : undefined);
      }
    }
  }

  async #insert(batch: Map<string, Pending>): Promise<void> {
    await this.#database.transact(async (sql) => {
      for (const [attemptId, chunks] of batch) {
        await insertChunks(sql, attemptId, chunks);
        this.#database.notify(sql as never, TOPIC, attemptId);
      }
    });
    for (const [attemptId, { start, end, done }] of batch) {
      this.bytesStored += end - start;
      done.resolve(end);
      this.#followers.tell(attemptId, end);
      this.#forgetUnused();
    }
  }

  async #insertOne(attemptId: string, pending: Pending, known: Error | undefined): Promise<void> {
    try {
      if (known !== undefined) throw known;
      await this.#insert(new Map([[attemptId, pending]]));
    } catch (thrown) {
      // Another node has appended meanwhile, or the database is away: look again at the next append.
      this.#ends.delete(attemptId);
      const length = await this.length(attemptId).catch(() => pending.start);
      const what = `storing output of attempt ${attemptId} at ${pending.start}`;
      pending.done.reject(
        thrown instanceof StorageOut
          ? new StorageOut(
              thrown.code === 'noSpace' ? 'noSpace' : 'unavailable',
              `${what}: ${thrown.message}`,
              {
                cause: thrown,
              },
            )
          : new AppError(isCode(thrown, 'conflict') ? 'conflict' : 'unavailable', what, {
              cause: thrown,
              detail: { length },
            }),
      );
    }
  }

  /** Ends are cheap, but not without number. */
  #forgetUnused(): void {
    for (const attemptId of this.#ends.keys()) {
      if (this.#ends.size <= ENDS_KEPT) return;
      if (!this.#pending.has(attemptId)) this.#ends.delete(attemptId);
    }
  }

  async #heard(attemptId: string): Promise<void> {
    if (!this.#followers.has(attemptId)) return;
    const length = await this.length(attemptId).catch(() => 0);
    if (length > 0) this.#followers.tell(attemptId, length);
  }
}

const ENDS_KEPT = 1000;

async function insertChunks(
  sql: RowSql,
  attemptId: string,
  { start, bytes }: { start: number; bytes: Buffer[] },
): Promise<void> {
  let at = start;
  for (const chunk of chunksOf(bytes)) {
    await sql.run(
      'INSERT INTO log_chunks (attempt_id, start_offset, end_offset, bytes) VALUES (?, ?, ?, ?)',
      attemptId,
      at,
      at + chunk.length,
      chunk,
    );
    at += chunk.length;
  }
}

function rowsIn(
  sql: RowSql,
  attemptId: string,
  { from, to }: { from: number; to: number },
): Promise<ChunkRow[]> {
  return sql.all<ChunkRow>(
    'SELECT start_offset, end_offset, bytes FROM log_chunks WHERE attempt_id = ? AND end_offset > ? AND start_offset < ? ORDER BY start_offset',
    attemptId,
    from,
    to,
  );
}

async function storedLength(sql: RowSql, attemptId: string): Promise<number> {
  const row = await sql.get<{ end_offset: number }>(
    'SELECT end_offset FROM log_chunks WHERE attempt_id = ? ORDER BY start_offset DESC LIMIT 1',
    attemptId,
  );
  return row?.end_offset ?? 0;
}

async function artifactLength(sql: RowSql, artifactId: string): Promise<number> {
  const row = await sql.get<{ length: number }>(
    'SELECT start_offset + octet_length(bytes) AS length FROM artifact_chunks WHERE artifact_id = ? ORDER BY start_offset DESC LIMIT 1',
    artifactId,
  );
  return row?.length ?? 0;
}

/** Whole records, joined to rows of at most the limit where records allow it. */
function chunksOf(bytes: Buffer[]): Buffer[] {
  const all = bytes.length === 1 && bytes[0] !== undefined ? bytes[0] : Buffer.concat(bytes);
  if (all.length <= LOG_CHUNK_BYTES) return all.length === 0 ? [] : [all];
  const chunks: Buffer[] = [];
  let start = 0;
  scanRecords(
    all,
    (from, end) => {
      if (end - start > LOG_CHUNK_BYTES && from > start) {
        chunks.push(all.subarray(start, from));
        start = from;
      }
    },
    { verify: false },
  );
  chunks.push(all.subarray(start));
  return chunks;
}
