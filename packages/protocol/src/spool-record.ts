/**
 * The record of the spool: how an attempt's output stands on the agent's disk,
 * on the wire and in the server's store, byte for byte the same. All integers
 * are big-endian.
 *
 *   offset  size  field
 *        0     4  u32  length of the payload, 1 … 65,536 (a record is never empty)
 *        4     4  u32  CRC-32 (zlib) of all that follows it: header bytes 8 … 23, then the payload
 *        8     1  u8   stream: 1 standard output, 2 standard error, 3 marker
 *        9     1  u8   version of this format: 1
 *       10     2  u16  zero
 *       12     8  f64  milliseconds since the epoch at which the bytes were read (an IEEE double)
 *       20     4  u32  zero
 *       24     …  payload: the bytes as read; a marker's is UTF-8 JSON (`Marker`)
 *
 * Always true: a cursor is a record boundary; offsets count every byte,
 * headers included, across segments; bytes after the last whole record are a
 * torn write and may be cut off, nothing else may.
 */
import { crc32 } from 'node:zlib';

import { AppError } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

export const RECORD_HEADER_BYTES = 24;
export const RECORD_PAYLOAD_LIMIT_BYTES = 64 * 1024;
/** The longest record, header included. */
export const RECORD_LIMIT_BYTES = RECORD_HEADER_BYTES + RECORD_PAYLOAD_LIMIT_BYTES;
export const RECORD_VERSION = 1;

/** What the stream byte says. */
export const RECORD_STREAMS = { stdout: 1, stderr: 2, marker: 3 } as const;
export type RecordStream = keyof typeof RECORD_STREAMS;

const STREAM_NAMES: readonly (RecordStream | undefined)[] = [undefined, 'stdout', 'stderr', 'marker'];

/** Where CRC-32 begins to count. */
const CHECKED_FROM = 8;

/** Says in the log that bytes are not there, and which. */
export type Marker =
  /** These spool offsets can't be fetched any more. */
  | { missing: { from: number; to: number } }
  /** The log has reached its largest size: so many bytes of output of each stream were dropped from here on. */
  | { dropped: { stdout: number; stderr: number } };

export interface SpoolRecord {
  stream: RecordStream;
  /** Milliseconds since the epoch. */
  time: number;
  /** A view into the scanned buffer, not a copy. */
  payload: Buffer;
  /** Where the record begins and ends in the scanned buffer. */
  start: number;
  end: number;
}

/**
 * How a scan ended. `whole` is the end of the last whole record;
 * `torn`: what follows may be the beginning of a record (more bytes may come,
 * or a crash cut it); `corrupt`: it can't be.
 */
export interface ScanEnd {
  whole: number;
  rest: 'none' | 'torn' | 'corrupt';
}

/** Called for each record with positions in the buffer: allocates nothing. Returning false stops the scan before this record. */
export type RecordVisit = (start: number, end: number, stream: number, time: number) => boolean | void;

/** Bytes that `payloadBytes` of output take as records, headers included. */
export function encodedBytes(payloadBytes: number): number {
  return payloadBytes + Math.ceil(payloadBytes / RECORD_PAYLOAD_LIMIT_BYTES) * RECORD_HEADER_BYTES;
}

/**
 * Writes the header for a payload that stands already at `at + 24` in `target`.
 *
 * @returns the end of the record
 */
export function sealRecord(
  target: Buffer,
  at: number,
  { stream, time, length }: { stream: RecordStream; time: number; length: number },
): number {
  if (length < 1 || length > RECORD_PAYLOAD_LIMIT_BYTES) {
    throw new AppError(
      'bug',
      `a spool record of ${length} bytes; it takes 1 to ${RECORD_PAYLOAD_LIMIT_BYTES}`,
    );
  }
  const end = at + RECORD_HEADER_BYTES + length;
  target.writeUInt32BE(length, at);
  target.writeUInt32BE(RECORD_STREAMS[stream] * 0x1000000 + RECORD_VERSION * 0x10000, at + 8);
  target.writeDoubleBE(time, at + 12);
  target.writeUInt32BE(0, at + 20);
  target.writeUInt32BE(crc32(target.subarray(at + CHECKED_FROM, end)), at + 4);
  return end;
}

