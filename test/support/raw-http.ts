/** HTTP/1.1 as bytes on a TCP connection, for peers that do not keep to it. */
import { connect, type Socket } from 'node:net';

import { until } from './until.ts';

/** Connections begun at once: well below the queue of a listening socket. */
const AT_ONCE = 200;

/** One connection, and what has come on it. */
export class RawHttp {
  readonly socket: Socket;
  #heard = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => (this.#heard += bytes.toString('latin1')));
    socket.on('error', () => undefined);
  }

  /** Resolves also when it was closed at once. */
  static open(port: number): Promise<RawHttp> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      const raw = new RawHttp(socket);
      socket.once('connect', () => resolve(raw)).once('close', () => resolve(raw));
    });
  }

  /** Some at a time: where a listening queue overflows, a peer believes in a connection that is none. */
  static async openMany(port: number, count: number): Promise<RawHttp[]> {
    const opened: RawHttp[] = [];
    while (opened.length < count) {
      const some = Math.min(AT_ONCE, count - opened.length);
      opened.push(...(await Promise.all(Array.from({ length: some }, () => RawHttp.open(port)))));
    }
    return opened;
  }

  /** From here on nothing is read: the kernel's buffers fill up. */
  deaf(): this {
    this.socket.pause();
    return this;
  }

  send(text: string | Buffer): this {
    if (!this.socket.destroyed) this.socket.write(text);
    return this;
  }

  /** Bytes one at a time, at this pace, until it is closed. */
  trickle(text: string, everyMs: number): this {
    let at = 0;
    const timer = setInterval(() => {
      if (this.socket.destroyed) clearInterval(timer);
      else this.socket.write(text[at++ % text.length] ?? ' ');
    }, everyMs);
    this.socket.once('close', () => clearInterval(timer));
    return this;
  }

  get closed(): boolean {
    return this.socket.destroyed;
  }

  get heard(): string {
    return this.#heard;
  }

  /** The status of the first answer; 0: closed without one. */
  async status(timeoutMs = 30_000): Promise<number> {
    return until(
      'an answer came, or the end',
      () => {
        const status = /^HTTP\/1\.1 (\d{3})/.exec(this.#heard)?.[1];
        if (status !== undefined) return { status: Number(status) };
        return this.closed ? { status: 0 } : undefined;
      },
      { timeoutMs },
    ).then(({ status }) => status);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A request's text, with its length when it has a body. */
export function requestText(
  method: string,
  path: string,
  { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string } = {},
): string {
  const all = {
    host: 'longshore',
    ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
