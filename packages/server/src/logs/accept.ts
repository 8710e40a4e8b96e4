/** What of an append is new and right; shared by both log stores. */
import {
  scanRecords,
  RECORD_HEADER_BYTES,
  RECORD_LIMIT_BYTES,
  encodeMissing,
} from '@longshore/protocol/spool-record';

import { AppError, isDiskFull, isId, toError } from '@longshore/base';

import type { Appending } from '../app/ports/log-store.ts';
import { StorageOut } from '../app/ports/store.ts';

/** Ids become file names and keys: nothing else may. */
export function requireId(id: string, what: string): string {
  if (!isId(id)) throw new AppError('invalid', `an id of ${what} of ${id.length} characters is not one`);
  return id;
}

export interface Append {
  attemptId: string;
  offset: number;
  records: Uint8Array;
}

/**
 * The part of an append that lies beyond the stored `length`: whole records,
 * each verified. Empty when all is there already.
 *
 * @throws AppError `conflict` for a gap, `corrupt` for what is not whole records
 */
export function newRecords({ attemptId, offset, records }: Append, length: number): Buffer {
  if (offset > length) {
    throw new AppError(
      'conflict',
      `output of attempt ${attemptId} at ${offset} leaves a gap: ${length} bytes are stored`,
      { detail: { length } },
    );
  }
  const bytes = Buffer.from(records.buffer, records.byteOffset, records.length);
  if (offset + bytes.length <= length) return bytes.subarray(bytes.length);
  const fresh = bytes.subarray(length - offset);
  const { whole, rest } = scanRecords(fresh);
  if (rest !== 'none') {
    throw new AppError(
      'corrupt',
      `output of attempt ${attemptId} at ${length + whole} is ${rest === 'torn' ? 'not a whole record' : 'no spool record'}`,
      { detail: { length } },
    );
  }
  return fresh;
}

export function damagedAt(attemptId: string, offset: number): AppError {
  return new AppError('corrupt', `the stored output of attempt ${attemptId} is damaged at ${offset}`, {
    detail: { at: offset },
  });
}

/** Where a transaction makes bytes readable and durable at once. */
export function committing(durable: Promise<number>): Appending {
  return {
    durable,
    readable: durable.then(
      () => true,
      () => false,
    ),
  };
}

/** What a write to the logs' disk threw, as an error of ours: a full disk can be waited for. */
export function storingFailed(what: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return isDiskFull(cause)
    ? new StorageOut('noSpace', `storing ${what}: the disk of the server's logs is full`, { cause })
    : new AppError('unavailable', `storing ${what}`, { cause });
}

/** What could not even be begun. */
export function failedAppend(thrown: unknown): Appending {
  return committing(Promise.reject(toError(thrown)));
}

/** Shortest range that a marker can stand for: as long as the shortest record. */
const SHORTEST_MISSING_BYTES = RECORD_HEADER_BYTES + 1;

/**
 * Records that stand for spool bytes which can't be had any more: exactly as
 * long as those, so that every offset after them stays right. Each says which
 * bytes it stands for.
 *
 * @throws AppError `invalid` when the range is shorter than any record
 */
export function missingRecords(offset: number, bytes: number, time: number): Buffer {
  if (!Number.isSafeInteger(bytes) || bytes < SHORTEST_MISSING_BYTES) {
    throw new AppError(
      'invalid',
      `missing output of ${bytes} bytes at ${offset}: less than ${SHORTEST_MISSING_BYTES}`,
    );
  }
  const target = Buffer.allocUnsafe(bytes);
  // Even parts, so that none is too short.
  const count = Math.ceil(bytes / RECORD_LIMIT_BYTES);
  for (let i = 0, at = 0; i < count; i += 1) {
    const end = i === count - 1 ? bytes : Math.floor((bytes * (i + 1)) / count);
    encodeMissing(target, at, { time, from: offset + at, bytes: end - at });
    at = end;
  }
  return target;
}
