/**
 * A server node that a listening agent knows, and that means harm: it has the
 * right certificate and breaks the protocol, or keeps to it and asks for too
 * much. The agent's scripts go on; its memory stays bounded; nothing is written
 * outside of its data directory.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { channelCredentials, channelOptions, type OwnIdentity } from '@longshore/protocol/credentials';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import {
  Interpreter,
  Isolation_Mode,
  RefusedReason,
  type ScriptSpec,
} from '@longshore/protocol/gen/longshore/link/v1/attempt';
import {
  AgentHostClient,
  Goodbye_Reason,
  type AgentFrame,
  type ServerFrame,
  type Welcome,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { serverLinkDuplex } from '@longshore/protocol/grpc-duplex';

import { faultNumbers } from '../support/faults.ts';
import { flood, FLOODS, grpcCall, inPieces, tlsTo } from '../support/http2-flood.ts';
import { residentBytes } from '../support/proc.ts';
import { startProgram } from '../support/program.ts';
import { authorityOf, certified } from '../support/stage-authority.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const NUMBERS = faultNumbers({
  short: {
    floods: 2,
    floodBytes: 1_000_000,
    fragments: 3_000_000,
    starts: 10_000,
    held: 1_300,
    wanted: 1_000,
    releases: 210_000,
  },
  full: {
    floods: 10,
    floodBytes: 50_000_000,
    fragments: 16_000_000,
    starts: 200_000,
    held: 10_000,
    wanted: 1_200,
    releases: 1_000_000,
  },
});
/** Of the agent's link process: garbage not collected yet included. */
const GROWTH_BYTES = 150e6;
/** Of the agent (limits.ts). */
const ATTEMPTS_UNDER_WAY = 1_100;
/** Fewer than the answers that it holds for who does not read them (protocol, link-limits.ts). */
const STARTS_AT_ONCE = 10_000;
const NODE = 'hostile';
const NOTHING = Buffer.alloc(0);
const FENCE = { generation: 1, n: 1 };
const LINES = 150;
const EVIL = '../../../evil';

let stage: Stage;
let agent: StageAgent;
let own: OwnIdentity;
let authorityPem: string;
let running: { id: string };
let memoryBefore: number;
let namesBefore: string[];
let ids = 0;

beforeAll(async () => {
  stage = await Stage.open();
  agent = await stage.addAgent('listening', { name: 'honest' });
  const authority = authorityOf(stage);
  authorityPem = authority.certificatePem;
  own = certified(authority, 'server', NODE);
  running = await stage.rest.script(`for i in $(seq 1 ${LINES}); do echo line $i; sleep 0.1; done`, {
    pool: 'stage',
  });
  memoryBefore = residentBytes(agent.daemon.pid);
  namesBefore = namesOutside();
}, 60_000);

afterAll(() => stage.close(), 60_000);

/** What stands around the agent's data directory, as far up as EVIL would reach. */
function namesOutside(): string[] {
  return [agent.folder, stage.folder, join(stage.folder, '..')].flatMap((folder) =>
    readdirSync(folder).filter((name) => name.includes('evil') || folder === agent.folder),
  );
}

const attemptId = (): string => `01HOSTILE${String((ids += 1)).padStart(10, '0')}`;

function start(id: string, spec: Partial<ScriptSpec>): ServerFrame {
  const whole: ScriptSpec = {
    ...{ interpreter: Interpreter.SH, body: Buffer.from('exit 0'), arguments: [], environment: {} },
    ...{ variables: [], files: [], timeoutMs: 0, graceMs: 100, runAs: '', maxProcesses: 0 },
    ...{ outputQuotaBytes: 0, largestLogBytes: 0, isolation: undefined, terminal: undefined },
    upgrade: undefined,
    ...spec,
  };
  return {
    kind: { $case: 'start', value: { attemptId: id, taskId: 'hostile', fence: FENCE, spec: whole } },
  };
}

/** One session of the hostile node with the agent. */
class Session {
  readonly #client: AgentHostClient;
  readonly #duplex: FrameDuplex<ServerFrame, AgentFrame>;
  readonly #heard = new Map<string, AgentFrame['kind'][]>();
  closed = false;