/**
 * Writes bytes of one stream into `target` at `at` as one or more records.
 * The caller has made room: `encodedBytes(bytes.length)`.
 *
 * @returns the end of the last record
 */
export function writeRecords(
  target: Buffer,
  at: number,
  { stream, time, bytes }: { stream: RecordStream; time: number; bytes: Uint8Array },
): number {
  let end = at;
  for (let from = 0; from < bytes.length; from += RECORD_PAYLOAD_LIMIT_BYTES) {
    const length = Math.min(RECORD_PAYLOAD_LIMIT_BYTES, bytes.length - from);
    target.set(
      length === bytes.length ? bytes : bytes.subarray(from, from + length),
      end + RECORD_HEADER_BYTES,
    );
    end = sealRecord(target, end, { stream, time, length });
  }
  return end;
}

/** Bytes of one stream as a buffer of records. */
export function encodeRecords(stream: RecordStream, time: number, bytes: Uint8Array): Buffer {
  const target = Buffer.allocUnsafe(encodedBytes(bytes.length));
  writeRecords(target, 0, { stream, time, bytes });
  return target;
}

/**
 * A marker that is exactly `bytes` long with its header: its words, filled up with spaces. Where there is no room for
 * the words it is spaces alone, which says: what is missing is what this record stands for.
 */
export function encodeMissing(
  target: Buffer,
  at: number,
  { time, from, bytes }: { time: number; from: number; bytes: number },
): void {
  const words = Buffer.from(JSON.stringify({ missing: { from, to: from + bytes } } satisfies Marker));
  const length = bytes - RECORD_HEADER_BYTES;
  target.fill(0x20, at, at + bytes);
  if (words.length <= length) words.copy(target, at + RECORD_HEADER_BYTES);
  sealRecord(target, at, { stream: 'marker', time, length });
}

export function encodeMarker(time: number, marker: Marker): Buffer {
  return encodeRecords('marker', time, Buffer.from(JSON.stringify(marker)));
}

/**
 * @param from where its record begins
 * @throws AppError `corrupt` when the payload is not a marker's
 */
export function decodeMarker(payload: Uint8Array, from = 0): Marker {
  const words = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString().trim();
  if (words === '') return { missing: { from, to: from + RECORD_HEADER_BYTES + payload.length } };
  return readJson(words, MARKER, 'a marker of a spool');
}

const MARKER: Shape<Marker> = (value, field) => {
  const missing = shape.fields({ missing: shape.fields({ from: shape.count, to: shape.count }) })(
    value,
    field,
  );
  const dropped = shape.fields({ dropped: shape.fields({ stdout: shape.count, stderr: shape.count }) });
  return missing === '' || dropped(value, field) === '' ? '' : missing;
};

/**
 * Visits the whole records of `buffer` from `from` on.
 *
 * @param verify false checks lengths and headers only, for bytes that were verified before
 */
export function scanRecords(
  buffer: Buffer,
  visit?: RecordVisit,
  { from = 0, verify = true }: { from?: number; verify?: boolean } = {},
): ScanEnd {
  let at = from;
  while (at < buffer.length) {
    if (buffer.length - at < RECORD_HEADER_BYTES) return { whole: at, rest: 'torn' };
    const length = buffer.readUInt32BE(at);
    const kind = buffer.readUInt32BE(at + 8);
    const stream = kind >>> 24;
    if (
      length < 1 ||
      length > RECORD_PAYLOAD_LIMIT_BYTES ||
      (kind & 0xffffff) !== RECORD_VERSION << 16 ||
      STREAM_NAMES[stream] === undefined
    ) {
      return { whole: at, rest: 'corrupt' };
    }
    const end = at + RECORD_HEADER_BYTES + length;
    if (end > buffer.length) return { whole: at, rest: 'torn' };
    if (verify && crc32(buffer.subarray(at + CHECKED_FROM, end)) !== buffer.readUInt32BE(at + 4))
      return { whole: at, rest: 'corrupt' };
    if (visit?.(at, end, stream, buffer.readDoubleBE(at + 12)) === false) return { whole: at, rest: 'none' };
    at = end;
  }
  return { whole: at, rest: 'none' };
}

