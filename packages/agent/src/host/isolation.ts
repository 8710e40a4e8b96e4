/**
 * Named reader and writer locks between the scripts of one machine.
 *
 *   wait ──granted──▶ held ──release──▶ gone
 *    └────cancel────▶ gone
 *
 * Always true: a lock has one writer or any number of readers; who asked first
 * is served first (a reader does not overtake a waiting writer); a lock that a
 * living host of another version has given away counts as held (its scripts
 * announce themselves in a folder that all hosts of the data directory share).
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Cancel, Clock } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

import { PROCESS_IDENTITY, type ProcessIdentity } from '../contract/host-record.ts';
import { FOREIGN_LOCK_LOOK_MS } from '../limits.ts';
import { isAlive } from '../machine/processes.ts';

export type LockMode = 'reader' | 'writer';

export interface LockRequest {
  attemptId: string;
  name: string;
  mode: LockMode;
  granted: () => void;
}

interface Holder {
  attemptId: string;
  mode: LockMode;
  host: ProcessIdentity;
}

interface Lock {
  held: Map<string, LockMode>;
  waiting: LockRequest[];
}

export class Isolation {
  readonly #folder: string;
  readonly #self: ProcessIdentity;
  readonly #clock: Clock;
  readonly #locks = new Map<string, Lock>();
  #cancelLook: Cancel | undefined;

  constructor(folder: string, self: ProcessIdentity, clock: Clock) {
    this.#folder = folder;
    this.#self = self;
    this.#clock = clock;
  }

  /** Calls `granted` at once, within this call, where the lock is free. */
  request(request: LockRequest): void {
    const lock: Lock = this.#locks.get(request.name) ?? { held: new Map(), waiting: [] };
    this.#locks.set(request.name, lock);
    lock.waiting.push(request);
    this.#grant(request.name, lock);
  }

  /** Gives the lock back, or the wish for it. Idempotent. */
  release(name: string, attemptId: string): void {
    const lock = this.#locks.get(name);
    if (lock === undefined) return;
    lock.waiting = lock.waiting.filter((request) => request.attemptId !== attemptId);
    if (lock.held.delete(attemptId)) rmSync(this.#holderFile(name, attemptId), { force: true });
    this.#grant(name, lock);
    if (lock.held.size === 0 && lock.waiting.length === 0) this.#locks.delete(name);
  }

  /** Attempts that hold the lock, of whatever host. */
  holders(name: string): string[] {
    const own = this.#locks.get(name)?.held.keys() ?? [];
    return [...own, ...this.#foreign(name).map((holder) => holder.attemptId)];
  }

  close(): void {
    this.#cancelLook?.();
  }

  #grant(name: string, lock: Lock): void {
    for (let next = lock.waiting[0]; next !== undefined; next = lock.waiting[0]) {
      if (!fits(next.mode, [...lock.held.values()])) return;
      // Announced before the others' announcements are read: of two hosts that ask at once none overlooks the other.
      this.#announce(name, next);
      const foreign = this.#foreign(name);
      if (
        !fits(
          next.mode,
          foreign.map((holder) => holder.mode),
        )
      ) {
        rmSync(this.#holderFile(name, next.attemptId), { force: true });
        this.#lookAgain();
        return;
      }
      lock.waiting.shift();
      lock.held.set(next.attemptId, next.mode);
      next.granted();
    }
  }

  /** With a little chance in it, so that two hosts that met don't meet again for ever. */
  #lookAgain(): void {
    this.#cancelLook ??= this.#clock.after(FOREIGN_LOCK_LOOK_MS * (0.5 + (process.pid % 16) / 16), () => {
      this.#cancelLook = undefined;
      for (const [name, lock] of this.#locks) this.#grant(name, lock);
    });
  }

  #foreign(name: string): Holder[] {
    const folder = this.#nameFolder(name);
    const found: Holder[] = [];
    for (const file of filesIn(folder)) {
      const holder = readHolder(join(folder, file));
      if (holder === null || holder.host.pid === this.#self.pid) continue;
      if (isAlive(holder.host)) found.push(holder);
      else rmSync(join(folder, file), { force: true });
    }
    return found;
  }

  #announce(name: string, request: LockRequest): void {
    const holder: Holder = { attemptId: request.attemptId, mode: request.mode, host: this.#self };
    mkdirSync(this.#nameFolder(name), { recursive: true, mode: 0o700 });
    writeFileSync(this.#holderFile(name, request.attemptId), JSON.stringify(holder), { mode: 0o600 });
  }

  /** A name is anything that a user thought of; a folder's name must not be. */
  #nameFolder(name: string): string {
    return join(this.#folder, createHash('sha256').update(name).digest('hex').slice(0, 32));
  }

  #holderFile(name: string, attemptId: string): string {
    return join(this.#nameFolder(name), attemptId);
  }
}

function fits(mode: LockMode, held: readonly LockMode[]): boolean {
  return held.length === 0 || (mode === 'reader' && held.every((other) => other === 'reader'));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const HOLDER: Shape<Holder> = shape.fields({
  attemptId: shape.text,
  mode: shape.only('reader', 'writer'),
  host: PROCESS_IDENTITY,
});

function readHolder(file: string): Holder | null {
  try {
    return readJson(readFileSync(file, 'utf8'), HOLDER, file);
  } catch {
    return null;
  }
}
