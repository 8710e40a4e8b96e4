import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import {
  connect,
  createSecureServer,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type Http2SecureServer,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import {
  createAuthority,
  createKey,
  createRequest,
  issueCertificate,
} from '@longshore/protocol/certificates';
import {
  AgentFrame,
  AgentGatewayService,
  LinkRequest,
  LinkResponse,
  ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';

import { FaultProxy } from './fault-proxy.ts';
import { FrameCuts } from './frame-cut.ts';
import { KeyLog } from './key-log.ts';
import { until } from './until.ts';

const LINK = AgentGatewayService.link.path;

/** One end of a control stream over mutual TLS, by hand. */
interface End {
  stream: ClientHttp2Stream | ServerHttp2Stream;
  got: string[];
  closed: boolean;
}

let folder: string;
let server: Http2SecureServer;
let proxy: FaultProxy;
let cuts: FrameCuts;
let listeners: End[];
let sessions: ClientHttp2Session[];
let dial: () => End;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-frame-cut-'));
  listeners = [];
  sessions = [];
  await open();
});

afterEach(async () => {
  for (const session of sessions) session.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** @param logged whether the server writes its keys down */
async function open({ logged = true } = {}): Promise<void> {
  const validity = { now: Date.now(), lifetimeMs: 3_600_000 };
  const authority = createAuthority('a test', validity);
  const context = (role: 'server' | 'agent'): { key: string; cert: string; ca: string } => {
    const key = createKey();
    const subject = { role, id: 'someone', hosts: ['127.0.0.1'] };
    const { chainPem } = issueCertificate(authority, { csrDer: createRequest(key), subject }, validity);
    return { key, cert: chainPem, ca: authority.certificatePem };
  };
  server = createSecureServer({ ...context('server'), requestCert: true, minVersion: 'TLSv1.3' });
  server.on('sessionError', () => undefined);
  const file = join(folder, 'keys');
  if (logged) server.on('keylog', (line: Buffer) => appendFileSync(file, line));
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    listeners.push(endOf(stream, (bytes) => LinkRequest.decode(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await FaultProxy.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  cuts = new FrameCuts(proxy, new KeyLog(file));
  const agent = context('agent');
  dial = () => {
    const session = connect(`https://127.0.0.1:${proxy.port}`, agent);
    session.on('error', () => undefined);
    sessions.push(session);
    return endOf(session.request({ ':method': 'POST', ':path': LINK }), (bytes) =>
      LinkResponse.decode(bytes),
    );
  };
}

function endOf(
  stream: End['stream'],
  decode: (message: Buffer) => { frames: (AgentFrame | ServerFrame)[] },
): End {
  const end: End = { stream, got: [], closed: false };
  let begun = Buffer.alloc(0);
  stream.on('error', () => undefined);
  stream.on('close', () => (end.closed = true));
  stream.on('data', (bytes: Buffer) => {
    begun = Buffer.concat([begun, bytes]);
    while (begun.length >= 5 && begun.length >= 5 + begun.readUInt32BE(1)) {
      const whole = 5 + begun.readUInt32BE(1);
      end.got.push(...decode(begun.subarray(5, whole)).frames.map(({ kind }) => kind?.$case ?? 'unknown'));
      begun = begun.subarray(whole);
    }
  });
  return end;
}

function message(encoded: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(encoded.length, 1);
  return Buffer.concat([prefix, encoded]);
}

function agentSays(end: End, ...kinds: AgentFrame['kind'][]): void {
  end.stream.write(message(LinkRequest.encode({ frames: kinds.map((kind) => ({ kind })) }).finish()));
}

function serverSays(end: End, ...kinds: ServerFrame['kind'][]): void {
  end.stream.write(message(LinkResponse.encode({ frames: kinds.map((kind) => ({ kind })) }).finish()));
}

const hello = (agentId = 'a'): AgentFrame['kind'] =>
  AgentFrame.fromPartial({ kind: { $case: 'hello', value: { agentId } } }).kind;
const ping = (n: number): { $case: 'ping'; value: { n: number } } => ({ $case: 'ping', value: { n } });
const pong = (n: number): { $case: 'pong'; value: { n: number } } => ({ $case: 'pong', value: { n } });

/** Both ends of a control stream on which a Hello has come. */
async function pair(agentId = 'a'): Promise<{ agent: End; node: End }> {
  const before = listeners.length;
  const agent = dial();
  agentSays(agent, hello(agentId));
  const node = await until('its Hello is here', () =>
    listeners.slice(before).find(({ got }) => got.includes('hello')),
  );
  return { agent, node };
}

test.each([
  { moment: 'before', how: 'rst', got: ['hello', 'pong'] },
  { moment: 'within', how: 'rst', got: ['hello', 'pong'] },
  { moment: 'after', how: 'rst', got: ['hello', 'pong', 'ping'] },
  { moment: 'before', how: 'fin', got: ['hello', 'pong'] },
  { moment: 'within', how: 'fin', got: ['hello', 'pong'] },
  { moment: 'after', how: 'fin', got: ['hello', 'pong', 'ping'] },
] as const)(
  'cut %j: what was sent before has come, what was sent after has not',
  async ({ moment, how, got }) => {
    const { agent, node } = await pair();
    const cut = cuts.cutAt({ frame: 'agent control.ping', moment, how });
    agentSays(agent, pong(1));
    await until('what comes before it is there', () => node.got.includes('pong'));
    agentSays(agent, ping(7));
    agentSays(agent, pong(2));
    expect(await cut).toMatchObject({ name: 'agent control.ping', value: { n: 7 } });
    await until('both ends see it', () => agent.closed && node.closed);
    expect(node.got).toEqual(got);
  },
);

test('a frame that takes many records is cut at its last one', async () => {
  const { agent, node } = await pair();
  const records = Buffer.alloc(200_000, 'x');
  const cut = cuts.cutAt({ frame: 'agent control.output', moment: 'within' });
  let came = 0;
  node.stream.on('data', (bytes: Buffer) => {
    came += bytes.length;
  });
  const frame = AgentFrame.fromPartial({ kind: { $case: 'output', value: { attemptId: 'b', records } } });
  agentSays(agent, frame.kind);
  await cut;
  await until('it is cut', () => node.closed);
  expect(node.got).toEqual(['hello']);
  expect(came).toBeGreaterThan(records.length - 20_000);
  expect(came).toBeLessThan(records.length);
});

test('frames of the other end, in a message with others', async () => {
  const { agent, node } = await pair();
  const cut = cuts.cutAt({ frame: 'server control.pong', moment: 'before' });
  serverSays(node, ping(1));
  await until('what is not meant passes', () => agent.got.includes('ping'));
  serverSays(node, ping(2), pong(3));
  expect((await cut).value).toEqual({ n: 3 });
  await until('it is cut', () => agent.closed);
  expect(agent.got).toEqual(['ping']);
});

test('of one agent', async () => {
  const one = await pair('one');
  const other = await pair('other');
  const cut = cuts.cutAt({ frame: 'agent control.ping', moment: 'after', agentId: 'other' });
  agentSays(one.agent, ping(1));
  await until('the other’s passes', () => one.node.got.includes('ping'));
  agentSays(other.agent, ping(2));
  expect((await cut).value).toEqual({ n: 2 });
  await until('it is cut', () => other.node.closed);
  agentSays(one.agent, pong(1));
  await until('the other agent goes on', () => one.node.got.includes('pong'));
  expect(cuts.seen.get('agent control.ping')).toBe(2);
});

test('of one script’s attempts', async () => {
  const { agent, node } = await pair();
  const start = (attemptId: string, body: string): ServerFrame['kind'] =>
    ServerFrame.fromPartial({
      kind: { $case: 'start', value: { attemptId, spec: { body: Buffer.from(body) } } },
    }).kind;
  const phase = (attemptId: string): AgentFrame['kind'] =>
    AgentFrame.fromPartial({ kind: { $case: 'phaseChanged', value: { attemptId, phase: 3 } } }).kind;
  const cut = cuts.cutAt({ frame: 'agent control.phaseChanged', moment: 'before', script: 'mine' });
  serverSays(node, start('a1', 'echo well'), start('a2', 'echo mine'));
  await until('they are there', () => agent.got.length === 2);
  agentSays(agent, phase('a1'));
  await until('what is not meant passes', () => node.got.includes('phaseChanged'));
  agentSays(agent, phase('a2'));
  expect((await cut).value['attemptId']).toBe('a2');
});

test('a kind that does not come fails the cut, and says what came', async () => {
  const { agent, node } = await pair();
  agentSays(agent, ping(1));
  await until('it is here', () => node.got.includes('ping'));
  await expect(
    cuts.cutAt({ frame: 'server control.start', moment: 'before', timeoutMs: 50 }),
  ).rejects.toThrow(
    'no server control.start came within 50 ms; seen: agent control.hello 1, agent control.ping 1',
  );
  agentSays(agent, ping(2));
  await until('nothing was cut', () => node.got.length === 3);
});

test('connections of before are not seen, and that is said', async () => {
  const { agent, node } = await pair();
  const late = new FrameCuts(proxy, new KeyLog(join(folder, 'keys')));
  const cut = late.cutAt({ frame: 'agent control.ping', moment: 'before', timeoutMs: 200 });
  agentSays(agent, ping(1));
  await expect(cut).rejects.toThrow('seen: no frame at all');
  expect(node.got).toContain('ping');
});

test('keys that are another program’s fail every cut', async () => {
  const blind = new FrameCuts(proxy, {
    secret: async () => Buffer.alloc(48, 1),
  } as unknown as KeyLog);
  const cut = blind.cutAt({ frame: 'agent control.hello', moment: 'before' });
  agentSays(dial(), hello());
  await expect(cut).rejects.toThrow(/can't be read.*authenticate/);
  await expect(blind.cutAt({ frame: 'agent control.hello', moment: 'before' })).rejects.toThrow(
    /can't be read/,
  );
});

test('without a key log nothing passes, and the cut fails', async () => {
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
  await open({ logged: false });
  const cut = cuts.cutAt({ frame: 'agent control.hello', moment: 'before', timeoutMs: 300 });
  agentSays(dial(), hello());
  await expect(cut).rejects.toThrow('seen: no frame at all');
  expect(listeners).toEqual([]);
});
