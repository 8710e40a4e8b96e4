/**
 * Connections whose peer showed no valid certificate: to enrol, to renew, to
 * be paired, to look at the schema; or to do harm. Each has so many bytes and
 * so much time, each address so many of them, and there are so many in all.
 */
import type { Socket } from 'node:net';

import type { Cancel, Clock } from '@longshore/base';

import {
  UNVERIFIED_BYTES,
  UNVERIFIED_CONNECTIONS,
  UNVERIFIED_CONNECTIONS_PER_ADDRESS,
  UNVERIFIED_CONNECTION_MS,
  UNVERIFIED_LOOK_MS,
} from './link-limits.ts';

export type UnverifiedEnd = 'tooManyUnverified' | 'unverifiedTooLong' | 'unverifiedTooMuch';

export class Unverified {
  readonly #clock: Clock;
  readonly #refused: (reason: UnverifiedEnd, address: string) => void;
  readonly #byAddress = new Map<string, number>();
  readonly #sockets = new Set<{ socket: Socket; address: string }>();
  #stopLooking: Cancel | undefined;

  constructor(clock: Clock, refused: (reason: UnverifiedEnd, address: string) => void) {
    this.#clock = clock;
    this.#refused = refused;
  }

  /** @returns false when there are too many: then it is for the caller to close it */
  add(socket: Socket, address: string): boolean {
    const count = (this.#byAddress.get(address) ?? 0) + 1;
    if (count > UNVERIFIED_CONNECTIONS_PER_ADDRESS || this.#sockets.size >= UNVERIFIED_CONNECTIONS) {
      this.#refused('tooManyUnverified', address);
      return false;
    }
    const one = { socket, address };
    this.#byAddress.set(address, count);
    this.#sockets.add(one);
    this.#stopLooking ??= this.#clock.every(UNVERIFIED_LOOK_MS, () => this.#look());
    const end = this.#clock.after(UNVERIFIED_CONNECTION_MS, () => {
      this.#refused('unverifiedTooLong', address);
      socket.destroy();
    });
    socket.once('close', () => {
      end();
      this.#forget(one);
    });
    return true;
  }

  /** HTTP/2 reads the sockets itself, so that what they brought is counted by looking. */
  #look(): void {
    for (const { socket, address } of this.#sockets) {
      if (socket.bytesRead <= UNVERIFIED_BYTES) continue;
      this.#refused('unverifiedTooMuch', address);
      socket.destroy();
    }
  }

  #forget(one: { socket: Socket; address: string }): void {
    this.#sockets.delete(one);
    const left = (this.#byAddress.get(one.address) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(one.address);
    else this.#byAddress.set(one.address, left);
    if (this.#sockets.size > 0) return;
    this.#stopLooking?.();
    this.#stopLooking = undefined;
  }
}