  constructor() {
    const credentials = channelCredentials(authorityPem, { role: 'agent' }, own);
    this.#client = new AgentHostClient(`127.0.0.1:${agent.port}`, credentials, channelOptions('direct'));
    this.#duplex = serverLinkDuplex(this.#client.link());
    void this.#duplex.closed.then(() => (this.closed = true));
    this.#duplex.receive(({ kind }) => {
      const name = kind?.$case ?? 'unknown';
      this.#heard.set(name, [...(this.#heard.get(name) ?? []), kind]);
    });
  }

  /** Up to the reply to its inventory, or whatever is to be sent instead. */
  static async open({ welcome = {}, instead = [] as ServerFrame[] } = {}): Promise<Session> {
    const session = new Session();
    await session.hears('hello');
    if (instead.length > 0) return session.say(...instead);
    const value: Welcome = {
      ...{ protocol: 1, capabilities: [], nodeId: NODE, nodes: [], ticket: Buffer.alloc(32, 1) },
      ...{ dataNonce: Buffer.alloc(16, 2), attemptWindowBytes: 0, sessionWindowBytes: 0 },
      ...welcome,
    };
    session.say({ kind: { $case: 'welcome', value } });
    if (Object.keys(welcome).length > 0) return session;
    await session.hears('inventory');
    return session.say({ kind: { $case: 'inventoryReply', value: { verdicts: [] } } });
  }

  say(...frames: ServerFrame[]): this {
    for (const frame of frames) this.#duplex.send(frame).catch(() => undefined);
    return this;
  }

  /** Resolves when there is room again. */
  async sayAll(frames: Iterable<ServerFrame>): Promise<void> {
    for (const frame of frames) await this.#duplex.send(frame);
  }

  count(name: string): number {
    return this.#heard.get(name)?.length ?? 0;
  }

  all(name: string): AgentFrame['kind'][] {
    return this.#heard.get(name) ?? [];
  }

  async hears(name: string): Promise<AgentFrame['kind']> {
    await until(
      `the agent says ${name}`,
      () => {
        if (this.closed && this.count(name) === 0)
          throw new Error(`it closed the session; it said ${[...this.#heard.keys()].join(', ')}`);
        return this.count(name) > 0;
      },
      { timeoutMs: 60_000 },
    );
    return this.all(name)[0];
  }

  async ended(): Promise<void> {
    await until('the session ended', () => this.closed);
    this.#client.close();
  }

  close(): void {
    this.#duplex.close('done');
    this.#client.close();
  }
}

const verdict = (id: string): ServerFrame => ({
  kind: {
    $case: 'inventoryReply',
    value: { verdicts: [{ attemptId: id, kind: { $case: 'cancel', value: {} } }] },
  },
});

const BREACHES: Record<string, () => Promise<Session>> = {
  'a command before Welcome': () => Session.open({ instead: [start(attemptId(), {})] }),
  "another node's name": () => Session.open({ welcome: { nodeId: 'server' } }),
  'a ticket of a megabyte': () => Session.open({ welcome: { ticket: Buffer.alloc(1_000_000) } }),
  'a thousand nodes': () =>
    Session.open({
      welcome: { nodes: Array.from({ length: 1_000 }, (_, n) => ({ nodeId: `n${n}`, address: 'x:1' })) },
    }),
  'Welcome twice': async () =>
    (await Session.open()).say({
      kind: {
        $case: 'welcome',
        value: {
          ...{ protocol: 1, capabilities: [], nodeId: NODE, nodes: [], ticket: NOTHING, dataNonce: NOTHING },
          ...{ attemptWindowBytes: 0, sessionWindowBytes: 0 },
        },
      },
    }),
  'Start of an id with ../': async () => (await Session.open()).say(start(EVIL, {})),
  'Adopt of an id with ../': async () =>
    (await Session.open()).say({ kind: { $case: 'adopt', value: { attemptId: EVIL, fence: FENCE } } }),
  'Cancel of an id with ../': async () =>
    (await Session.open()).say({
      kind: { $case: 'cancel', value: { attemptId: EVIL, fence: FENCE, reason: '' } },
    }),
  'Release of an id with ../': async () =>
    (await Session.open()).say({ kind: { $case: 'release', value: { attemptId: EVIL, fence: FENCE } } }),
  'a verdict on an id with ../': async () => (await Session.open()).say(verdict(EVIL)),
  'a verdict on an id that is two lines': async () =>
    (await Session.open()).say(verdict(`a 1\n01HONEST ${Date.now()}`)),
  'an id of a megabyte': async () => (await Session.open()).say(verdict('x'.repeat(1_000_000))),
  'output wanted without end': async () => {
    const session = await Session.open();
    const value = { attemptId: attemptId(), from: 0, to: 1e9 };
    for (let n = 0; n < 5_000; n += 1) session.say({ kind: { $case: 'outputWanted', value } });
    return session;
  },
};

