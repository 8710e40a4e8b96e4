/**
 * The largest log of an attempt: what is beyond it is dropped, and counted by
 * stream. The script is neither slowed nor failed by it.
 *
 * Always true: what is recorded is the beginning of the output: once a byte
 * was dropped, none is recorded any more.
 */
import { RECORD_HEADER_BYTES } from '@longshore/protocol/spool-record';

import { SPOOL_PART_BYTES } from '../limits.ts';

type StreamName = 'stdout' | 'stderr';

const NOTHING = Buffer.alloc(0);

export class LogLimit {
  readonly #largestBytes: number;
  readonly #dropped = { stdout: 0, stderr: 0 };
  #reached = false;

  /** @param largestBytes of the spool, record headers included; 0 is without a bound */
  constructor(largestBytes: number) {
    this.#largestBytes = largestBytes;
  }

  /** Something was dropped. */
  get reached(): boolean {
    return this.#reached;
  }

  /** Bytes of output that were not recorded. */
  get dropped(): { readonly stdout: number; readonly stderr: number } {
    return this.#dropped;
  }

  /** The part that is to be recorded, after `length` bytes of spool. */
  take(stream: StreamName, bytes: Buffer, length: number): Buffer {
    const room = this.#reached ? 0 : this.#room(length);
    if (bytes.length <= room) return bytes;
    this.#reached = true;
    this.#dropped[stream] += bytes.length - room;
    return room === 0 ? NOTHING : bytes.subarray(0, room);
  }

  /** Payload that certainly fits, whatever records it is cut into. */
  #room(length: number): number {
    if (this.#largestBytes === 0) return Number.POSITIVE_INFINITY;
    const left = Math.max(0, this.#largestBytes - length);
    const headers = 2 * Math.ceil(left / SPOOL_PART_BYTES) * RECORD_HEADER_BYTES;
    return Math.max(0, left - headers);
  }
}
