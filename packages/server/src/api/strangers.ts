/**
 * Connections on which no working API key was shown yet: of people about to
 * show one, of health checks; or of who means harm. Each has so many bytes and
 * so much time, and there are so many in all.
 *
 *   new ──a request with a working key──▶ known, and none of ours any more
 *    └─(too long, too much, one too many)──▶ cut
 *
 * Nothing is bounded by address: behind a reverse proxy all have one. Where
 * there are too many, the oldest of the address that has most makes room: who
 * has a key shows it within milliseconds, who only holds a place does not.
 */
import type { Socket } from 'node:net';

import type { Cancel, Clock } from '@longshore/base';

export interface StrangerLimits {
  connections: number;
  lifeMs: number;
  /** From then on its answers tell it to leave: an honest one that stays, a health check say, is never cut. */
  leavesAfterMs: number;
  bytes: number;
  lookMs: number;
}

export type StrangerEnd = 'tooManyStrangers' | 'strangerTooLong' | 'strangerTooMuch';

interface Stranger {
  socket: Socket;
  address: string;
  since: number;
}

export class Strangers {
  readonly #clock: Clock;
  readonly #limits: StrangerLimits;
  readonly #refused: (reason: StrangerEnd, address: string) => void;
  readonly #bySocket = new Map<Socket, Stranger>();
  /** The oldest of each address is its first. */
  readonly #byAddress = new Map<string, Set<Stranger>>();
  #stopLooking: Cancel | undefined;

  constructor(clock: Clock, limits: StrangerLimits, refused: (reason: StrangerEnd, address: string) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#refused = refused;
  }

  get size(): number {
    return this.#bySocket.size;
  }

  add(socket: Socket): void {
    const stranger = { socket, address: socket.remoteAddress ?? '', since: this.#clock.monotonic() };
    this.#bySocket.set(socket, stranger);
    const those = this.#byAddress.get(stranger.address) ?? new Set();
    this.#byAddress.set(stranger.address, those.add(stranger));
    socket.once('close', () => this.known(socket));
    this.#stopLooking ??= this.#clock.every(this.#limits.lookMs, () => this.#look());
    if (this.#bySocket.size > this.#limits.connections) this.#makeRoom();
  }

  /** A working key was shown on it. Idempotent. */
  known(socket: Socket): void {
    const stranger = this.#bySocket.get(socket);
    if (stranger === undefined) return;
    this.#bySocket.delete(socket);
    const those = this.#byAddress.get(stranger.address);
    those?.delete(stranger);
    if (those?.size === 0) this.#byAddress.delete(stranger.address);
    if (this.#bySocket.size > 0) return;
    this.#stopLooking?.();
    this.#stopLooking = undefined;
  }

  /** Whether its next answer is to be its last. */
  shouldLeave(socket: Socket): boolean {
    const stranger = this.#bySocket.get(socket);
    if (stranger === undefined) return false;
    const { leavesAfterMs, bytes } = this.#limits;
    return this.#clock.monotonic() - stranger.since >= leavesAfterMs || socket.bytesRead >= bytes / 2;
  }

  #makeRoom(): void {
    let most = new Set<Stranger>();
    for (const those of this.#byAddress.values()) if (those.size > most.size) most = those;
    const [oldest] = most;
    if (oldest !== undefined) this.#cut(oldest, 'tooManyStrangers');
  }

  /** The HTTP parser reads the sockets itself, so that what they brought is counted by looking. */
  #look(): void {
    const now = this.#clock.monotonic();
    for (const stranger of this.#bySocket.values()) {
      if (stranger.socket.bytesRead > this.#limits.bytes) this.#cut(stranger, 'strangerTooMuch');
      else if (now - stranger.since > this.#limits.lifeMs) this.#cut(stranger, 'strangerTooLong');
    }
  }

  #cut(stranger: Stranger, reason: StrangerEnd): void {
    this.known(stranger.socket);
    stranger.socket.destroy();
    this.#refused(reason, stranger.address);
  }
}
