import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { createAuthority } from '@longshore/protocol/certificates';

import { FaultProxy, type Direction, type Watcher } from './fault-proxy.ts';
import { KeyLog } from './key-log.ts';
import { recordOf, TlsTap } from './tls-tap.ts';
import { until } from './until.ts';

const OPENSSL = spawnSync('openssl', ['version']).status === 0;

let folder: string;
let server: Server;
let proxy: FaultProxy;
let tap: TlsTap;
let ends: TLSSocket[];
let read: Record<Direction, string>;
let failure: unknown;
let answered: boolean;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-tls-tap-'));
  ends = [];
  read = { toListener: '', toDialler: '' };
  failure = undefined;
  answered = false;
});

afterEach(async () => {
  for (const end of ends) end.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** A server that answers each part with itself, in capitals, behind a proxy that reads along. */
async function listen({ keys = true, ...options }: TlsOptions & { keys?: boolean } = {}): Promise<void> {
  const { certificatePem, keyPem } = createAuthority('a test', { now: Date.now(), lifetimeMs: 60_000 });
  server = createServer(
    { key: keyPem, cert: certificatePem, minVersion: 'TLSv1.3', ...options },
    (socket) => {
      ends.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes: Buffer) => socket.write(bytes.toString().toUpperCase()));
    },
  );
  // Node leaves a connection open whose handshake failed.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  const file = join(folder, 'keys');
  if (keys) server.on('keylog', (line) => appendFileSync(file, line));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await FaultProxy.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  tap = new TlsTap(new KeyLog(file));
  proxy.watch(watcher());
}

function watcher(): Watcher {
  return {
    partOf: recordOf,
    look: async ({ direction, bytes }) => {
      answered ||= direction === 'toDialler';
      const from = direction === 'toListener' ? 'client' : 'server';
      if (failure !== undefined) return undefined;
      await tap.read(from, bytes).then(
        (part) => {
          read[direction] += part?.toString() ?? '';
        },
        (thrown: unknown) => {
          failure = thrown;
        },
      );
      return undefined;
    },
    ending: () => tap.end(),
    over: () => tap.end(),
  };
}

function dial(options: object = {}): { socket: TLSSocket; got: () => string } {
  // What is tested is the tap, and the server's certificate is its own.
  const socket = connect({ host: '127.0.0.1', port: proxy.port, rejectUnauthorized: false, ...options });
  ends.push(socket);
  let got = '';
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => {
    got += bytes.toString();
  });
  return { socket, got: () => got };
}

async function expectReadAlong({ socket, got }: ReturnType<typeof dial>): Promise<void> {
  const long = 'abcdefghij'.repeat(10_000);
  socket.write('hello, ');
  socket.write(long);
  const said = `hello, ${long}`;
  await until('all of it has come back', () => got().length === said.length);
  expect(failure).toBeUndefined();
  // Not the texts: a difference of such length would be printed.
  expect(read.toListener === said).toBe(true);
  expect(read.toDialler === said.toUpperCase()).toBe(true);
}

test.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])(
  'reads both directions of %s',
  async (ciphers) => {
    await listen();
    const one = dial({ ciphers });
    await expectReadAlong(one);
    expect(one.socket.getCipher().standardName).toBe(ciphers);
  },
);

test('a server that asks for another hello', async () => {
  await listen({ ecdhCurve: 'P-384' });
  await expectReadAlong(dial({ ecdhCurve: 'X25519:P-384' }));
});

test('a session that is resumed', async () => {
  await listen();
  const first = dial();
  const session = await new Promise<Buffer>((resolve) => {
    first.socket.once('session', resolve);
    first.socket.write('a');
  });
  await until('it is answered', () => first.got() === 'A');
  first.socket.destroy();
  await until('it is over', () => proxy.connections === 0);
  tap = new TlsTap(new KeyLog(join(folder, 'keys')));
  read = { toListener: '', toDialler: '' };
  const second = dial({ session });
  await expectReadAlong(second);
  expect(second.socket.isSessionReused()).toBe(true);
});

if (!OPENSSL) console.warn('SKIPPED: keys that change in mid-connection: there is no openssl command');

(OPENSSL ? test : test.skip)('keys that change in mid-connection, of both sides', async () => {
  await listen();
  const client = spawn('openssl', ['s_client', '-connect', proxy.address, '-tls1_3'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise((resolve) => client.once('close', resolve));
  try {
    // Its commands are lines of their own, as it reads them: K asks the other side to change its keys too.
    const said = async (line: string): Promise<void> => {
      client.stdin.write(line);
      await until(`${line} is answered`, () => failure ?? read.toDialler.endsWith(line.toUpperCase()));
    };
    const keysChanged = async (times: number): Promise<void> => {
      client.stdin.write('K\n');
      await until('it has changed its keys', () => tap.keyUpdates >= times);
    };
    await said('before\n');
    await keysChanged(1);
    await said('after\n');
    await keysChanged(3);
    await said('again\n');
    expect(failure).toBeUndefined();
    expect(read).toEqual({ toListener: 'before\nafter\nagain\n', toDialler: 'BEFORE\nAFTER\nAGAIN\n' });
    expect(tap.keyUpdates).toBe(4);
  } finally {
    client.stdin.end();
    await ended;
  }
});

test('without the secrets nothing passes, and a connection that goes meanwhile is no failure', async () => {
  await listen({ keys: false });
  const { socket, got } = dial();
  socket.write('hello');
  await until('the server has answered', () => proxy.connections === 1 && answered);
  proxy.cut('rst');
  await until('it is over', () => proxy.connections === 0);
  expect({ read, got: got(), failure }).toEqual({
    read: { toListener: '', toDialler: '' },
    got: '',
    failure: undefined,
  });
});

test('a record that its secret does not open fails it', async () => {
  await listen();
  const good = tap;
  tap = {
    read: async (from: 'client' | 'server', record: Buffer) => {
      if (record[0] === 23) record.writeUInt8(record.readUInt8(7) ^ 1, 7);
      return good.read(from, record);
    },
    end: () => good.end(),
  } as unknown as TlsTap;
  dial();
  await until('it is said', () => failure !== undefined);
  expect(String(failure)).toMatch(/authenticate/);
});

test('what is no TLS is said to be none', async () => {
  const plain = new TlsTap(new KeyLog(join(folder, 'keys')));
  await listen();
  expect(recordOf(Buffer.from('GET / HTTP/1.1\r\n'))).toBe(16);
  await expect(plain.read('client', Buffer.from('GET / HTTP/1.1\r\n'))).rejects.toThrow(
    'something else than TLS',
  );
});

test('a record is told from its beginning alone', () => {
  const record = Buffer.from([23, 3, 3, 0, 3, 1, 2, 3]);
  expect(recordOf(record.subarray(0, 4))).toBe(0);
  expect(recordOf(record.subarray(0, 7))).toBe(0);
  expect(recordOf(Buffer.concat([record, record]))).toBe(8);
});