test.each(Object.keys(BREACHES))(
  'it breaks the protocol: %s',
  async (name) => {
    const session = await BREACHES[name]?.();
    if (session === undefined) throw new Error(`no breach ${name}`);
    expect(await session.hears('goodbye')).toMatchObject({ value: { reason: Goodbye_Reason.PROTOCOL } });
    await session.ended();
  },
  60_000,
);

test('each of these was counted', async () => {
  const count = Object.keys(BREACHES).length;
  await until('the agent shows it', async () => (await turnedAway())['brokeProtocol'] === count);
}, 60_000);

/** What the agent counts: `longshore-agent show` says it. */
async function turnedAway(): Promise<Record<string, number>> {
  const { stdout } = await startProgram('agent', ['show', '--data-dir', agent.dataDir, '--output', 'json'])
    .ended;
  return (JSON.parse(stdout.toString()) as { turnedAway: Record<string, number> }).turnedAway;
}

test('Starts whose files, interpreters or packages are not what they may be are refused', async () => {
  const session = await Session.open();
  const file = (name: string): Partial<ScriptSpec> => ({
    files: [{ name, content: Buffer.from('evil'), executable: true }],
  });
  const upgrade = (packageDigest: Buffer, packageLength: number): Partial<ScriptSpec> => ({
    upgrade: { version: '../../../evil', packageDigest, packageLength, confirmWithinMs: 0 },
  });
  const specs: Partial<ScriptSpec>[] = [
    ...[
      '../evil',
      '../../../../evil',
      '/tmp/evil',
      '..',
      'a/b',
      'a\0b',
      '',
      'x'.repeat(300),
      'script.sh',
    ].map(file),
    { interpreter: 0 },
    { interpreter: 99 as Interpreter },
    upgrade(NOTHING, 4_096),
    upgrade(Buffer.alloc(1_000, 1), 10),
    upgrade(Buffer.alloc(32, 1), 2 ** 50),
    upgrade(Buffer.alloc(32, 1), 0),
  ];
  for (const spec of specs) session.say(start(attemptId(), spec));
  await until('all were answered', () => session.count('startReply') === specs.length);
  for (const reply of session.all('startReply'))
    expect(reply).toMatchObject({ value: { kind: { $case: 'refused' } } });
  session.close();
  expect(namesOutside()).toEqual(namesBefore);
}, 60_000);

test('packages that lie: a wrong digest, another length, and many that are never ended', async () => {
  const session = await Session.open();
  for (let n = 0; n < 30; n += 1) {
    const digest = Buffer.alloc(32, n);
    const spec = {
      upgrade: { version: '9', packageDigest: digest, packageLength: 150_000, confirmWithinMs: 0 },
    };
    session.say(start(attemptId(), spec));
    await until('it asks for the package', () => session.count('packageWanted') > 2 * n);
    const piece = (offset: number): ServerFrame => ({
      kind: {
        $case: 'packageChunk',
        value: { digest, offset, content: Buffer.alloc(100_000, n), error: '' },
      },
    });
    session.say(piece(0));
    await until('it asks for the rest', () => session.count('packageWanted') > 2 * n + 1);
    // The last one is too long, and the whole is not what its digest says; all others are left as they are.
    if (n === 29) session.say(piece(100_000));
  }
  expect(await session.hears('startReply')).toMatchObject({
    value: { kind: { value: { detail: expect.stringContaining('SHA-256') } } },
  });
  expect(session.count('startReply')).toBe(1);
  expect(readdirSync(join(agent.dataDir, 'packages'))).toEqual([]);
  session.close();
}, 60_000);

