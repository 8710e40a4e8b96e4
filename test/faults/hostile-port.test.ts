/**
 * Whoever reaches a port of ours and is nobody: connections that never speak,
 * handshakes that never end, floods of HTTP/2. Each costs a bounded number of
 * connections, bytes and seconds, is counted, and disturbs nobody.
 */
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { faultNumbers } from '../support/faults.ts';
import { MetricsProbe } from '../support/metrics.ts';
import { Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const NUMBERS = faultNumbers({
  short: { silent: 300, floods: 2, floodBytes: 2_000_000 },
  full: { silent: 3_000, floods: 15, floodBytes: 100_000_000 },
});
/** Of the agent port (link-limits.ts). */
const HANDSHAKE_TIMEOUT_MS = 5_000;
const UNVERIFIED_PER_ADDRESS = 20;
/** What the server may hold more after all that: garbage not collected yet included. */
const GROWTH_BYTES = 120e6;

let stage: Stage;
let port: number;
let probe: MetricsProbe;

beforeAll(async () => {
  stage = await Stage.open();
  await stage.addAgent('polling', { name: 'honest' });
  port = Number(stage.servers[0]?.agentAddress.split(':').at(-1));
  probe = new MetricsProbe(stage.url, stage.key);
}, 60_000);

afterAll(async () => {
  await stage.close();
});

test('thousands of connections that never speak are sent away, and an agent comes in meanwhile', async () => {
  const silent = await Promise.all(Array.from({ length: NUMBERS.silent }, () => tcp()));
  // One that only begins: the first bytes of a ClientHello, then nothing.
  for (const socket of silent.slice(0, 50)) socket.write(Buffer.from('16030102000100', 'hex'));
  await worksStill();
  await until('all silent connections were closed', () => silent.every((socket) => socket.closed), {
    timeoutMs: 10 * HANDSHAKE_TIMEOUT_MS,
  });
  expect(await probe.value('connections_refused_total')).toBeGreaterThan(0);
}, 120_000);

test('so many without a certificate from one address, and the others are counted away', async () => {
  const nobody = await Promise.all(Array.from({ length: 3 * UNVERIFIED_PER_ADDRESS }, () => tls()));
  await until(
    'only the allowed ones are left',
    () => nobody.filter((socket) => !socket.closed).length <= UNVERIFIED_PER_ADDRESS,
  );
  expect(nobody.filter((socket) => !socket.closed)).toHaveLength(UNVERIFIED_PER_ADDRESS);
  expect(await probe.value('connections_refused_total', 'reason="tooManyUnverified"')).toBe(
    2 * UNVERIFIED_PER_ADDRESS,
  );
  for (const socket of nobody) socket.destroy();
  await worksStill();
}, 60_000);

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

const FLOODS: Record<string, (n: number) => Buffer> = {
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

test.each(Object.keys(FLOODS))(
  'an HTTP/2 flood of %s is cut',
  async (name) => {
    const of = FLOODS[name] ?? (() => SETTINGS);
    const before = await probe.value('process_resident_memory_bytes');
    const floods = Array.from({ length: NUMBERS.floods }, () => flood(of));
    const sent = await Promise.all(floods);
    await worksStill();
    const after = await probe.value('process_resident_memory_bytes');
    expect(after - before).toBeLessThan(GROWTH_BYTES);
    for (const { closed } of sent) expect(closed).toBe(true);
  },
  120_000,
);

test('headers that are too large are refused, one request only', async () => {
  const session = await http2();
  const outcome = await new Promise<string>((resolve) => {
    const request = session.request({ ':method': 'POST', ':path': '/x', 'x-large': 'x'.repeat(200_000) });
    request.on('error', (error: Error) => resolve(error.message)).on('response', () => resolve('answered'));
    session.on('goaway', () => resolve('goaway')).on('close', () => resolve('closed'));
  });
  expect(outcome).not.toBe('answered');
  session.destroy();
  await worksStill();
}, 60_000);

/** An honest agent's script runs while all that goes on. */
async function worksStill(): Promise<void> {
  const { id } = await stage.rest.script('echo fine', { pool: 'stage' });
  const { task } = await stage.rest.ended(id, { timeoutMs: 20_000 });
  expect(task.state).toBe('success');
}

async function flood(of: (n: number) => Buffer): Promise<{ closed: boolean }> {
  const socket = await tls();
  socket.write(PREFACE);
  socket.write(SETTINGS);
  socket.on('data', () => undefined);
  for (let n = 0, sent = 0; sent < NUMBERS.floodBytes && !socket.destroyed;) {
    const parts: Buffer[] = [];
    for (let i = 0; i < 200; i += 1, n += 1) parts.push(of(n));
    const bytes = Buffer.concat(parts);
    sent += bytes.length;
    if (!socket.write(bytes)) await drained(socket);
  }
  await until('the flood was cut', () => socket.destroyed, { timeoutMs: 10_000 });
  return { closed: socket.destroyed };
}

function drained(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.once('drain', done).once('close', done);
  });
}

function tcp(): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => undefined).resume();
  });
}

/** Without a certificate of its own, and believing anybody. */
function tls(): Promise<TLSSocket> {
  return new Promise((resolve) => {
    // A hostile peer does not care whom it talks to.
    const socket = connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false });
    socket.on('error', () => undefined);
    socket.once('secureConnect', () => resolve(socket)).once('close', () => resolve(socket));
    socket.resume();
  });
}

async function http2(): Promise<ClientHttp2Session> {
  const socket = await tls();
  const session = connectHttp2(`https://127.0.0.1:${port}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  return session;
}
