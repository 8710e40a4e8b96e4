import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { silentLogger, systemClock } from '@longshore/base';

import { Connections, type HttpRefusal } from './connections.ts';

const MORE_THAN_THE_KERNEL_HOLDS = Buffer.alloc(32 * 1024 * 1024);

let server: Server;
let connections: Connections;
let refused: HttpRefusal[];
let ours: Socket;
let peer: Socket;
let told: Promise<unknown>;

beforeEach(async () => {
  refused = [];
  connections = new Connections({
    clock: systemClock,
    logger: silentLogger,
    refused: (reason) => refused.push(reason),
  });
  server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  peer = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  peer.on('error', () => undefined);
  [ours] = (await accepted) as [Socket];
  ours.on('error', () => undefined);
  told = once(ours, 'close');
});

afterEach(async () => {
  connections.close();
  peer.destroy();
  ours.destroy();
  server.close();
  await once(server, 'close');
});

test.each<[string, () => unknown]>([
  ['is open', () => undefined],
  ['is ending, all is written', () => ours.end('an answer')],
  ['is ending, and its peer reads nothing', () => ours.end(MORE_THAN_THE_KERNEL_HOLDS)],
  [
    'has ended',
    async () => {
      ours.end();
      await once(ours, 'finish');
    },
  ],
])('a connection that %s is cut at once, and counted', async (_what, before) => {
  await before();
  connections.cut(ours, 'pipelined');
  const late = new AbortController();
  const closed = await Promise.race([told.then(() => true), sleep(5_000, false, late).catch(() => false)]);
  late.abort();
  expect([closed, refused]).toEqual([true, ['pipelined']]);
  const held = await new Promise<number>((resolve, reject) =>
    server.getConnections((error, n) => (error === null ? resolve(n) : reject(error))),
  );
  expect(held).toBe(0);
});