test('Starts by the ten thousand: each is answered, and no more are taken than may be', async () => {
  const session = await Session.open();
  const invalid = start('', { interpreter: 0 });
  // Who does not read the answers is not heard for long.
  for (let said = 0; said < NUMBERS.starts;) {
    const before = said;
    said = Math.min(before + STARTS_AT_ONCE, NUMBERS.starts);
    await session.sayAll(
      (function* () {
        for (let n = before; n < said; n += 1)
          yield {
            kind: { ...invalid.kind, value: { ...invalid.kind?.value, attemptId: attemptId() } },
          } as ServerFrame;
      })(),
    );
    await until('all were refused', () => session.count('startReply') === said, { timeoutMs: 120_000 });
  }
  session.close();
  // And such as are right, which wait for one that holds their lock.
  const lock = { name: 'hostile', mode: Isolation_Mode.WRITER };
  const second = await Session.open();
  const heldIds = Array.from({ length: NUMBERS.held }, () => attemptId());
  for (const id of heldIds) second.say(start(id, { body: Buffer.from('sleep 600'), isolation: lock }));
  await until('all were answered', () => second.count('startReply') === NUMBERS.held, { timeoutMs: 120_000 });
  const refusals = second
    .all('startReply')
    .filter((reply) => reply?.$case === 'startReply' && reply.value.kind?.$case === 'refused');
  // The honest script is one of those under way.
  expect(refusals.length).toBeGreaterThanOrEqual(NUMBERS.held - ATTEMPTS_UNDER_WAY);
  expect(refusals[0]).toMatchObject({ value: { kind: { value: { reason: RefusedReason.TOO_MANY } } } });
  for (const id of heldIds)
    second.say({ kind: { $case: 'cancel', value: { attemptId: id, fence: FENCE, reason: 'over' } } });
  const taken = NUMBERS.held - refusals.length;
  await until('those that were taken have ended', () => second.count('outcome') === taken, {
    timeoutMs: 120_000,
  });
  for (const id of heldIds)
    second.say({ kind: { $case: 'release', value: { attemptId: id, fence: FENCE } } });
  await worksStill();
  second.close();
}, 300_000);

test('words about attempts that are not there, by the hundred thousand', async () => {
  const session = await Session.open();
  await session.sayAll(
    (function* () {
      for (let n = 0; n < NUMBERS.releases; n += 1)
        yield {
          kind: { $case: 'release', value: { attemptId: attemptId(), fence: FENCE } },
        } satisfies ServerFrame;
    })(),
  );
  await worksStill();
  session.close();
  await memoryIsGivenBack();
}, 120_000);

test('frames of unknown kinds are passed over, such as are too large end the stream', async () => {
  const session = await Session.open();
  // A kind of a newer server: passed over.
  session.say({ kind: undefined });
  session.say({ kind: { $case: 'ping', value: { n: 7 } } });
  expect(await session.hears('pong')).toMatchObject({ value: { n: 7 } });
  session.say(start(attemptId(), { body: Buffer.alloc(17 * 1024 * 1024) }));
  await session.ended();
  await worksStill();
}, 60_000);

test('a message a byte at a time', async () => {
  const socket = await tlsTo(agent.port, own);
  // The prefix of a message of the largest size, then its bytes, each in a frame of its own.
  socket.write(grpcCall('/longshore.link.v1.AgentHost/Link'));
  const size = Buffer.alloc(5);
  size.writeUInt32BE(16 * 1024 * 1024 - 1, 1);
  await inPieces(socket, size, NUMBERS.fragments);
  await memoryIsGivenBack();
  await worksStill();
  socket.destroy();
}, 240_000);

test.each(FLOODS)(
  'an HTTP/2 flood of %s by who is known: cut, or borne',
  async (name) => {
    await Promise.all(
      Array.from({ length: NUMBERS.floods }, async () => {
        const socket = await tlsTo(agent.port, own);
        await flood(socket, name, NUMBERS.floodBytes, { mayStay: true });
        socket.destroy();
      }),
    );
    await worksStill();
    await memoryIsGivenBack();
  },
  120_000,
);

test('the script that ran all the while ran once, to its end, and nothing stands outside of the data directory', async () => {
  const { task, attempt } = await stage.rest.ended(running.id);
  expect(task.state).toBe('success');
  const output = await stage.rest.bytes(`/attempts/${attempt.id}/output?stream=stdout`);
  expect(output.toString()).toBe(Array.from({ length: LINES }, (_, i) => `line ${i + 1}\n`).join(''));
  expect(namesOutside()).toEqual(namesBefore);
}, 60_000);

/** A link process that is at rest collects its garbage. */
async function memoryIsGivenBack(): Promise<void> {
  let grown = 0;
  await until('the memory is given back', () => {
    grown = residentBytes(agent.daemon.pid) - memoryBefore;
    return grown < GROWTH_BYTES;
  }).catch((thrown: unknown) => {
    throw new Error(`the agent has ${grown} bytes more than before`, { cause: thrown });
  });
}

async function worksStill(): Promise<void> {
  const { id } = await stage.rest.script('echo fine', { pool: 'stage' });
  const { task } = await stage.rest.ended(id, { timeoutMs: 30_000 });
  expect(task.state).toBe('success');
}
