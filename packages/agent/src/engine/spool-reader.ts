/**
 * Reads one attempt's spool at any record boundary, in chunks that never cross
 * the end of a segment, with the segment's digest on the chunk that ends it.
 *
 * Always true: at most one file is open; what can't be had any more is told as
 * an exact count of bytes, never skipped in silence. Reads are synchronous: the
 * bytes were written moments ago and come from the page cache, where a read
 * costs less than handing it to another thread.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';

import { collectBehind, isCode, isErrno } from '@longshore/base';
import { segmentIsFull } from '@longshore/protocol/segments';
import { goodRecordsWithin, RECORD_LIMIT_BYTES } from '@longshore/protocol/spool-record';

import { segmentFile, type Reclaimed } from '../contract/workspace.ts';
import { OUTPUT_BYTES_A_COLLECTION } from '../limits.ts';
import { readReclaimed } from './reclaimed-file.ts';

/** Of all attempts: what was read and sent is dead soon, and V8 is in no hurry about it. */
const passed = collectBehind(OUTPUT_BYTES_A_COLLECTION);

export type SpoolChunk =
  { kind: 'records'; records: Buffer; segmentDigest: Buffer | null } | { kind: 'missing'; bytes: number };

interface Segment {
  index: number;
  start: number;
}

export class SpoolReader {
  readonly #folder: string;
  /** Where each known segment starts; the last one may be open. Reclaimed ones are left out. */
  #segments: Segment[] = [{ index: 0, start: 0 }];
  #open: { index: number; fd: number } | undefined;
  /** SHA-256 of the segment from its start to `at`, while it is read in order. */
  #hashed: { hash: Hash; at: number } | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * @param offset a record boundary before `length`
   * @param length how far the spool is known to be written
   */
  read(offset: number, { length, limit }: { length: number; limit: number }): SpoolChunk {
    const segment = this.#locate(offset, length);
    if (segment === undefined) return { kind: 'missing', bytes: this.#nextStart(offset, length) - offset };
    const fd = this.#file(segment.index);
    const buffer = Buffer.allocUnsafe(Math.min(Math.max(limit, RECORD_LIMIT_BYTES), length - offset));
    const got = fd === undefined ? 0 : readSync(fd, buffer, 0, buffer.length, offset - segment.start);
    const whole = goodRecordsWithin(buffer.subarray(0, got), limit);
    // Damaged on this disk, say: what is left of its segment can't be verified by anybody.
    if (whole === 0) return { kind: 'missing', bytes: this.#end(segment, length) - offset };
    const records = buffer.subarray(0, whole);
    passed(whole);
    return { kind: 'records', records, segmentDigest: this.#digest(segment, offset, records) };
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  /** The segment that holds the offset; undefined when it is not there any more. */
  #locate(offset: number, length: number): Segment | undefined {
    if (offset < (this.#segments[0]?.start ?? 0)) return undefined;
    let found = this.#segments.findLast((s) => s.start <= offset);
    while (found !== undefined) {
      const size = this.#size(found.index);
      if (size === undefined) {
        if (!this.#readReclaimed()) return undefined;
        found = this.#segments.findLast((s) => s.start <= offset);
        continue;
      }
      if (offset < found.start + size) return found;
      // A segment that takes more ends with what is known; one that does not is followed by the next.
      if (!segmentIsFull(size) || found.start + size >= length) return undefined;
      const next: Segment = { index: found.index + 1, start: found.start + size };
      if (this.#segments.at(-1)?.index === found.index) this.#segments.push(next);
      found = next;
    }
    return undefined;
  }

  /** Where the next segment begins, or what is known ends. */
  #end({ index, start }: Segment, length: number): number {
    const size = this.#size(index) ?? 0;
    return segmentIsFull(size) ? Math.min(start + size, length) : this.#nextStart(start, length);
  }

  #nextStart(offset: number, length: number): number {
    const next = this.#segments.find((s) => s.start > offset);
    return Math.min(next?.start ?? length, length);
  }

  /** @returns whether it told of segments that we did not know to be gone */
  #readReclaimed(): boolean {
    const reclaimed = this.#reclaimed();
    if (reclaimed === undefined || (this.#segments[0]?.index ?? 0) >= reclaimed.segments) return false;
    const { segments, bytes } = reclaimed;
    const left = this.#segments.filter((s) => s.index >= segments);
    this.#segments = left.length > 0 ? left : [{ index: segments, start: bytes }];
    return true;
  }

  /** One that is damaged tells of nothing: what it stood for can't be located, and counts as missing. */
  #reclaimed(): Reclaimed | undefined {
    try {
      return readReclaimed(this.#folder);
    } catch (error) {
      if (isCode(error, 'corrupt')) return undefined;
      throw error;
    }
  }

  #size(index: number): number | undefined {
    if (this.#open?.index === index) return fstatSync(this.#open.fd).size;
    try {
      return statSync(segmentFile(this.#folder, index)).size;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  #file(index: number): number | undefined {
    if (this.#open?.index === index) return this.#open.fd;
    this.close();
    try {
      this.#open = { index, fd: openSync(segmentFile(this.#folder, index), 'r') };
      return this.#open.fd;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  #digest(segment: Segment, offset: number, records: Buffer): Buffer | null {
    const end = offset + records.length;
    const full = segmentIsFull(end - segment.start);
    if (offset === segment.start) this.#hashed = { hash: createHash('sha256'), at: offset };
    if (this.#hashed?.at === offset) {
      this.#hashed.hash.update(records);
      this.#hashed.at = end;
      if (!full) return null;
      const digest = this.#hashed.hash.digest();
      this.#hashed = undefined;
      return digest;
    }
    if (!full) return null;
    // Taken up in the middle: the file, which is closed now, is hashed as a whole.
    return createHash('sha256')
      .update(readFileSync(segmentFile(this.#folder, segment.index)))
      .digest();
  }
}
