/**
 * Tombstones on disk: one line each, appended before what they follow from is
 * answered or removed; rewritten without the expired ones at each start. Where
 * the disk is full they stand in memory until it has room: they keep out a
 * Start that is late, and none is late enough to outlive this process but one
 * of a server node that was cut off.
 */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { isDiskFull, isErrno, isId, type Clock } from '@longshore/base';

import { Tombstones } from '../domain/tombstones.ts';
import { TOMBSTONE_KEPT_MS, TOMBSTONES_KEPT } from '../limits.ts';

const NOTHING = Buffer.alloc(0);

export class TombstoneFile {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #tombstones: Tombstones;
  /** Kept open: one is added for each attempt that is released. */
  #appending: number | undefined;
  #unwritten: Buffer = NOTHING;

  constructor(dataDir: string, clock: Clock) {
    this.#file = join(dataDir, 'tombstones');
    this.#clock = clock;
    const text = read(this.#file);
    // A last line that was cut short: what follows must not become a part of it.
    if (text !== '' && !text.endsWith('\n')) this.#unwritten = Buffer.from('\n');
    this.#tombstones = new Tombstones(entriesIn(text));
    this.expire();
  }

  has(attemptId: string): boolean {
    return this.#tombstones.has(attemptId);
  }

  add(attemptId: string): void {
    const now = this.#clock.now();
    if (!this.#tombstones.add(attemptId, now)) return;
    this.#unwritten = Buffer.concat([this.#unwritten, Buffer.from(`${attemptId} ${now}\n`)]);
    this.flush();
    if (this.#tombstones.size <= TOMBSTONES_KEPT) return;
    // Not one by one: the file is written anew.
    this.#tombstones.forgetOldest(TOMBSTONES_KEPT / 10);
    this.#rewrite();
  }

  /** Writes what a full disk did not take, if it takes it now. */
  flush(): void {
    try {
      while (this.#unwritten.length > 0) {
        this.#appending ??= openSync(this.#file, 'a', 0o600);
        this.#unwritten = this.#unwritten.subarray(writeSync(this.#appending, this.#unwritten));
      }
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw thrown;
    }
  }

  expire(): void {
    if (this.#tombstones.expire((at) => this.#clock.since(at), TOMBSTONE_KEPT_MS) > 0) this.#rewrite();
  }

  #rewrite(): void {
    const lines = [...this.#tombstones.entries()].map(([id, at]) => `${id} ${at}\n`);
    const temp = `${this.#file}.new`;
    try {
      writeFileSync(temp, lines.join(''), { mode: 0o600 });
      renameSync(temp, this.#file);
    } catch (thrown) {
      rmSync(temp, { force: true });
      if (!isDiskFull(thrown)) throw thrown;
      // The file has some that are over, which changes nothing; the next time makes it shorter.
      return;
    }
    this.#unwritten = NOTHING;
    this.close();
  }

  close(): void {
    if (this.#appending !== undefined) closeSync(this.#appending);
    this.#appending = undefined;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

/** A line that a crash cut short has no number, or too small a one to be kept: both are left out. */
function entriesIn(text: string): [string, number][] {
  return text
    .split('\n')
    .map((line): [string, number] => {
      const [id = '', at = ''] = line.split(' ');
      return [id, Number(at)];
    })
    .filter(([id, at]) => isId(id) && Number.isSafeInteger(at) && at > 0);
}
