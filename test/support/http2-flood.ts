/** Peers that mean harm to a port that speaks TLS and HTTP/2, by the bytes. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import { until } from './until.ts';

/** A peer that takes nothing for so long has stopped reading. */
const NOT_TAKEN_MS = 10_000;
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A frame of HTTP/2. */
function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

const SETTINGS = frame(4, 0, 0);
/** HPACK: :method POST, :scheme http, :path /, by the static table. */
const HEADERS = Buffer.from([0x83, 0x86, 0x84]);

const KINDS: Record<string, (n: number) => Buffer> = {
  settings: () => SETTINGS,
  ping: () => frame(6, 0, 0, Buffer.alloc(8)),
  'rapid reset': (n) =>
    Buffer.concat([frame(1, 5, 2 * n + 1, HEADERS), frame(3, 0, 2 * n + 1, Buffer.from([0, 0, 0, 8]))]),
  'continuation without end': (n) =>
    n === 0 ? frame(1, 0, 1, HEADERS) : frame(9, 0, 1, Buffer.alloc(64, 0x84)),
  'headers without end': (n) => frame(1, 4, 2 * n + 1, HEADERS),
  'bodies of one byte': (n) => (n === 0 ? frame(1, 4, 1, HEADERS) : frame(0, 0, 1, Buffer.alloc(1))),
  'window updates': () => frame(8, 0, 0, Buffer.from([0, 0, 0, 1])),
  priorities: (n) => frame(2, 0, 2 * n + 1, Buffer.from([0, 0, 0, 0, 16])),
  'unknown frames': () => frame(0xee, 0, 0, Buffer.alloc(32)),
  garbage: () => Buffer.alloc(64, 0xff),
};

/** Names of the floods that there are. */
export const FLOODS: readonly string[] = Object.keys(KINDS);

export interface FloodOptions {
  /** It need not be cut: a peer that is known may send much that is of no use. */
  mayStay?: boolean;
}

/** Sends so much of it, or as much as is taken. @throws Error when it was not cut then, and is not one that may stay */
export async function flood(
  socket: TLSSocket,
  name: string,
  bytes: number,
  { mayStay = false }: FloodOptions = {},
): Promise<void> {
  const of = KINDS[name];
  if (of === undefined) throw new Error(`there is no flood of ${name}`);
  socket.write(PREFACE);
  socket.write(SETTINGS);
  socket.on('data', () => undefined);
  for (let n = 0, sent = 0; sent < bytes && !socket.destroyed;) {
    const parts: Buffer[] = [];
    for (let i = 0; i < 200; i += 1, n += 1) parts.push(of(n));
    const some = Buffer.concat(parts);
    sent += some.length;
    if (!socket.write(some) && !(await drained(socket)) && mayStay) return;
  }
  if (!mayStay) await until(`the flood of ${name} was cut`, () => socket.destroyed, { timeoutMs: 10_000 });
}

/** The beginning of a gRPC call on a new connection: what follows are its messages, by `inPieces`. */
export function grpcCall(path: string): Buffer {
  const field = (name: Buffer, value: string): Buffer =>
    Buffer.concat([name, Buffer.of(value.length), Buffer.from(value)]);
  const headers = Buffer.concat([
    // :method POST and :scheme https; then by the names of HPACK's static table, in clear.
    Buffer.of(0x83, 0x87),
    field(Buffer.of(0x04), path),
    field(Buffer.of(0x01), 'longshore'),
    field(Buffer.of(0x0f, 0x10), 'application/grpc'),
    field(Buffer.concat([Buffer.of(0x00, 2), Buffer.from('te')]), 'trailers'),
  ]);
  return Buffer.concat([PREFACE, SETTINGS, frame(1, 4, 1, headers)]);
}

/** Of the call: these bytes, and then so many, each in a frame of its own. Resolves when they are gone, or it was cut. */
export async function inPieces(socket: TLSSocket, first: Buffer, count: number): Promise<void> {
  socket.write(frame(0, 0, 1, first));
  const piece = frame(0, 0, 1, Buffer.of(0));
  for (let sent = 0; sent < count && !socket.destroyed;) {
    const some = Math.min(1_000, count - sent);
    sent += some;
    if (!socket.write(Buffer.concat(Array.from({ length: some }, () => piece)))) await drained(socket);
  }
  await until('all of it was taken', () => socket.destroyed || socket.writableLength === 0);
}

/** @returns false when it is not taken for long */
function drained(socket: TLSSocket): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(late);
      socket.off('drain', done).off('close', done);
      resolve(true);
    };
    const late = setTimeout(() => resolve(false), NOT_TAKEN_MS);
    socket.once('drain', done).once('close', done);
  });
}

/** Resolves also when it was closed at once. */
export function tcpTo(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket)).once('close', () => resolve(socket));
    socket.on('error', () => undefined).resume();
  });
}

/** With this certificate or none, and believing anybody: a hostile peer does not care whom it talks to. */
export function tlsTo(port: number, own?: { chainPem: string; keyPem: string }): Promise<TLSSocket> {
  return new Promise((resolve) => {
    const socket = connectTls({
      ...{ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false },
      ...(own === undefined ? {} : { cert: own.chainPem, key: own.keyPem }),
    });
    socket.on('error', () => undefined);
    socket.once('secureConnect', () => resolve(socket)).once('close', () => resolve(socket));
    socket.resume();
  });
}
