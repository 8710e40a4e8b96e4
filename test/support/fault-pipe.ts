/**
 * One direction of one connection through a fault proxy. Bytes leave in their
 * order; an end or a reset of the source leaves after the bytes before it.
 * While the gate is shut nothing is read, so that the sender's buffers fill as
 * they would behind a dead network.
 */
import type { Socket } from 'node:net';

import { tcpTable } from './tcp-table.ts';
import { until } from './until.ts';

/** Seen from TCP: the listener accepted the connection, the dialler made it. */
export type Direction = 'toListener' | 'toDialler';

export const DIRECTIONS: readonly Direction[] = ['toListener', 'toDialler'];

/** What the proxy says about all that passes in one direction. */
export interface Road {
  /** Resolves when bytes may pass. */
  open(): Promise<void>;
  latencyMs(): number;
  /** Resolves when the line has room for so many bytes more. */
  room(bytes: number): Promise<void>;
  /** The longest part that is sent at once. */
  sliceBytes(): number;
  /** After how many of these bytes the connection is to be cut, if at all. */
  cutPoint(bytes: Buffer): number | undefined;
  cut(): void;
}

type Item = { bytes: Buffer; due: number } | 'end' | 'reset';

const ARRIVAL_MS = 2_000;
const HELD_BYTES = 1024 * 1024;

export class FaultPipe {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #road: Road;
  #items: Item[] = [];
  #held = 0;
  #reading = true;
  #over = false;
  #wake: (() => void) | undefined;

  constructor(source: Socket, target: Socket, road: Road) {
    this.#source = source;
    this.#target = target;
    this.#road = road;
    source.on('data', (bytes: Buffer) => {
      if (this.#over) return;
      this.#held += bytes.length;
      this.#add({ bytes, due: performance.now() + road.latencyMs() });
      this.#flow();
    });
    source.once('end', () => this.#add('end'));
    source.once('error', () => this.#add('reset'));
    source.once('close', () => this.#add('end'));
  }

  /** Resolves when nothing more can pass. */
  async run(): Promise<void> {
    this.#flow();
    for (;;) {
      const item = await this.#next();
      if (item === undefined) return;
      await this.#road.open();
      if (item === 'reset') {
        this.#target.resetAndDestroy();
        return;
      }
      if (item === 'end') {
        this.#target.end();
        return;
      }
      const wait = item.due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      await this.#road.open();
      if (!(await this.#send(item.bytes))) return;
      this.#held -= item.bytes.length;
      this.#flow();
    }
  }

  /** Shut: stops reading. Open again: goes on. */
  reading(reading: boolean): void {
    this.#reading = reading;
    this.#flow();
  }

  /** Nothing of this direction passes any more: what is held is dropped, what comes is read and dropped. */
  stop(): void {
    this.#over = true;
    this.#items = [];
    this.#source.resume();
    this.#wake?.();
  }

  async #send(bytes: Buffer): Promise<boolean> {
    const slice = this.#road.sliceBytes();
    for (let from = 0; from < bytes.length; from += slice) {
      const part = bytes.subarray(from, from + slice);
      await this.#road.room(part.length);
      if (this.#over || this.#target.destroyed) return false;
      const cutPoint = this.#road.cutPoint(part);
      await this.#write(part.subarray(0, cutPoint));
      if (cutPoint !== undefined) {
        await this.#arrived();
        this.#road.cut();
        return false;
      }
    }
    return true;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#target.once('close', resolve);
      this.#target.write(bytes, () => {
        this.#target.off('close', resolve);
        resolve();
      });
    });
  }

  /** A reset throws away what the kernel has not sent yet: what was to pass must be at the other end. */
  async #arrived(): Promise<void> {
    const { localPort, remotePort } = this.#target;
    await until(
      'what has passed is at the other end',
      () => {
        const row = tcpTable().find((one) => one.localPort === localPort && one.remotePort === remotePort);
        return (row?.unacknowledgedBytes ?? 0) === 0;
      },
      { timeoutMs: ARRIVAL_MS },
    ).catch(() => undefined); // its reader may have stopped for good
  }

  #flow(): void {
    if (this.#over) return;
    if (this.#reading && this.#held < HELD_BYTES) this.#source.resume();
    else this.#source.pause();
  }

  #add(item: Item): void {
    if (this.#over) return;
    this.#items.push(item);
    this.#wake?.();
  }

  async #next(): Promise<Item | undefined> {
    while (this.#items.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#over ? undefined : this.#items.shift();
  }
}
