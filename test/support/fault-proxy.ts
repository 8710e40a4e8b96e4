/**
 * A TCP proxy before one listener, which does to its connections what networks
 * do: holds them, swallows them, cuts them, delays and narrows them.
 *
 * What has passed has passed unchanged (but for what a guard damages on
 * purpose) and in order; a proxy never invents, repeats or reorders a byte. A fault concerns the connections that there are
 * and those that come, until it is taken back.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { DIRECTIONS, FaultPipe, reset, type Cut, type Direction, type Road } from './fault-pipe.ts';

export type { Cut, Direction } from './fault-pipe.ts';

/** `half-close` ends one direction; the other one goes on. */
export type CutKind = 'rst' | 'fin' | 'half-close';

export interface Passing {
  connection: number;
  direction: Direction;
  bytes: Buffer;
}

/** Watches what is about to pass, and may damage it; says after how many of these bytes the connections are cut. */
export type Guard = (passing: Passing) => number | undefined;

/** Knows what the bytes mean. It sees all of a connection, from the first byte on, part by part. */
export interface Watcher {
  /** How many of the first of these bytes are a part, which passes as one; 0: more must come first. */
  partOf(bytes: Buffer): number;
  /** A part, or at a connection's end what was begun of one, is about to pass, and waits for the answer. */
  look(passing: Passing): Promise<Cut | undefined>;
  /** One of its ends says no more; what was said before may still be about to pass. */
  ending(connection: number): void;
  /** Nothing of this connection passes any more. */
  over(connection: number): void;
}

interface Connection {
  number: number;
  dialler: Socket;
  listener: Socket | undefined;
  pipes: Partial<Record<Direction, FaultPipe>>;
  watcher: Watcher | undefined;
  over: PromiseWithResolvers<void>;
}

const SLICES_PER_SECOND = 50;

