/**
 * Segments of a spool, and their digests. The writer (script host), the
 * sender (link) and the verifier (server) all cut by the one rule here.
 *
 * Always true: a segment holds whole records, and is closed by the record
 * after which one of the greatest length would not fit into 4 MiB any more.
 * So the bytes alone say where a segment ends: nobody needs to look ahead, and
 * a segment is 4 MiB - 65,560 + 1 … 4 MiB long. The last one is closed by the
 * end of the attempt, and may be shorter; an attempt without output has none.
 *
 * A segment's digest is the SHA-256 of its bytes; the attempt's is the SHA-256
 * of its segments' digests (32 bytes each) one after another.
 */
import { createHash, type Hash } from 'node:crypto';

import { AppError } from '@longshore/base';

import { RECORD_LIMIT_BYTES, scanRecords } from './spool-record.ts';

export const SEGMENT_LIMIT_BYTES = 4 * 1024 * 1024;

/** Whether a segment of this length takes no further record. */
export function segmentIsFull(segmentBytes: number): boolean {
  return segmentBytes + RECORD_LIMIT_BYTES > SEGMENT_LIMIT_BYTES;
}

/** Where the segment that has `segmentBytes` already ends within whole records that follow; `null` when it takes them all and stays open. */
export function segmentEnd(segmentBytes: number, records: Buffer): number | null {
  if (!segmentIsFull(segmentBytes + records.length)) return null;
  let end: number | null = null;
  scanRecords(
    records,
    (_start, recordEnd) => {
      if (end !== null) return false;
      if (segmentIsFull(segmentBytes + recordEnd)) end = recordEnd;
      return true;
    },
    { verify: false },
  );
  return end;
}

export function listDigest(segmentDigests: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const digest of segmentDigests) hash.update(digest);
  return hash.digest();
}

/** A run of bytes that lies within one segment. */
export interface SegmentPart {
  /** Which segment, from 0. */
  index: number;
  /** Where the bytes begin within the segment. */
  at: number;
  bytes: Buffer;
  /** Present where these bytes close the segment. */
  digest: Buffer | null;
}

export interface SegmentSummary {
  length: number;
  segmentDigests: Buffer[];
  digest: Buffer;
}

/** Hashes a spool as it grows, segment by segment. */
export class SegmentHasher {
  readonly #digests: Buffer[];
  #length: number;
  #segmentBytes = 0;
  #hash: Hash = createHash('sha256');

  /** @param before the closed segments, when a spool is taken up again at the start of a segment */
  constructor(
    before: { length: number; segmentDigests: readonly Buffer[] } = { length: 0, segmentDigests: [] },
  ) {
    this.#digests = [...before.segmentDigests];
    this.#length = before.length;
  }

  /** All bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Where the open segment began. */
  get segmentStart(): number {
    return this.#length - this.#segmentBytes;
  }

  /** Digests of the closed segments. */
  get segmentDigests(): readonly Buffer[] {
    return this.#digests;
  }

  /** Takes whole records and says which part of them goes into which segment. */
  add(records: Buffer): SegmentPart[] {
    const parts: SegmentPart[] = [];
    let rest = records;
    while (rest.length > 0) {
      const end = segmentEnd(this.#segmentBytes, rest);
      const bytes = end === null ? rest : rest.subarray(0, end);
      const part: SegmentPart = { index: this.#digests.length, at: this.#segmentBytes, bytes, digest: null };
      this.#hash.update(bytes);
      this.#segmentBytes += bytes.length;
      this.#length += bytes.length;
      if (end !== null) part.digest = this.#close();
      parts.push(part);
      rest = rest.subarray(bytes.length);
    }
    return parts;
  }

  /** The attempt has ended: closes the last segment. No more may be added. */
  finish(): SegmentSummary {
    if (this.#segmentBytes > 0) this.#close();
    return { length: this.#length, segmentDigests: [...this.#digests], digest: listDigest(this.#digests) };
  }

  #close(): Buffer {
    const digest = this.#hash.digest();
    this.#digests.push(digest);
    this.#hash = createHash('sha256');
    this.#segmentBytes = 0;
    return digest;
  }
}

/** @throws AppError `corrupt` when the digests differ */
export function verifySegment(bytes: Uint8Array, expected: Uint8Array, what: string): void {
  const found = createHash('sha256').update(bytes).digest();
  if (found.compare(expected) !== 0)
    throw new AppError('corrupt', `the SHA-256 of ${what} differs from what its writer said`);
}
