/**
 * Makes the disk and the wall clock of a real program fail at run time: the
 * test's side of `shim/fault-shim.c`, which knows the same layout of the
 * control file.
 *
 * Always true: nothing fails before it is switched on; disk faults touch only
 * files below `under`; the monotonic clock is never touched. One shim may be
 * under several processes: they share its faults and its counters.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, realpathSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';

import { isAlive } from './proc.ts';
import { buildShim } from './shim/build.ts';

/** The program alone; `host`: what runs the same executable too, such as an agent's script host; or all that it starts. */
export type ShimReach = 'program' | 'host' | 'all';

export interface ShimOptions {
  /** Where the control file goes. */
  controlFile: string;
  /** Absolute: the directory whose files the disk faults touch. */
  under: string;
  into?: ShimReach;
}

/** A sync that waits: what is written later is not covered by it. */
export interface StoppedSync {
  path: string;
  pid: number;
  /** Of that process: `/proc/PID/fd/FD` is the very file, whatever became of its name. */
  fd: number;
  /** A write with O_DSYNC, which was just done, covers these bytes; undefined: all of the file. */
  range: { at: number; bytes: number } | undefined;
}

export interface FullDisk {
  afterWrites?: number;
  error?: 'ENOSPC' | 'EDQUOT' | 'EIO';
  /** The first to fail writes a half of itself, as on a disk with a little room. */
  short?: boolean;
}

const AT = {
  attached: 0,
  fullAfter: 8,
  fullErrno: 16,
  fullShort: 24,
  refused: 32,
  syncDelayUs: 40,
  syncStop: 48,
  syncErrno: 56,
  syncs: 64,
  killAfterSync: 72,
  writeRate: 80,
  clockShiftNs: 96,
  clockFrozenNs: 104,
  killAfterRead: 112,
  needleBytes: 120,
  needle: 128,
  syncWatch: 248,
  under: 256,
} as const;
const SLOTS = { at: 1024, count: 16, bytes: 552, pid: 8, fd: 16, from: 24, length: 32, path: 40 };
const SLOT = { free: 0, asked: 2, go: 3 };
const PATH_BYTES = 512;
const LOOK_AGAIN_MS = 1;

export class FaultShim {
  readonly #file: number;
  readonly #options: Required<ShimOptions>;
  #closed = false;
  #watching: { over: boolean; ended: Promise<void> } | undefined;

  private constructor(file: number, options: Required<ShimOptions>) {
    this.#file = file;
    this.#options = options;
  }

  static open(options: ShimOptions): FaultShim {
    if (Buffer.byteLength(options.under) >= PATH_BYTES) throw new Error(`too long a path: ${options.under}`);
    mkdirSync(dirname(options.controlFile), { recursive: true });
    const file = openSync(options.controlFile, 'w+');
    ftruncateSync(file, SLOTS.at + SLOTS.count * SLOTS.bytes);
    const shim = new FaultShim(file, { into: 'program', ...options });
    shim.#setText(AT.under, options.under);
    shim.freeDisk();
    shim.#set(AT.syncWatch, 1);
    return shim;
  }

