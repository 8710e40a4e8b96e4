/** What comes over a connection as protobuf: links, data connections, registration, the script host's socket. */
import { expect } from '@jest/globals';

import { ManualClock } from '@longshore/base';
import { DataJoin, type ServerDataJoin } from '@longshore/protocol/data-join';
import { FromHost, ToHost } from '@longshore/protocol/gen/longshore/host/v1/host';
import { ScriptSpec } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import {
  type AgentDataFrame,
  DataRequest,
  DataResponse,
  LinkRequest,
  LinkResponse,
  type ServerDataFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import {
  BeginRequest,
  CompleteRequest,
  RegisterRequest,
  RenewRequest,
} from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { memoryLine } from '@longshore/protocol/memory-duplex';

import {
  encodeFromHost,
  encodeToHost,
  type FrameReader,
  fromHostReader,
  toHostReader,
} from '../../../packages/agent/src/contract/host-socket.ts';
import { fuzzEach, type FuzzTarget } from './target.ts';

const ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

/** protobuf's reader tells of malformed bytes with plain errors; gRPC turns each into the end of the stream. */
const malformed = (error: Error): boolean =>
  error.stack?.includes('@bufbuild/protobuf') === true || error.message.includes('SAFE_INTEGER');

interface Message<T> {
  fromPartial(value: object): T;
  encode(value: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** What is read is written again as one that reads the same. */
function message<T>(name: string, of: Message<T>, ...seeds: object[]): FuzzTarget {
  return {
    name,
    corpus: seeds.map((seed) => Buffer.from(of.encode(of.fromPartial(seed)).finish())),
    read(input) {
      const once = of.encode(of.decode(input)).finish();
      expect(Buffer.from(of.encode(of.decode(once)).finish())).toEqual(Buffer.from(once));
    },
    mayThrow: malformed,
  };
}

const output = {
  ...{ attemptId: ID, offset: 5, records: Buffer.from('abc') },
  ...{ segmentDigest: Buffer.alloc(0), missingBytes: 0 },
};

/** However the bytes are cut into reads, the same frames come out, or the same refusal. */
function socket<K>(name: string, reader: () => FrameReader<K>, seed: Buffer): FuzzTarget {
  const frames = (pieces: readonly Buffer[]): { kinds: K[]; error: string } => {
    const read = reader();
    const kinds: K[] = [];
    try {
      for (const piece of pieces) kinds.push(...read.push(piece));
      return { kinds, error: '' };
    } catch (thrown) {
      return { kinds, error: (thrown as Error).message };
    }
  };
  const cut = (input: Buffer, size: number): Buffer[] =>
    Array.from({ length: Math.ceil(input.length / size) }, (_, i) =>
      input.subarray(i * size, (i + 1) * size),
    );
  return {
    name,
    corpus: [seed, Buffer.alloc(8)],
    read(input) {
      const whole = frames([input]);
      const byBytes = frames(cut(input, input.length > 5000 ? 1000 : 1));
      expect(byBytes.error).toBe(whole.error);
      // In one piece, the frames before a refusal are not handed on: the connection ends anyway.
      if (whole.error === '') expect(byBytes.kinds).toEqual(whole.kinds);
      return whole.error.replace(/\d+/g, '');
    },
  };
}

const start = { attemptId: ID, workspace: '/w', spec: ScriptSpec.fromPartial({ body: Buffer.from('echo') }) };
const toHost = [
  encodeToHost({ $case: 'hello', value: { protocol: 1, linkVersion: '1' } }),
  encodeToHost({ $case: 'start', value: start }),
];
const fromHost = encodeFromHost(
  FromHost.fromPartial({ kind: { $case: 'welcome', value: { hostId: ID } } }).kind!,
);

const NONCE = Buffer.alloc(32, 7);

/** A data connection is joined by the session's own nonce, from its own peer, and by nothing else. */
async function joins(input: Buffer, peer: string): Promise<boolean> {
  const join: ServerDataJoin = new DataJoin(new ManualClock());
  const { promise, resolve } = Promise.withResolvers<boolean>();
  join.expect({ nonce: NONCE, peer: 'agent-1' }, () => resolve(true));
  const line = memoryLine<AgentDataFrame, ServerDataFrame>();
  void line.right.closed.then(() => resolve(false));
  join.offer({ duplex: line.right, peer });
  const [frame] = DataRequest.decode(input).frames;
  if (frame === undefined) return false;
  void line.left.send(frame).catch(() => undefined);
  const joined = await promise;
  const named = frame.kind?.$case === 'open' ? Buffer.from(frame.kind.value.nonce) : undefined;
  expect(joined).toBe(peer === 'agent-1' && named?.equals(NONCE) === true);
  return joined;
}

fuzzEach([
  message(
    'frames of agents',
    LinkRequest,
    { frames: [{ kind: { $case: 'ping', value: { n: 7 } } }] },
    {
      frames: [
        { kind: { $case: 'output', value: output } },
        { kind: { $case: 'phaseChanged', value: { attemptId: '../../etc', phase: 3 } } },
      ],
    },
  ),
  message('frames of servers', LinkResponse, {
    frames: [
      { kind: { $case: 'ack', value: { attemptId: ID, offset: 2 ** 40, event: 3 } } },
      { kind: { $case: 'goodbye', value: { reason: 5, detail: 'no' } } },
    ],
  }),
  message(
    'data frames of agents',
    DataRequest,
    { frames: [{ kind: { $case: 'open', value: { nonce: NONCE } } }] },
    { frames: [{ kind: { $case: 'output', value: output } }] },
  ),
  message('data frames of servers', DataResponse, {
    frames: [{ kind: { $case: 'open', value: { nonce: NONCE } } }],
  }),
  message('registrations', RegisterRequest, { tokenId: ID, name: 'a', pools: ['p'], labels: { a: 'b' } }),
  message('renewals', RenewRequest, { csrDer: Buffer.from('x'), signature: Buffer.from('y') }),
  message('pairings begun', BeginRequest, { serverNonce: NONCE, authorityPem: 'x', proof: NONCE }),
  message('pairings completed', CompleteRequest, { agentId: ID, certificateChainPem: 'x', proof: NONCE }),
  message('words to the script host', ToHost, { kind: { $case: 'start', value: start } }),
  message('words of the script host', FromHost, { kind: { $case: 'welcome', value: { hostId: ID } } }),
  { ...socket('the script host’s socket', toHostReader, Buffer.concat(toHost)), cost: 3 },
  {
    ...socket('the link’s end of that socket', fromHostReader, Buffer.concat([fromHost, fromHost])),
    cost: 3,
  },
  {
    name: 'nonces of data connections',
    corpus: [NONCE, Buffer.alloc(0), Buffer.alloc(33, 7)].map((nonce) =>
      Buffer.from(DataRequest.encode({ frames: [{ kind: { $case: 'open', value: { nonce } } }] }).finish()),
    ),
    async read(input) {
      expect(await joins(input, 'agent-2')).toBe(false);
      return String(await joins(input, 'agent-1'));
    },
    mayThrow: malformed,
    cost: 3,
  },
]);
