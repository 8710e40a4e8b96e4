/**
 * One process on a terminal of its own.
 *
 *   running ──process ends──▶ draining ──the master side is empty──▶ done
 *
 * Always true: we hold the slave side open ourselves until the end, so that
 * the kernel neither hangs the terminal up nor drops what stands in it. When
 * the process has ended all that it wrote stands there (the kernel moves it
 * over before it says EAGAIN), and is read before `exited` resolves.
 */
import { closeSync, constants as files, openSync, readSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { ReadStream } from 'node:tty';

import { type Cancel, type Clock, isErrno } from '@longshore/base';

import type { AttemptGroup } from '../../contract/attempt-group.ts';
import { ATTEMPT_TAG } from '../../contract/host-record.ts';
import type { Run, RunExit, RunOutput } from '../../contract/runner.ts';
import { LONGEST_TERMINAL_DRAIN_BYTES, TERMINAL_INPUT_RETRY_MS } from '../../limits.ts';
import { signal, sweep } from '../../machine/processes.ts';
import type { Pty } from './pty.ts';

const READ_BYTES = 64 * 1024;

export interface TerminalRunParts {
  attemptId: string;
  pty: Pty;
  forked: { fd: number; pid: number; pty: string };
  group: AttemptGroup | null;
  lacks: readonly string[];
  output: RunOutput;
  clock: Clock;
}

type State = { name: 'running' } | { name: 'draining'; exit: RunExit; left: number } | { name: 'done' };

export class TerminalRun implements Run {
  readonly pid: number;
  readonly lacks: readonly string[];
  readonly exited: Promise<RunExit>;
  readonly #parts: TerminalRunParts;
  readonly #slave: number;
  readonly #master: ReadStream;
  #resolve: (exit: RunExit) => void = () => undefined;
  #state: State = { name: 'running' };
  #paused = false;
  #input: Buffer[] = [];
  #cancelInput: Cancel | undefined;

  constructor(parts: TerminalRunParts) {
    this.#parts = parts;
    this.pid = parts.forked.pid;
    this.lacks = parts.lacks;
    this.#slave = openSync(parts.forked.pty, files.O_RDWR | files.O_NOCTTY | files.O_NONBLOCK);
    this.exited = new Promise((resolve) => (this.#resolve = resolve));
    this.#master = new ReadStream(parts.forked.fd);
    this.#master.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#master.on('error', () => undefined);
  }

  /** Told by the addon, once. */
  processEnded(code: number, signalNumber: number): void {
    const exit: RunExit =
      signalNumber === 0 ? { kind: 'exited', code } : { kind: 'signalled', name: signalName(signalNumber) };
    this.#state = { name: 'draining', exit, left: LONGEST_TERMINAL_DRAIN_BYTES };
    this.#drain();
  }

  resume(): void {
    if (!this.#paused || this.#state.name === 'done') return;
    this.#paused = false;
    if (this.#state.name === 'draining') this.#drain();
    else this.#master.resume();
  }

  terminate(): void {
    // Once the process is reaped its group id may be another's.
    if (this.#state.name === 'running') signal(-this.pid, 'SIGTERM');
  }

  async killAll(): Promise<{ proven: boolean }> {
    const { group, attemptId, clock } = this.#parts;
    if (group !== null) return { proven: await group.kill() };
    if (this.#state.name === 'running') signal(-this.pid, 'SIGKILL');
    await sweep({ tag: `${ATTEMPT_TAG}=${attemptId}`, leader: this.pid }, clock);
    return { proven: false };
  }

  release(): boolean {
    return this.#parts.group?.remove() ?? true;
  }

  resize(columns: number, rows: number): void {
    if (this.#state.name === 'running') this.#parts.pty.resize(this.#parts.forked.fd, columns, rows);
  }

  write(bytes: Uint8Array): void {
    if (this.#state.name !== 'running' || bytes.length === 0) return;
    this.#input.push(Buffer.from(bytes));
    if (this.#cancelInput === undefined) this.#writeInput();
  }

  #read(bytes: Buffer): void {
    if (this.#parts.output('stdout', bytes) || this.#paused) return;
    this.#paused = true;
    this.#master.pause();
  }

  /** What the stream has taken already, then what the kernel has; goes on at `resume` if the host wants no more. */
  #drain(): void {
    if (this.#state.name !== 'draining' || this.#paused) return;
    this.#master.pause();
    this.#master.read(); // by its `data` event
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    // An orphan may write for ever: no more is read than the kernel can have held.
    while (!this.#isPaused() && this.#state.left > 0) {
      const length = this.#readNow(buffer);
      if (length === 0) break;
      this.#state.left -= length;
      this.#read(buffer.subarray(0, length));
    }
    if (!this.#isPaused()) this.#finish(this.#state.exit);
  }

  #isPaused(): boolean {
    return this.#paused;
  }

  #readNow(buffer: Buffer): number {
    try {
      return readSync(this.#parts.forked.fd, buffer);
    } catch (error) {
      if (isErrno(error, 'EAGAIN', 'EIO')) return 0;
      throw error;
    }
  }

  #finish(exit: RunExit): void {
    this.#state = { name: 'done' };
    this.#cancelInput?.();
    this.#input = [];
    this.#master.destroy();
    closeSync(this.#slave);
    this.#resolve(exit);
  }

  /** A program that doesn't read leaves the terminal's input full: what is over waits. */
  #writeInput(): void {
    this.#cancelInput = undefined;
    while (this.#state.name === 'running') {
      const [bytes] = this.#input;
      if (bytes === undefined) return;
      const written = this.#writeNow(bytes);
      if (written === bytes.length) this.#input.shift();
      else this.#input[0] = bytes.subarray(written);
      if (written === 0) break;
    }
    this.#cancelInput = this.#parts.clock.after(TERMINAL_INPUT_RETRY_MS, () => this.#writeInput());
  }

  #writeNow(bytes: Buffer): number {
    try {
      return writeSync(this.#parts.forked.fd, bytes);
    } catch (error) {
      if (isErrno(error, 'EAGAIN')) return 0;
      throw error;
    }
  }
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;
}