export class FaultProxy implements AsyncDisposable {
  readonly #target: { host: string; port: number };
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #accepted = 0;
  readonly #shut = new Set<Direction>();
  #opened: (() => void)[] = [];
  #latencyMs = 0;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  readonly #busyUntil: Record<Direction, number> = { toListener: 0, toDialler: 0 };
  #guard: { guard: Guard; cut: () => void } | undefined;
  #watcher: Watcher | undefined;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
      void this.#accept(socket);
    });
  }

  /** @param listenPort a free one unless told */
  static async open({
    host,
    port,
    listenPort = 0,
  }: {
    host: string;
    port: number;
    listenPort?: number;
  }): Promise<FaultProxy> {
    const proxy = new FaultProxy({ host, port });
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(listenPort, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Live ones, held ones too. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How many were ever made. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Holds all bytes; who dials waits. */
  pause(): void {
    this.#shutOff(DIRECTIONS);
  }

  resume(): void {
    this.#shut.clear();
    this.#letRead();
    for (const opened of this.#opened.splice(0)) opened();
  }

  /**
   * Nothing passes and nobody is told: no bytes, no end, no reset. On `heal`
   * what was held goes on, ends and resets as well.
   *
   * @param direction that alone; the other one passes
   */
  blackHole(direction?: Direction): void {
    this.#shutOff(direction === undefined ? DIRECTIONS : [direction]);
  }

  heal(): void {
    this.resume();
  }

  /** Of each byte, in each direction. */
  latency(ms: number): void {
    this.#latencyMs = ms;
  }

  /** In each direction, all connections together; `Infinity` takes it back. */
  bandwidth(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /**
   * All connections, or the one of this number, now. What is held is lost.
   *
   * @param toward which end sees the end of a half-close
   */
  cut(how: CutKind, { toward = 'toListener', only }: { toward?: Direction; only?: number } = {}): void {
    for (const connection of [...this.#connections])
      if (only === undefined || connection.number === only) this.#cut(connection, how, toward);
  }

  /** All connections, when so many bytes more have passed. @returns resolves once it cut */
  async cutAfter(
    bytes: number,
    { direction, how = 'rst' }: { direction?: Direction; how?: CutKind } = {},
  ): Promise<void> {
    let left = bytes;
    return this.cutWhen((passing) => {
      if (direction !== undefined && passing.direction !== direction) return undefined;
      const before = left;
      left -= passing.bytes.length;
      return left <= 0 ? before : undefined;
    }, how);
  }

  /** All connections, where the guard says. One guard at a time: a new one takes the place of the old. */
  async cutWhen(guard: Guard, how: CutKind = 'rst'): Promise<void> {
    return new Promise((resolve) => {
      const cut = (): void => {
        this.#guard = undefined;
        this.cut(how);
        resolve();
      };
      this.#guard = { guard, cut };
    });
  }

  /** Of all connections from now on, to the proxy's end; where it says so, and only there, it cuts. */
  watch(watcher: Watcher): void {
    this.#watcher = watcher;
  }

  /** Takes back every fault, but for what was cut. */
  restore(): void {
    this.#guard = undefined;
    this.#latencyMs = 0;
    this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    this.resume();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const over = [...this.#connections].map((connection) => connection.over.promise);
    for (const { dialler, listener, pipes } of this.#connections) {
      for (const direction of DIRECTIONS) pipes[direction]?.stop();
      for (const end of [dialler, listener]) end?.destroy();
    }
    this.restore();
    await Promise.all([closed, ...over]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #accept(dialler: Socket): Promise<void> {
    this.#accepted += 1;
    const over = Promise.withResolvers<void>();
    const connection: Connection = {
      number: this.#accepted,
      ...{ dialler, listener: undefined, pipes: {}, watcher: this.#watcher, over },
    };
    this.#connections.add(connection);
    this.#heed(dialler, connection);
    // With one way shut the connection is made, and that way of it is dead.
    await this.#open(() => this.#shut.size === DIRECTIONS.length);
    if (dialler.destroyed) return;
    const listener = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    connection.listener = listener;
    this.#heed(listener, connection);
    // Nobody listens: the pipes are not there yet to say so.
    const refused = (): void => {
      reset(dialler);
    };
    listener.once('error', refused);
    listener.once('connect', () => {
      listener.off('error', refused);
      for (const direction of DIRECTIONS) {
        const [source, target] = direction === 'toListener' ? [dialler, listener] : [listener, dialler];
        const pipe = new FaultPipe(source, target, this.#road(connection, direction));
        connection.pipes[direction] = pipe;
        pipe.reading(!this.#shut.has(direction));
        void pipe.run();
      }
    });
  }

  #heed(end: Socket, connection: Connection): void {
    const ending = (): void => connection.watcher?.ending(connection.number);
    end.on('error', ending).once('end', ending);
    end.once('close', () => this.#closed(connection));
  }

  #road({ number, watcher }: Connection, direction: Direction): Road {
    return {
      partOf: (bytes) => watcher?.partOf(bytes) ?? bytes.length,
      look: async (bytes) => watcher?.look({ connection: number, direction, bytes }),
      open: async () => this.#open(() => this.#shut.has(direction)),
      latencyMs: () => this.#latencyMs,
      sliceBytes: () =>
        Math.max(1, Math.min(64 * 1024, Math.floor(this.#bytesPerSecond / SLICES_PER_SECOND))),
      room: async (bytes) => {
        const now = performance.now();
        const from = Math.max(now, this.#busyUntil[direction]);
        this.#busyUntil[direction] = from + (bytes * 1000) / this.#bytesPerSecond;
        if (from > now) await new Promise((resolve) => setTimeout(resolve, from - now));
      },
      cutPoint: (bytes) => this.#guard?.guard({ connection: number, direction, bytes }),
      cut: () => this.#guard?.cut(),
    };
  }

  #cut(connection: Connection, how: CutKind, toward: Direction): void {
    const { dialler, listener, pipes } = connection;
    if (how === 'half-close') {
      pipes[toward]?.stop();
      (toward === 'toListener' ? listener : dialler)?.end();
      return;
    }
    for (const direction of DIRECTIONS) pipes[direction]?.stop();
    for (const socket of [dialler, listener]) {
      if (socket === undefined) continue;
      if (how === 'rst') reset(socket);
      // Only its end is sent: to close it with unread bytes would be a reset.
      else socket.end();
    }
  }

  #closed(connection: Connection): void {
    const { dialler, listener } = connection;
    if (!dialler.closed || listener?.closed === false) return;
    if (!this.#connections.delete(connection)) return;
    connection.watcher?.over(connection.number);
    connection.over.resolve();
  }

  #shutOff(directions: readonly Direction[]): void {
    for (const direction of directions) this.#shut.add(direction);
    this.#letRead();
  }

  #letRead(): void {
    for (const { pipes } of this.#connections)
      for (const direction of DIRECTIONS) pipes[direction]?.reading(!this.#shut.has(direction));
  }

  async #open(isShut: () => boolean): Promise<void> {
    while (isShut()) await new Promise<void>((resolve) => this.#opened.push(resolve));
  }
}
