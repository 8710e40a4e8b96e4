/**
 * Tombstones on disk: one line each, appended before what they follow from is
 * answered or removed; rewritten without the expired ones at each start.
 */
import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { isErrno, type Clock } from '@longshore/base';

import { Tombstones } from '../domain/tombstones.ts';
import { TOMBSTONE_KEPT_MS } from '../limits.ts';

export class TombstoneFile {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #tombstones: Tombstones;
  /** Kept open: one is added for each attempt that is released. */
  #appending: number | undefined;

  constructor(dataDir: string, clock: Clock) {
    this.#file = join(dataDir, 'tombstones');
    this.#clock = clock;
    this.#tombstones = new Tombstones(read(this.#file));
    this.expire();
  }

  has(attemptId: string): boolean {
    return this.#tombstones.has(attemptId);
  }

  add(attemptId: string): void {
    const now = this.#clock.now();
    if (!this.#tombstones.add(attemptId, now)) return;
    this.#appending ??= openSync(this.#file, 'a', 0o600);
    writeSync(this.#appending, `${attemptId} ${now}\n`);
  }

  expire(): void {
    if (this.#tombstones.expire(this.#clock.now(), TOMBSTONE_KEPT_MS) === 0) return;
    const lines = [...this.#tombstones.entries()].map(([id, at]) => `${id} ${at}\n`);
    writeFileSync(`${this.#file}.new`, lines.join(''), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
    this.close();
  }

  close(): void {
    if (this.#appending !== undefined) closeSync(this.#appending);
    this.#appending = undefined;
  }
}

function read(file: string): [string, number][] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  // A last line that a crash cut short has no number, or too small a one to be kept: both are left out.
  return text
    .split('\n')
    .map((line): [string, number] => {
      const [id = '', at = ''] = line.split(' ');
      return [id, Number(at)];
    })
    .filter(([id, at]) => id !== '' && at > 0);
}
