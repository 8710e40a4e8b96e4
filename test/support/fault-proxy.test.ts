import { connect, createServer, type Server, type Socket } from 'node:net';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { FaultProxy } from './fault-proxy.ts';
import { until } from './until.ts';

/** What one end has seen. */
interface End {
  socket: Socket;
  got: () => string;
  seen: string[];
}

let server: Server;
let proxy: FaultProxy;
let accepted: End[] = [];
let opened: Socket[] = [];

beforeEach(async () => {
  accepted = [];
  opened = [];
  server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(endOf(socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await FaultProxy.open({ host: '127.0.0.1', port: address.port });
});

afterEach(async () => {
  await proxy.close();
  expect(proxy.connections).toBe(0);
  for (const socket of opened) socket.destroy();
  for (const { socket } of accepted) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

function endOf(socket: Socket): End {
  let got = '';
  const seen: string[] = [];
  socket.on('data', (bytes: Buffer) => {
    got += bytes.toString('latin1');
  });
  socket.on('end', () => seen.push('end'));
  socket.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code ?? ''));
  socket.on('close', () => seen.push('close'));
  return { socket, got: () => got, seen };
}

function dial(): End {
  const socket = connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true });
  opened.push(socket);
  return endOf(socket);
}

/** Both ends of a new connection that has carried a byte each way. */
async function pair(): Promise<{ dialler: End; listener: End }> {
  const before = accepted.length;
  const dialler = dial();
  dialler.socket.write('>');
  const listener = await until('it is accepted', () => accepted[before]);
  await until('the first byte is here', () => listener.got() === '>');
  listener.socket.write('<');
  await until('the answer is here', () => dialler.got() === '<');
  return { dialler, listener };
}

/** Long enough for what passes freely to have passed: each is followed by proof that it then does. */
const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));

test('bytes and ends pass both ways, each for itself', async () => {
  const { dialler, listener } = await pair();
  const big = 'x'.repeat(3_000_000);
  dialler.socket.end(big);
  await until('all of it has passed', () => listener.got().length === big.length + 1);
  await until('the end too', () => listener.seen.includes('end'));
  listener.socket.end('last words');
  await until('the other way is still open', () => dialler.got() === '<last words');
  await until('it is over', () => proxy.connections === 0);
});

test('a reset of one end is a reset at the other', async () => {
  const { dialler, listener } = await pair();
  dialler.socket.resetAndDestroy();
  await until('it is reset', () => listener.seen.includes('ECONNRESET'));
});

test('nobody listening is a reset', async () => {
  await new Promise((resolve) => server.close(resolve));
  const { seen } = dial();
  await until('it is reset', () => seen.includes('ECONNRESET'));
});

test('a black hole swallows bytes, ends, resets and new connections, and gives them back', async () => {
  const { dialler, listener } = await pair();
  const other = await pair();
  proxy.blackHole();
  dialler.socket.end('held');
  other.listener.socket.resetAndDestroy();
  const late = dial();
  late.socket.write('late');
  await moment();
  expect(listener.got()).toBe('>');
  expect([...listener.seen, ...other.dialler.seen, ...late.seen]).toEqual([]);
  expect(accepted.length).toBe(2);
  proxy.heal();
  await until('what was held is here', () => listener.got() === '>held' && listener.seen.includes('end'));
  await until('the reset too', () => other.dialler.seen.includes('ECONNRESET'));
  await until('the new connection too', () => accepted[2]?.got() === 'late');
});

test('a black hole makes the sender wait', async () => {
  const { dialler } = await pair();
  proxy.blackHole();
  let written = 0;
  const part = Buffer.alloc(1 << 20);
  while (dialler.socket.writableLength < 20 << 20) {
    dialler.socket.write(part);
    written += part.length;
    await new Promise((resolve) => setImmediate(resolve));
    if (written > 200 << 20) throw new Error('it takes without end');
  }
  expect(written).toBeGreaterThan(20 << 20);
});

test('rst: both ends are reset', async () => {
  const { dialler, listener } = await pair();
  proxy.cut('rst');
  await until('both are', () => [dialler, listener].every(({ seen }) => seen.includes('ECONNRESET')));
});

test('fin: both ends see an end, and no reset', async () => {
  const { dialler, listener } = await pair();
  dialler.socket.write('on its way');
  proxy.cut('fin');
  await until('both do', () => [dialler, listener].every(({ seen }) => seen.includes('end')));
  dialler.socket.end();
  listener.socket.end();
  await until('both are closed', () => [dialler, listener].every(({ seen }) => seen.includes('close')));
  expect([...dialler.seen, ...listener.seen]).not.toContain('ECONNRESET');
});

test.each(['fin', 'rst'] as const)('closed while an end is on its way, and cut by %s before', async (how) => {
  await pair();
  proxy.cut('fin');
  proxy.cut(how);
  await proxy.close();
});

test('half-close: one way ends, the other goes on', async () => {
  const { dialler, listener } = await pair();
  proxy.cut('half-close', { toward: 'toDialler' });
  await until('the dialler sees an end', () => dialler.seen.includes('end'));
  dialler.socket.write('still');
  await until('the other way goes on', () => listener.got() === '>still');
  expect(listener.seen).toEqual([]);
});

test('cut after exactly so many bytes of a direction', async () => {
  const { dialler, listener } = await pair();
  const cut = proxy.cutAfter(100_000, { direction: 'toListener' });
  listener.socket.write('y'.repeat(200_000));
  await until('the other direction does not count', () => dialler.got().length === 200_001);
  dialler.socket.write('x'.repeat(250_000));
  await cut;
  await until('it is cut', () => listener.seen.includes('close'));
  expect(listener.got().length).toBe(100_001);
  await pair();
});

test('cut after the last byte of what was sent, without waiting for more', async () => {
  const { dialler, listener } = await pair();
  const cut = proxy.cutAfter(5);
  dialler.socket.write('12345');
  await cut;
  await until('it is cut', () => listener.seen.includes('close'));
  expect(listener.got()).toBe('>12345');
});

test('latency and bandwidth', async () => {
  const { dialler, listener } = await pair();
  proxy.latency(150);
  let began = performance.now();
  dialler.socket.write('slow');
  await until('it has come', () => listener.got() === '>slow');
  expect(performance.now() - began).toBeGreaterThan(145);
  proxy.latency(0);
  proxy.bandwidth(1_000_000);
  began = performance.now();
  dialler.socket.write('x'.repeat(300_000));
  await until('all of it has come', () => listener.got().length === 300_005);
  expect(performance.now() - began).toBeGreaterThan(250);
});

test('one way alone can be swallowed, of connections that come as well', async () => {
  const { dialler, listener } = await pair();
  proxy.blackHole('toListener');
  dialler.socket.write('held');
  listener.socket.write('passes');
  await until('the other way passes', () => dialler.got() === '<passes');
  const before = accepted.length;
  const late = dial();
  late.socket.write('held too');
  const end = await until('a new one is made', () => accepted[before]);
  end.socket.write('hello');
  await until('it hears', () => late.got() === 'hello');
  expect([listener.got(), end.got()]).toEqual(['>', '']);
  proxy.heal();
  await until('what was held goes on', () => listener.got() === '>held' && end.got() === 'held too');
});