/**
 * The records of a buffer that holds whole records only.
 *
 * @throws AppError `corrupt` where it does not
 */
export function decodeRecords(buffer: Buffer): SpoolRecord[] {
  const records: SpoolRecord[] = [];
  const { whole, rest } = scanRecords(buffer, (start, end, stream, time) => {
    records.push({
      stream: streamName(stream),
      time,
      payload: buffer.subarray(start + RECORD_HEADER_BYTES, end),
      start,
      end,
    });
  });
  if (rest !== 'none')
    throw new AppError('corrupt', `spool records end ${rest} at ${whole} of ${buffer.length} bytes`, {
      detail: { whole },
    });
  return records;
}

export function streamName(stream: number): RecordStream {
  const name = STREAM_NAMES[stream];
  if (name === undefined) throw new AppError('corrupt', `stream ${stream} of a spool record`);
  return name;
}

/** The end of the last whole record: where a crash's torn tail is cut. */
export function lastWholeRecord(buffer: Buffer): number {
  return scanRecords(buffer).whole;
}

/**
 * The end of the last record that ends at or before `limit`, by lengths only;
 * of the first record when that alone is longer; 0 when not even one is whole.
 */
export function recordsWithin(buffer: Buffer, limit: number): number {
  let fits = 0;
  scanRecords(buffer, (_start, end) => (end <= limit || fits === 0 ? ((fits = end), true) : false), {
    verify: false,
  });
  return fits;
}

export interface Range {
  from: number;
  to: number;
}

/**
 * The parts of a buffer of whole records that are none: each begins where a
 * record should, and ends where the next good one does (or the buffer).
 */
export function damagedRanges(buffer: Buffer): Range[] {
  const ranges: Range[] = [];
  for (let at = 0; at < buffer.length;) {
    let last = at;
    const { whole } = scanRecords(buffer, (start) => void (last = start), { from: at });
    if (whole === buffer.length) break;
    const to = nextRecord(buffer, whole);
    // A stump that is shorter than any record goes with the record before it.
    ranges.push({ from: to - whole > RECORD_HEADER_BYTES ? whole : last, to });
    at = to;
  }
  return ranges;
}

/** Where the first good record after a bad one begins: where the bad one's own length says, or else the next that can be found. */
function nextRecord(buffer: Buffer, bad: number): number {
  if (bad + RECORD_HEADER_BYTES < buffer.length) {
    const end = bad + RECORD_HEADER_BYTES + buffer.readUInt32BE(bad);
    if (end > bad + RECORD_HEADER_BYTES && (end === buffer.length || isRecord(buffer, end))) return end;
  }
  for (let at = bad + RECORD_HEADER_BYTES + 1; at + RECORD_HEADER_BYTES < buffer.length; at += 1)
    if (isRecord(buffer, at)) return at;
  return buffer.length;
}

function isRecord(buffer: Buffer, at: number): boolean {
  if (at + RECORD_HEADER_BYTES > buffer.length) return false;
  const end = at + RECORD_HEADER_BYTES + buffer.readUInt32BE(at);
  return end <= buffer.length && scanRecords(buffer.subarray(at, end)).whole === end - at;
}

/**
 * The end of the last record that ends at or before `limit`, all of them with
 * a right check sum; of the first record when that alone is longer; 0 when
 * that is damaged, or not whole.
 */
export function goodRecordsWithin(buffer: Buffer, limit: number): number {
  let fits = 0;
  scanRecords(buffer, (_start, end) => (end <= limit || fits === 0 ? ((fits = end), true) : false));
  return fits;
}
