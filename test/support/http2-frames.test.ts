import { connect, constants, createServer, type Http2Server } from 'node:http2';
import { connect as dialTcp, createServer as createTcpServer, type AddressInfo } from 'node:net';

import { expect, test } from '@jest/globals';

import { pathOf } from './header-path.ts';
import { Http2Frames, type Http2Part } from './http2-frames.ts';

interface Call {
  path: string;
  headers?: Record<string, string>;
  body: string;
}

/** What Node's own HTTP/2 says to itself, read along in parts of so many bytes. */
async function readAlong(
  calls: Call[],
  { padded = false, partBytes = 1000 } = {},
): Promise<Record<'client' | 'server', Http2Part[]>> {
  const paddingStrategy = padded ? constants.PADDING_STRATEGY_MAX : constants.PADDING_STRATEGY_NONE;
  const server: Http2Server = createServer({ paddingStrategy });
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.on('data', (bytes: Buffer) => stream.write(bytes.toString().toUpperCase()));
    stream.on('end', () => stream.end());
  });
  const parts: Record<'client' | 'server', Http2Part[]> = { client: [], server: [] };
  const frames = { client: new Http2Frames('client'), server: new Http2Frames('server') };
  const take = (from: 'client' | 'server', bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += partBytes)
      parts[from].push(...frames[from].push(bytes.subarray(at, at + partBytes)));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const between = createTcpServer((near) => {
    const far = dialTcp((server.address() as AddressInfo).port, '127.0.0.1');
    near.on('data', (bytes) => (take('client', bytes), far.write(bytes))).on('end', () => far.end());
    far.on('data', (bytes) => (take('server', bytes), near.write(bytes))).on('end', () => near.end());
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const client = connect(`http://127.0.0.1:${(between.address() as AddressInfo).port}`, { paddingStrategy });
  for (const { path, headers = {}, body } of calls) {
    const stream = client.request({ ':method': 'POST', ':path': path, ...headers });
    stream.resume().end(body);
    await new Promise((resolve) => stream.once('close', resolve));
  }
  await new Promise<void>((resolve) => client.close(resolve));
  await new Promise((resolve) => between.close(resolve));
  await new Promise((resolve) => server.close(resolve));
  return parts;
}

function bodies(parts: Http2Part[]): string[] {
  const found = new Map<number, string>();
  for (const part of parts)
    if (part.kind === 'data') found.set(part.stream, (found.get(part.stream) ?? '') + part.bytes.toString());
  return [...found.values()];
}

const paths = (parts: Http2Part[]): string[] =>
  parts.flatMap((part) => (part.kind === 'path' ? [part.path] : []));

const ALL_OF_A_PATH = '/abcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOPQRSTUVWXYZ/_0123456789';
const CALLS: Call[] = [
  { path: '/longshore.link.v1.AgentGateway/Link', body: 'one' },
  { path: ALL_OF_A_PATH, body: 'x'.repeat(40_000) },
  {
    path: '/longshore.link.v1.AgentGateway/Link',
    headers: { 'user-agent': 'again', te: 'trailers' },
    body: 'two',
  },
];

test.each([
  { padded: false, partBytes: 1_000_000 },
  { padded: true, partBytes: 1_000_000 },
  { padded: true, partBytes: 1 },
])('paths and bytes of each stream, %j', async (options) => {
  const { client, server } = await readAlong(CALLS, options);
  expect(paths(client)).toEqual(CALLS.map(({ path }) => path));
  expect(bodies(client)).toEqual(CALLS.map(({ body }) => body));
  expect(bodies(server)).toEqual(CALLS.map(({ body }) => body.toUpperCase()));
  expect(paths(server)).toEqual([]);
});

test('headers that go on in further frames', async () => {
  const long = { first: 'a'.repeat(20_000), second: 'b'.repeat(20_000) };
  const { client } = await readAlong([{ path: '/a/b', headers: long, body: '' }]);
  expect(paths(client)).toEqual(['/a/b']);
});

test('what is no HTTP/2 is said to be none', () => {
  expect(() => new Http2Frames('client').push(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow(
    'no HTTP/2: "GET /',
  );
});

test('a character that is no gRPC path’s is said to be strange', async () => {
  await expect(readAlong([{ path: '/a/b', body: '' }])).resolves.toBeDefined();
  // '/a~' in Huffman codes: 011000 00011 1111111111101.
  const block = Buffer.from([0x04, 0x83, 0b01100000, 0b01111111, 0b11111101]);
  expect(() => pathOf(block)).toThrow('strange character after "/a"');
});
