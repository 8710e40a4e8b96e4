/**
 * Writes an attempt's output to its spool: records, cut into segments.
 *
 * Always true: `written` is a record boundary and all before it is on disk (in
 * the page cache: a power loss changes the boot id, and then it does not
 * count); the hashes cover exactly what is or will be written, in order; what
 * the disk refused is kept and tried again, never dropped.
 */
import { closeSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';

import { isErrno } from '@longshore/base';
import { SegmentHasher, type SegmentPart, type SegmentSummary } from '@longshore/protocol/segments';
import { encodedBytes, type RecordStream, writeRecords } from '@longshore/protocol/spool-record';

import { type Reclaimed, reclaimedFile, segmentFile } from '../contract/workspace.ts';
import { SPOOL_BATCH_BYTES, SPOOL_PART_BYTES } from '../limits.ts';

/** Batches that nobody uses now: an attempt needs one only while it has output. */
const freeBatches: Buffer[] = [];
const KEPT_BATCHES = 4;

export class SpoolWriter {
  readonly #folder: string;
  readonly #hasher = new SegmentHasher();
  #batch: Buffer | null = null;
  #batchEnd = 0;
  /** Hashed, but not on disk yet; `done` bytes of the first are. */
  #unwritten: SegmentPart[] = [];
  #firstDone = 0;
  #written = 0;
  #file: { index: number; fd: number } | null = null;
  /** Ends of the closed segments. */
  readonly #ends: number[] = [];
  #reclaimed: Reclaimed = { segments: 0, bytes: 0, digests: [] };

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All bytes taken. */
  get length(): number {
    return this.#hasher.length + this.#batchEnd;
  }

  /** Bytes on disk, from the start of the attempt. */
  get written(): number {
    return this.#written;
  }

  /** Bytes that stand on disk now. */
  get kept(): number {
    return this.length - this.#reclaimed.bytes;
  }

  /** Copies the bytes; what is gathered is written when it is enough, or by `flush`. */
  append(stream: RecordStream, time: number, bytes: Buffer): void {
    for (let from = 0; from < bytes.length; from += SPOOL_PART_BYTES)
      this.#append(stream, time, bytes.subarray(from, from + SPOOL_PART_BYTES));
  }

  /** Writes what is gathered. False when the disk is full: call again. */
  flush(): boolean {
    if (this.#batch !== null && this.#batchEnd > 0) {
      this.#unwritten.push(...this.#hasher.add(this.#batch.subarray(0, this.#batchEnd)));
      this.#batchEnd = 0;
    }
    const done = this.#unwritten.length === 0 || this.#write();
    // What could not be written still points into the batch.
    if (done && this.#batch !== null && freeBatches.length < KEPT_BATCHES) freeBatches.push(this.#batch);
    this.#batch = null;
    return done;
  }

  /** All is flushed and no more comes. */
  finish(): SegmentSummary {
    this.#closeFile();
    return this.#hasher.finish();
  }

  /** Lets go of the file, whatever is written. */
  close(): void {
    this.#closeFile();
  }

  /** Removes whole segments that end at or before `acknowledged`, oldest first, until at most `keep` bytes stand on disk. */
  reclaim(acknowledged: number, keep: number): void {
    for (;;) {
      const { segments, bytes } = this.#reclaimed;
      const end = this.#ends[segments];
      if (end === undefined || end > acknowledged || this.length - bytes <= keep) return;
      const digests = this.#hasher.segmentDigests
        .slice(0, segments + 1)
        .map((digest) => digest.toString('hex'));
      this.#reclaimed = { segments: segments + 1, bytes: end, digests };
      // Said first, so that a reader never looks for a segment that is gone.
      const file = reclaimedFile(this.#folder);
      writeFileSync(`${file}.new`, JSON.stringify(this.#reclaimed), { mode: 0o600 });
      renameSync(`${file}.new`, file);
      rmSync(segmentFile(this.#folder, segments), { force: true });
    }
  }

  #append(stream: RecordStream, time: number, bytes: Buffer): void {
    const size = encodedBytes(bytes.length);
    if (this.#batch !== null && this.#batchEnd + size > this.#batch.length) this.flush();
    this.#batch ??= freeBatches.pop() ?? Buffer.allocUnsafeSlow(SPOOL_BATCH_BYTES);
    this.#batchEnd = writeRecords(this.#batch, this.#batchEnd, { stream, time, bytes });
  }

  #write(): boolean {
    for (let part = this.#unwritten[0]; part !== undefined; part = this.#unwritten[0]) {
      if (!this.#writePart(part)) return false;
      this.#unwritten.shift();
      this.#firstDone = 0;
      this.#written += part.bytes.length;
      if (part.digest === null) continue;
      this.#ends.push(this.#written);
      this.#closeFile();
    }
    return true;
  }

  #writePart(part: SegmentPart): boolean {
    try {
      this.#file ??= { index: part.index, fd: openSync(segmentFile(this.#folder, part.index), 'a', 0o600) };
      while (this.#firstDone < part.bytes.length) {
        this.#firstDone += writeSync(
          this.#file.fd,
          part.bytes,
          this.#firstDone,
          part.bytes.length - this.#firstDone,
        );
      }
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOSPC', 'EDQUOT')) return false;
      throw error;
    }
  }

  #closeFile(): void {
    if (this.#file !== null) closeSync(this.#file.fd);
    this.#file = null;
  }
}
