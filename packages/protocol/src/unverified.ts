/**
 * Connections whose peer showed no valid certificate: to enrol, to renew, to
 * be paired, to look at the schema; or to do harm. Each has so many bytes and
 * so much time, each address so many of them, and there are so many in all.
 * Where there are too many, the oldest makes room, if it had its time; so
 * nobody is kept out by who only holds places, and nobody is cut in haste.
 */
import type { Socket } from 'node:net';

import type { Cancel, Clock } from '@longshore/base';

import {
  UNVERIFIED_BYTES,
  UNVERIFIED_CONNECTIONS,
  UNVERIFIED_CONNECTIONS_PER_ADDRESS,
  UNVERIFIED_CONNECTION_MS,
  UNVERIFIED_LOOK_MS,
  UNVERIFIED_MAKES_ROOM_AFTER_MS,
} from './link-limits.ts';

export type UnverifiedEnd = 'tooManyUnverified' | 'unverifiedTooLong' | 'unverifiedTooMuch';

interface Peer {
  socket: Socket;
  address: string;
  since: number;
}

export class Unverified {
  readonly #clock: Clock;
  readonly #refused: (reason: UnverifiedEnd, address: string) => void;
  /** The oldest of each address is its first. */
  readonly #byAddress = new Map<string, Set<Peer>>();
  readonly #peers = new Set<Peer>();
  #stopLooking: Cancel | undefined;

  constructor(clock: Clock, refused: (reason: UnverifiedEnd, address: string) => void) {
    this.#clock = clock;
    this.#refused = refused;
  }

  /** @returns false when there are too many: then it is for the caller to close it */
  add(socket: Socket, address: string): boolean {
    if (!this.#hasRoom(address)) {
      this.#refused('tooManyUnverified', address);
      return false;
    }
    const peer = { socket, address, since: this.#clock.monotonic() };
    this.#byAddress.set(address, this.#of(address).add(peer));
    this.#peers.add(peer);
    this.#stopLooking ??= this.#clock.every(UNVERIFIED_LOOK_MS, () => this.#look());
    const end = this.#clock.after(UNVERIFIED_CONNECTION_MS, () => this.#cut(peer, 'unverifiedTooLong'));
    socket.once('close', () => {
      end();
      this.#forget(peer);
    });
    return true;
  }

  #of(address: string): Set<Peer> {
    return this.#byAddress.get(address) ?? new Set();
  }

  #hasRoom(address: string): boolean {
    const own = this.#of(address);
    if (own.size >= UNVERIFIED_CONNECTIONS_PER_ADDRESS) return this.#makeRoom(own);
    return this.#peers.size < UNVERIFIED_CONNECTIONS || this.#makeRoom(this.#most());
  }

  /** The oldest of these goes, if it had its time. */
  #makeRoom(peers: ReadonlySet<Peer>): boolean {
    const [oldest] = peers;
    if (oldest === undefined || this.#clock.monotonic() - oldest.since < UNVERIFIED_MAKES_ROOM_AFTER_MS)
      return false;
    this.#cut(oldest, 'tooManyUnverified');
    return true;
  }

  /** Those of the address that has most. */
  #most(): ReadonlySet<Peer> {
    let most = new Set<Peer>();
    for (const peers of this.#byAddress.values()) if (peers.size > most.size) most = peers;
    return most;
  }

  /** HTTP/2 reads the sockets itself, so that what they brought is counted by looking. */
  #look(): void {
    for (const peer of this.#peers)
      if (peer.socket.bytesRead > UNVERIFIED_BYTES) this.#cut(peer, 'unverifiedTooMuch');
  }

  #cut(peer: Peer, reason: UnverifiedEnd): void {
    this.#forget(peer);
    peer.socket.destroy();
    this.#refused(reason, peer.address);
  }

  #forget(peer: Peer): void {
    if (!this.#peers.delete(peer)) return;
    const own = this.#of(peer.address);
    own.delete(peer);
    if (own.size === 0) this.#byAddress.delete(peer.address);
    if (this.#peers.size > 0) return;
    this.#stopLooking?.();
    this.#stopLooking = undefined;
  }
}
