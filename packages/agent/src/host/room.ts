/**
 * How much an attempt may still write: its own quota, and the floor of free
 * space on the disk.
 *
 *   free ──quota reached, nothing acknowledged to reclaim──▶ overQuota ──acknowledged──▶ free
 *   free ──floor reached, or the disk refused──▶ diskFull ──space again (looked at each second)──▶ free
 *
 * Always true: acknowledged segments go only when the quota is reached, oldest
 * first; where the disk is too full to say that one goes, none does yet.
 */
import { statfsSync } from 'node:fs';

import { isDiskFull, type Cancel, type Clock } from '@longshore/base';

import { FREE_SPACE_FLOOR_BYTES, FREE_SPACE_LOOK_BYTES, FREE_SPACE_RETRY_MS } from '../limits.ts';
import type { SpoolWriter } from './spool-writer.ts';

export type RoomState = 'free' | 'overQuota' | 'diskFull';

export interface RoomParts {
  folder: string;
  quotaBytes: number;
  clock: Clock;
  spool: SpoolWriter;
  /** Writes what was refused; false when the disk refuses again. */
  retry: () => boolean;
  /** Told of each change. */
  changed: (state: RoomState) => void;
  freeBytes?: (folder: string) => number;
  floorBytes?: number;
}

export class Room {
  readonly #parts: RoomParts;
  #state: RoomState = 'free';
  #acknowledged = 0;
  #lookAt = 0;
  #cancelRetry: Cancel = () => undefined;

  constructor(parts: RoomParts) {
    this.#parts = parts;
  }

  get state(): RoomState {
    return this.#state;
  }

  /** After output was taken. */
  grown(): void {
    const { spool, quotaBytes } = this.#parts;
    if (this.#state !== 'free') return;
    if (spool.kept >= quotaBytes) this.#reclaim();
    if (spool.kept >= quotaBytes) {
      this.#become('overQuota');
    } else if (spool.length >= this.#lookAt) {
      this.#lookAt = spool.length + FREE_SPACE_LOOK_BYTES;
      if (!this.#hasSpace()) this.#waitForSpace();
    }
  }

  /** The disk refused a write. */
  refused(): void {
    if (this.#state !== 'diskFull') this.#waitForSpace();
  }

  acknowledged(offset: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, offset);
    this.#reclaimIfOver();
  }

  close(): void {
    this.#cancelRetry();
  }

  #reclaimIfOver(): void {
    if (this.#state !== 'overQuota') return;
    this.#reclaim();
    if (this.#parts.spool.kept < this.#parts.quotaBytes) this.#become('free');
  }

  #reclaim(): void {
    const { spool, quotaBytes, clock } = this.#parts;
    try {
      spool.reclaim(this.#acknowledged, quotaBytes - 1);
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw thrown;
      // The last acknowledgement may have come already: nobody else would look again.
      this.#cancelRetry();
      this.#cancelRetry = clock.after(FREE_SPACE_RETRY_MS, () => this.#reclaimIfOver());
    }
  }

  #waitForSpace(): void {
    this.#become('diskFull');
    this.#cancelRetry();
    this.#cancelRetry = this.#parts.clock.every(FREE_SPACE_RETRY_MS, () => {
      if (!this.#hasSpace() || !this.#parts.retry()) return;
      this.#cancelRetry();
      this.#become('free');
    });
  }

  #hasSpace(): boolean {
    const { folder, freeBytes = freeBytesAt, floorBytes = FREE_SPACE_FLOOR_BYTES } = this.#parts;
    return freeBytes(folder) >= floorBytes;
  }

  #become(state: RoomState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#parts.changed(state);
  }
}

function freeBytesAt(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
