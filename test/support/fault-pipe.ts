/**
 * One direction of one connection through a fault proxy. Bytes leave in their
 * order; an end or a reset of the source leaves after the bytes before it.
 * While the gate is shut nothing is read, so that the sender's buffers fill as
 * they would behind a dead network.
 */
import type { Socket } from 'node:net';

import { tcpTable, type TcpRow } from './tcp-table.ts';
import { until } from './until.ts';

/** Seen from TCP: the listener accepted the connection, the dialler made it. */
export type Direction = 'toListener' | 'toDialler';

export const DIRECTIONS: readonly Direction[] = ['toListener', 'toDialler'];

/** Where a connection is cut: when so many bytes of a part have passed, and the other end has read them. */
export interface Cut {
  after: number;
  /** @param passed false: the connection ended by itself before that */
  cut(passed: boolean): void;
}

/** What the proxy says about all that passes in one direction. */
export interface Road {
  /** How many of the first of these bytes are a part, which passes as one; 0: more must come first. */
  partOf(bytes: Buffer): number;
  /** Before a part passes. It waits for the answer. */
  look(part: Buffer): Promise<Cut | undefined>;
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

/** Node's reset fails while an end is on its way, and then no `close` is ever told: such a one is only destroyed. */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

const NOTHING = Buffer.alloc(0);

type Item = { bytes: Buffer; due: number } | 'end' | 'reset';

const ARRIVAL_MS = 2_000;
const HELD_BYTES = 1024 * 1024;

export class FaultPipe {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #road: Road;
  #items: Item[] = [];
  /** What has come of a part that is not whole yet. */
  #begun: Buffer = NOTHING;
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
      this.#came(bytes);
      this.#flow();
    });
    source.once('end', () => this.#last('end'));
    source.once('error', () => this.#last('reset'));
    source.once('close', () => this.#last('end'));
  }

  /** Resolves when nothing more can pass. */
  async run(): Promise<void> {
    this.#flow();
    for (;;) {
      const item = await this.#next();
      if (item === undefined) return;
      await this.#road.open();
      if (item === 'reset') {
        reset(this.#target);
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
    this.#begun = NOTHING;
    this.#source.resume();
    this.#wake?.();
  }

  #came(bytes: Buffer): void {
    const due = performance.now() + this.#road.latencyMs();
    let rest = this.#begun.length === 0 ? bytes : Buffer.concat([this.#begun, bytes]);
    for (let part = this.#road.partOf(rest); part > 0; part = this.#road.partOf(rest)) {
      this.#add({ bytes: rest.subarray(0, part), due });
      rest = rest.subarray(part);
    }
    this.#begun = rest;
  }

  /** What was begun passes as it is: nothing is added to it any more. */
  #last(item: 'end' | 'reset'): void {
    if (this.#begun.length > 0) this.#add({ bytes: this.#begun, due: performance.now() });
    this.#begun = NOTHING;
    this.#add(item);
  }

  async #send(bytes: Buffer): Promise<boolean> {
    const cut = await this.#road.look(bytes);
    const passed = await this.#pass(bytes.subarray(0, cut?.after));
    if (cut === undefined) return passed;
    await this.#arrived({ read: true });
    cut.cut(passed);
    return false;
  }

  async #pass(bytes: Buffer): Promise<boolean> {
    if (this.#ended()) return false;
    const slice = this.#road.sliceBytes();
    for (let from = 0; from < bytes.length; from += slice) {
      const part = bytes.subarray(from, from + slice);
      await this.#road.room(part.length);
      if (this.#ended()) return false;
      const cutPoint = this.#road.cutPoint(part);
      await this.#write(part.subarray(0, cutPoint));
      if (cutPoint !== undefined) {
        await this.#arrived();
        this.#road.cut();
        return false;
      }
    }
    return !this.#ended();
  }

  #ended(): boolean {
    return this.#over || this.#target.destroyed;
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

  /**
   * A reset throws away what the kernel has not sent yet: what was to pass must be at the other end.
   *
   * @param read and that has read it: a program on this machine
   */
  async #arrived({ read = false } = {}): Promise<void> {
    const { localPort: near, remotePort: far } = this.#target;
    await until(
      'what has passed is at the other end',
      () => {
        const rows = tcpTable();
        const row = (local?: number, remote?: number): TcpRow | undefined =>
          rows.find(({ localPort, remotePort }) => localPort === local && remotePort === remote);
        const unread = read ? (row(far, near)?.unreadBytes ?? 0) : 0;
        return (row(near, far)?.unacknowledgedBytes ?? 0) + unread === 0;
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
