/**
 * Logs where several nodes share PostgreSQL: chunk rows of whole records at
 * their offsets, each beginning where the one before it ends. Appends are
 * row-appends.ts; here is all else.
 */
import { createHash } from 'node:crypto';

import { AppError, isCode, notFound, type Clock } from '@longshore/base';

import type { Appending, LogStore } from '../app/ports/log-store.ts';
import { goodRecordsWithin } from '@longshore/protocol/spool-record';
import { LOG_RECOVER_READ_BYTES } from '../limits.ts';
import { committing, damagedAt, missingRecords, requireId } from './accept.ts';
import { Followers } from './followers.ts';
import { RowAppends } from './row-appends.ts';
import { insertChunks, rowAt, rowsIn, storedLength, type RowDatabase, type RowSql } from './rows.ts';

const NOTHING = Buffer.alloc(0);

const TOPIC = 'log';

export class RowLogStore implements LogStore {
  readonly #database: RowDatabase;
  readonly #clock: Clock;
  readonly #followers = new Followers();
  readonly #appends: RowAppends;
  readonly #stopListening: () => void;
  bytesStored = 0;

  constructor({ database, clock }: { database: RowDatabase; clock: Clock }) {
    this.#database = database;
    this.#clock = clock;
    this.#appends = new RowAppends({
      database,
      appending: (sql, attemptId) => database.notify(sql as never, TOPIC, attemptId),
      grown: (attemptId, length, by) => {
        this.bytesStored += by;
        this.#followers.tell(attemptId, length);
      },
    });
    this.#stopListening = database.listen(TOPIC, (attemptId) => void this.#heard(attemptId));
  }

  /** Its rows are the store's, whose own word counts. */
  readonly out = '';

  append(attemptId: string, offset: number, records: Uint8Array): Appending {
    return committing(this.#appends.append(attemptId, offset, records));
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
        const row = await rowAt(sql, attemptId, at);
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
    await this.#appends.settled();
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
    this.#appends.forget(attemptId);
    this.#followers.tell(attemptId, await this.length(attemptId));
  }

  follow(attemptId: string, grown: (length: number) => void): () => void {
    return this.#followers.add(attemptId, grown);
  }

  /** Rows are whole by their transaction: nothing can be torn, but damaged. Forgets what this node thought the end was. */
  async recover(attemptId: string, verified = 0): Promise<number> {
    this.#appends.forget(attemptId);
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
    await this.#appends.settled();
    await this.#database.transact(async (sql) => {
      await sql.run('DELETE FROM log_chunks WHERE attempt_id = ? AND start_offset >= ?', attemptId, length);
      await sql.run(
        `UPDATE log_chunks SET end_offset = ?, bytes = substring(bytes FROM 1 FOR (?::bigint - start_offset)::int)
          WHERE attempt_id = ? AND start_offset = (SELECT MAX(start_offset) FROM log_chunks WHERE attempt_id = ?) AND end_offset > ?`,
        length,
        length,
        attemptId,
        attemptId,
        length,
      );
    });
    this.#appends.forget(attemptId);
  }

  async delete(attemptId: string): Promise<void> {
    this.#appends.forget(attemptId);
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
    await this.#appends.settled();
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

  async #heard(attemptId: string): Promise<void> {
    if (!this.#followers.has(attemptId)) return;
    const length = await this.length(attemptId).catch(() => 0);
    if (length > 0) this.#followers.tell(attemptId, length);
  }
}

async function artifactLength(sql: RowSql, artifactId: string): Promise<number> {
  const row = await sql.get<{ length: number }>(
    'SELECT start_offset + octet_length(bytes) AS length FROM artifact_chunks WHERE artifact_id = ? ORDER BY start_offset DESC LIMIT 1',
    artifactId,
  );
  return row?.length ?? 0;
}
