/**
 * Who may shake hands now, of all that have connected: a handshake costs a
 * millisecond of signing, and thousands may come at once. The others wait
 * unread, for a while, and get their turn address by address, so that one that
 * sends many does not keep out the rest.
 *
 *   accepted ──▶ waiting ──(a turn)──▶ shaking ──▶ done
 *                   └─(too long, too many)──▶ destroyed
 *
 * Always true: no more than HANDSHAKES_AT_ONCE shake, no more than
 * HANDSHAKES_WAITING wait, and none of an address shakes that has its share.
 */
import type { Socket } from 'node:net';

import type { Cancel, Clock } from '@longshore/base';

import {
  HANDSHAKES_AT_ONCE,
  HANDSHAKES_AT_ONCE_OF_AN_ADDRESS,
  HANDSHAKES_BEGUN_IN_A_TURN,
  HANDSHAKES_WAITING,
  HANDSHAKE_WAIT_MS,
} from './link-limits.ts';

export interface HandshakesOptions {
  clock: Clock;
  /** Begins the handshake; `done` is to be called when it has succeeded, failure is seen by the socket's close. */
  begin: (socket: Socket, done: () => void) => void;
  /** One was turned away. */
  refused: (reason: 'queueFull' | 'waitedTooLong', address: string) => void;
}

interface Waiting {
  socket: Socket;
  stop: Cancel;
}

/** One address that has connections waiting or shaking. */
interface Caller {
  address: string;
  waiting: Set<Waiting>;
  shaking: number;
}

export class Handshakes {
  readonly #options: HandshakesOptions;
  /** The one whose turn comes next is first. */
  readonly #callers = new Map<string, Caller>();
  #waiting = 0;
  #shaking = 0;
  #pumpAsked = false;
  #closed = false;

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  add(socket: Socket): void {
    const address = socket.remoteAddress;
    if (address === undefined || this.#closed) {
      socket.destroy();
      return;
    }
    const caller = this.#callers.get(address) ?? { address, waiting: new Set(), shaking: 0 };
    this.#callers.set(address, caller);
    const waiting: Waiting = {
      socket,
      stop: this.#options.clock.after(HANDSHAKE_WAIT_MS, () =>
        this.#refuse(caller, waiting, 'waitedTooLong'),
      ),
    };
    caller.waiting.add(waiting);
    this.#waiting += 1;
    socket.once('close', () => this.#leave(caller, waiting));
    if (this.#waiting > HANDSHAKES_WAITING) this.#refuseOne();
    this.#pumpSoon();
  }

  /** Whoever waits is sent away, and whoever comes. */
  close(): void {
    this.#closed = true;
    for (const caller of [...this.#callers.values()])
      for (const { socket } of [...caller.waiting]) socket.destroy();
  }

  /** The last that came of the address that has most. */
  #refuseOne(): void {
    let most: Caller | undefined;
    for (const caller of this.#callers.values())
      if (most === undefined || caller.waiting.size > most.waiting.size) most = caller;
    const last = [...(most?.waiting ?? [])].at(-1);
    if (most !== undefined && last !== undefined) this.#refuse(most, last, 'queueFull');
  }

  #refuse(caller: Caller, waiting: Waiting, reason: 'queueFull' | 'waitedTooLong'): void {
    this.#leave(caller, waiting);
    waiting.socket.destroy();
    this.#options.refused(reason, caller.address);
  }

  #leave(caller: Caller, waiting: Waiting): void {
    if (!caller.waiting.delete(waiting)) return;
    waiting.stop();
    this.#waiting -= 1;
    this.#forget(caller);
  }

  #pumpSoon(): void {
    if (this.#pumpAsked) return;
    this.#pumpAsked = true;
    setImmediate(() => {
      this.#pumpAsked = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (let begun = 0; begun < HANDSHAKES_BEGUN_IN_A_TURN; begun += 1) {
      const caller = this.#next();
      if (caller === undefined) return;
      this.#begin(caller);
    }
    this.#pumpSoon();
  }

  #next(): Caller | undefined {
    if (this.#shaking >= HANDSHAKES_AT_ONCE) return undefined;
    for (const caller of this.#callers.values())
      if (caller.waiting.size > 0 && caller.shaking < HANDSHAKES_AT_ONCE_OF_AN_ADDRESS) return caller;
    return undefined;
  }

  #begin(caller: Caller): void {
    const [waiting] = caller.waiting;
    if (waiting === undefined) return;
    caller.shaking += 1;
    this.#shaking += 1;
    this.#leave(caller, waiting);
    // By turns.
    this.#callers.delete(caller.address);
    this.#callers.set(caller.address, caller);
    let over = false;
    const done = (): void => {
      if (over) return;
      over = true;
      caller.shaking -= 1;
      this.#shaking -= 1;
      this.#forget(caller);
      this.#pumpSoon();
    };
    waiting.socket.once('close', done);
    this.#options.begin(waiting.socket, done);
  }

  #forget(caller: Caller): void {
    if (caller.waiting.size === 0 && caller.shaking === 0) this.#callers.delete(caller.address);
  }
}
