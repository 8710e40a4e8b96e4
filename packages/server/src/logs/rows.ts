/**
 * The rows of logs in PostgreSQL, as statements: chunks of whole records at
 * their offsets. Each finds its rows by where they begin, which the key has in
 * order: it costs the same at the end of a long log as at its beginning.
 */
import { scanRecords } from '@longshore/protocol/spool-record';

import { LOG_CHUNK_BYTES } from '../limits.ts';

type Value = string | number | Uint8Array;

/** What logs need of the database (`store/db.ts` has it). */
export interface RowDatabase {
  transact<T>(
    body: (sql: RowSql) => Promise<T>,
    options?: { isolation: 'serializable' | 'readCommitted' },
  ): Promise<{ value: T; durable: Promise<void> }>;
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

export interface ChunkRow {
  start_offset: number;
  end_offset: number;
  bytes: Buffer;
}

/** Records to be stored at `start`. */
export interface Chunks {
  start: number;
  bytes: Buffer[];
}

/** In the place of rows that were deleted. */
export async function insertChunks(sql: RowSql, attemptId: string, chunks: Chunks): Promise<void> {
  for (const { at, bytes } of rowsOf(chunks))
    await sql.run(
      'INSERT INTO log_chunks (attempt_id, start_offset, end_offset, bytes) VALUES (?, ?, ?, ?)',
      attemptId,
      at,
      at + bytes.length,
      bytes,
    );
}

/**
 * At the end of the log, and nowhere else: another node may have moved it meanwhile.
 *
 * @returns false when the log does not end where they begin; then this transaction must not be committed
 */
export async function appendChunks(sql: RowSql, attemptId: string, chunks: Chunks): Promise<boolean> {
  for (const { at, bytes } of rowsOf(chunks)) {
    const inserted = await sql.run(
      `INSERT INTO log_chunks (attempt_id, start_offset, end_offset, bytes) SELECT ?, ?::bigint, ?::bigint, ?::bytea
        WHERE COALESCE((SELECT end_offset FROM log_chunks WHERE attempt_id = ? ORDER BY start_offset DESC LIMIT 1), 0) = ?`,
      attemptId,
      at,
      at + bytes.length,
      bytes,
      attemptId,
      at,
    );
    if (inserted !== 1) return false;
  }
  return true;
}

/** The row that holds the byte at an offset; where there is none, the next one after it. */
export async function rowAt(sql: RowSql, attemptId: string, at: number): Promise<ChunkRow | undefined> {
  const row = await sql.get<ChunkRow>(
    'SELECT start_offset, end_offset, bytes FROM log_chunks WHERE attempt_id = ? AND start_offset <= ? ORDER BY start_offset DESC LIMIT 1',
    attemptId,
    at,
  );
  if (row !== undefined && row.end_offset > at) return row;
  return sql.get<ChunkRow>(
    'SELECT start_offset, end_offset, bytes FROM log_chunks WHERE attempt_id = ? AND start_offset > ? ORDER BY start_offset LIMIT 1',
    attemptId,
    at,
  );
}

/** The rows that hold anything of a range, in order. */
export function rowsIn(
  sql: RowSql,
  attemptId: string,
  { from, to }: { from: number; to: number },
): Promise<ChunkRow[]> {
  return sql.all<ChunkRow>(
    `SELECT start_offset, end_offset, bytes FROM log_chunks
      WHERE attempt_id = ? AND start_offset < ? AND end_offset > ?
        AND start_offset >= COALESCE((SELECT MAX(start_offset) FROM log_chunks WHERE attempt_id = ? AND start_offset <= ?), 0)
      ORDER BY start_offset`,
    attemptId,
    to,
    from,
    attemptId,
    from,
  );
}

export async function storedLength(sql: RowSql, attemptId: string): Promise<number> {
  const row = await sql.get<{ end_offset: number }>(
    'SELECT end_offset FROM log_chunks WHERE attempt_id = ? ORDER BY start_offset DESC LIMIT 1',
    attemptId,
  );
  return row?.end_offset ?? 0;
}

/** Whole records, joined to rows of at most the limit where records allow it. */
function rowsOf({ start, bytes }: Chunks): { at: number; bytes: Buffer }[] {
  const all = bytes.length === 1 && bytes[0] !== undefined ? bytes[0] : Buffer.concat(bytes);
  const rows: { at: number; bytes: Buffer }[] = [];
  let begin = 0;
  const cut = (end: number): void => {
    if (end > begin) rows.push({ at: start + begin, bytes: all.subarray(begin, end) });
    begin = end;
  };
  if (all.length > LOG_CHUNK_BYTES)
    scanRecords(
      all,
      (from, end) => {
        if (end - begin > LOG_CHUNK_BYTES) cut(from);
      },
      { verify: false },
    );
  cut(all.length);
  return rows;
}
