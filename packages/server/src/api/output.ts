/**
 * An attempt's stored output, read by range: as the script's own bytes, as the
 * records themselves, or as lines of text. Memory is one chunk
 * (DOWNLOAD_READ_BYTES) whatever the length.
 */
import { AppError } from '@longshore/base';
import { RECORD_HEADER_BYTES, RECORD_STREAMS, scanRecords } from '@longshore/protocol/spool-record';

import type { LogStore } from '../app/ports/log-store.ts';
import type { OutputText } from '../app/ports/output-text.ts';
import { DOWNLOAD_READ_BYTES } from '../limits.ts';

type Logs = Pick<LogStore, 'read' | 'length'>;

export interface OutputRange {
  stream: 'stdout' | 'stderr' | 'all';
  /** Spool offsets of records. */
  from: number;
  to: number;
}

/** Payloads of one stream or of both, in the order of reading. Markers are left out. */
export async function* outputBytes(
  logs: Logs,
  attemptId: string,
  range: OutputRange,
): AsyncGenerator<Buffer> {
  const end = Math.min(range.to, await logs.length(attemptId));
  for await (const { chunk, at } of chunks(logs, attemptId, { from: range.from, to: end })) {
    const payload = payloads(chunk, { stream: range.stream, limit: end - at });
    if (payload.length > 0) yield payload;
  }
}

/** Whole records, as stored. */
export async function* spoolBytes(logs: Logs, attemptId: string, from: number): AsyncGenerator<Buffer> {
  const to = await logs.length(attemptId);
  for await (const { chunk } of chunks(logs, attemptId, { from, to })) yield chunk;
}

async function* chunks(
  logs: Logs,
  attemptId: string,
  { from, to }: { from: number; to: number },
): AsyncGenerator<{ chunk: Buffer; at: number }> {
  let at = from;
  while (at < to) {
    const chunk = await logs.read(attemptId, at, DOWNLOAD_READ_BYTES);
    if (chunk.length === 0) return;
    yield { chunk, at };
    at += chunk.length;
  }
}

/** One buffer of all wanted payloads of a chunk: a record may be a single line, and a write for each would cost more. */
function payloads(
  chunk: Buffer,
  { stream, limit }: { stream: OutputRange['stream']; limit: number },
): Buffer {
  const target = Buffer.allocUnsafe(chunk.length);
  let filled = 0;
  const wanted = stream === 'all' ? 0 : RECORD_STREAMS[stream];
  const { rest, whole } = scanRecords(
    chunk,
    (start, end, kind) => {
      if (end > limit) return false;
      if (kind === RECORD_STREAMS.marker || (wanted !== 0 && kind !== wanted)) return true;
      filled += chunk.copy(target, filled, start + RECORD_HEADER_BYTES, end);
      return true;
    },
    { verify: false },
  );
  if (rest !== 'none') throw notABoundary(whole);
  return target.subarray(0, filled);
}

function notABoundary(whole: number): AppError {
  return new AppError(
    'invalid',
    `from: no record begins there (or ${whole} bytes after it); expected the offset of a record`,
  );
}

/** Lines of one stream, for a reason that a person reads: at most so many bytes from the beginning. */
export function outputText(logs: Logs): OutputText {
  return async (attemptId, { limitBytes, ...range }) => {
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of outputBytes(logs, attemptId, range)) {
      parts.push(part);
      length += part.length;
      if (length >= limitBytes) break;
    }
    const text = Buffer.concat(parts).subarray(0, limitBytes).toString();
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  };
}