  /** For the program that it goes under. */
  env(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: buildShim(),
      FAULT_SHIM_CONTROL: this.#options.controlFile,
      FAULT_SHIM_INTO: this.#options.into,
      FAULT_SHIM_EXE: realpathSync(process.execPath),
      // libuv's writes by io_uring would pass the shim by.
      UV_USE_IO_URING: '0',
    };
  }

  /** How many processes it has ever been under: none means that a test shows nothing. */
  get attached(): number {
    return this.#get(AT.attached);
  }

  /** Writes that were refused for want of room. */
  get refused(): number {
    return this.#get(AT.refused);
  }

  /** Syncs that have returned. */
  get syncs(): number {
    return this.#get(AT.syncs);
  }

  /** From now on, after `afterWrites` more of them, every write fails. */
  fillDisk({ afterWrites = 0, error = 'ENOSPC', short = false }: FullDisk = {}): void {
    this.#set(AT.fullErrno, constants.errno[error]);
    this.#set(AT.fullShort, short ? 1 : 0);
    this.#set(AT.fullAfter, afterWrites);
  }

  freeDisk(): void {
    this.#set(AT.fullAfter, -1);
    this.#set(AT.fullShort, 0);
  }

  slowSyncs(ms: number): void {
    this.#set(AT.syncDelayUs, ms * 1000);
  }

  failSyncs(error: 'ENOSPC' | 'EIO' | undefined): void {
    this.#set(AT.syncErrno, error === undefined ? 0 : constants.errno[error]);
  }

  /** All writes together; 0 lifts it. */
  throttle(bytesPerSecond: number): void {
    this.#set(AT.writeRate, bytesPerSecond);
  }

  /** The process ends itself (KILL) when the nth sync from now has returned, before anything follows from it. */
  killAfterSync(nth: number): void {
    this.#set(AT.killAfterSync, nth);
  }

  /** The process ends itself (KILL) at the nth read from now that holds `text`: it has come, and is never seen. */
  killAfterRead(text: string, nth: number): void {
    this.#set(AT.killAfterRead, 0);
    this.#setText(AT.needle, text);
    this.#set(AT.needleBytes, Buffer.byteLength(text));
    this.#set(AT.killAfterRead, nth);
  }

  shiftClock(ms: number): void {
    this.#set(AT.clockShiftNs, BigInt(ms) * 1_000_000n);
  }

  freezeClock(at = Date.now()): void {
    this.#set(AT.clockFrozenNs, BigInt(at) * 1_000_000n);
  }

  thawClock(): void {
    this.#set(AT.clockFrozenNs, 0);
  }

  /** Each sync waits until `seen` has looked at it, one after another, until `goOn`. */
  stopAtSyncs(seen: (sync: StoppedSync) => void | Promise<void>): void {
    if (this.#watching !== undefined) throw new Error('syncs are being stopped already');
    for (let slot = 0; slot < SLOTS.count; slot++) this.#set(slotAt(slot), SLOT.free);
    this.#set(AT.syncStop, 1);
    const watching = { over: false, ended: Promise.resolve() };
    watching.ended = this.#watch(watching, seen);
    // Told by `goOn`.
    watching.ended.catch(() => undefined);
    this.#watching = watching;
  }

  /** Lets all syncs go on. Throws what the look at one of them threw. */
  async goOn(): Promise<void> {
    this.#set(AT.syncStop, 0);
    const watching = this.#watching;
    if (watching === undefined) return;
    watching.over = true;
    this.#watching = undefined;
    await watching.ended;
  }

  /** Ends all faults. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.freeDisk();
    this.failSyncs(undefined);
    this.slowSyncs(0);
    this.throttle(0);
    this.shiftClock(0);
    this.thawClock();
    this.#set(AT.killAfterSync, 0);
    this.#set(AT.killAfterRead, 0);
    try {
      await this.goOn();
    } finally {
      closeSync(this.#file);
    }
  }

  async #watch(
    watching: { over: boolean },
    seen: (sync: StoppedSync) => void | Promise<void>,
  ): Promise<void> {
    try {
      while (!watching.over) {
        for (let slot = 0; slot < SLOTS.count; slot++) {
          if (this.#get(slotAt(slot)) !== SLOT.asked) continue;
          const sync = this.#stopped(slotAt(slot));
          const alive = isAlive(sync.pid);
          if (alive) await seen(sync);
          this.#set(slotAt(slot), alive ? SLOT.go : SLOT.free);
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    } finally {
      this.#set(AT.syncStop, 0);
    }
  }

  #stopped(slot: number): StoppedSync {
    const bytes = this.#get(slot + SLOTS.length);
    return {
      path: this.#text(slot + SLOTS.path),
      pid: this.#get(slot + SLOTS.pid),
      fd: this.#get(slot + SLOTS.fd),
      range: bytes < 0 ? undefined : { at: this.#get(slot + SLOTS.from), bytes },
    };
  }

  #get(at: number): number {
    const word = Buffer.alloc(8);
    readSync(this.#file, word, 0, 8, at);
    return Number(word.readBigInt64LE());
  }

  #set(at: number, value: number | bigint): void {
    const word = Buffer.alloc(8);
    word.writeBigInt64LE(typeof value === 'bigint' ? value : BigInt(Math.round(value)));
    writeSync(this.#file, word, 0, 8, at);
  }

  #text(at: number): string {
    const bytes = Buffer.alloc(PATH_BYTES);
    readSync(this.#file, bytes, 0, PATH_BYTES, at);
    return bytes.subarray(0, bytes.indexOf(0)).toString();
  }

  #setText(at: number, text: string): void {
    const bytes = Buffer.from(`${text}\0`);
    writeSync(this.#file, bytes, 0, bytes.length, at);
  }
}

function slotAt(slot: number): number {
  return SLOTS.at + slot * SLOTS.bytes;
}
