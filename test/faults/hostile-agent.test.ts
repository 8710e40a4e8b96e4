/**
 * An agent that is known, and breaks the protocol: its session ends with a
 * word and a count, and an honest agent beside it works on.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { silentLogger } from '@longshore/base';
import { channelCredentials, channelOptions } from '@longshore/protocol/credentials';
import {
  AgentGatewayClient,
  Goodbye_Reason,
  type AgentFrame,
  type ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { agentLinkDuplex } from '@longshore/protocol/grpc-duplex';
import { encodeRecords } from '@longshore/protocol/spool-record';

import { register } from '../../packages/agent/src/links/enrolment.ts';
import { IdentityStore, type StoredIdentity } from '../../packages/agent/src/links/identity-store.ts';
import { MetricsProbe } from '../support/metrics.ts';
import { POOL, Stage } from '../support/stage.ts';
import { Member } from './crowd/member.ts';

const ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const NOTHING = Buffer.alloc(0);

let stage: Stage;
let probe: MetricsProbe;
let liars = 0;

beforeAll(async () => {
  stage = await Stage.open();
  await stage.rest.post('/pools', { name: 'liars' });
  await stage.addAgent('polling', { name: 'honest' });
  probe = new MetricsProbe(stage.url, stage.key);
}, 60_000);

afterAll(() => stage.close());

function output(attemptId: string, offset: number, bytes = 0): AgentFrame {
  const records = bytes === 0 ? NOTHING : encodeRecords('stdout', 1, Buffer.alloc(bytes, 'x'));
  return {
    kind: { $case: 'output', value: { attemptId, offset, records, segmentDigest: NOTHING, missingBytes: 0 } },
  };
}

const BREACHES: Record<string, { frames: AgentFrame[]; code: string }> = {
  'a word out of its turn': { frames: [{ kind: { $case: 'ticketStored', value: {} } }], code: 'corrupt' },
  'an artifact of number four thousand million': {
    frames: [
      {
        kind: {
          $case: 'artifactChunk',
          value: {
            attemptId: ID,
            index: 4_294_967_295,
            offset: 0,
            content: NOTHING,
            last: true,
            digest: NOTHING,
            error: '',
          },
        },
      },
    ],
    code: 'invalid',
  },
  'output far beyond its credit': {
    frames: [output(ID, 0, 10), output(ID, 50_000_000, 10)],
    code: 'tooMany',
  },
  'an outcome report without an outcome': {
    frames: [{ kind: { $case: 'outcome', value: { attemptId: ID, outcome: undefined } } }],
    code: 'corrupt',
  },
};

test.each(Object.keys(BREACHES))(
  '%s',
  async (name) => {
    const { frames, code } = BREACHES[name] ?? { frames: [], code: '' };
    const before = await probe.value('protocol_violations_total', `code="${code}"`);
    const said = await liar(frames);
    expect(said).toMatchObject({ reason: Goodbye_Reason.PROTOCOL });
    expect(await probe.value('protocol_violations_total', `code="${code}"`)).toBe(before + 1);
    const { id } = await stage.rest.script('echo fine', { pool: POOL });
    expect((await stage.rest.ended(id)).task.state).toBe('success');
  },
  60_000,
);

/** Registers, opens a session, says that, and hears the Goodbye. */
async function liar(frames: readonly AgentFrame[]): Promise<{ reason: Goodbye_Reason; detail: string }> {
  const identity = await registered(`liar-${(liars += 1)}`);
  const member = new Member(identity.record.name, silentLogger, {
    opened: () => undefined,
    ended: () => undefined,
    startedTwice: () => undefined,
  });
  member.agentId = identity.record.agentId;
  const client = new AgentGatewayClient(
    identity.record.server,
    channelCredentials(identity.authorityPem, { role: 'server' }, identity),
    channelOptions('direct'),
  );
  const duplex = agentLinkDuplex(client.link());
  try {
    return await new Promise((resolve, reject) => {
      void duplex.closed.then(({ reason }) => reject(new Error(`it ended without a word: ${reason}`)));
      duplex.receive(({ kind }: ServerFrame) => {
        if (kind?.$case === 'welcome') {
          void duplex.send({ kind: { $case: 'ticketStored', value: {} } });
          void duplex.send({ kind: { $case: 'inventory', value: { attempts: [], last: true } } });
        } else if (kind?.$case === 'inventoryReply') for (const frame of frames) void duplex.send(frame);
        else if (kind?.$case === 'goodbye') resolve(kind.value);
      });
      void duplex.send({ kind: { $case: 'hello', value: member.hello() } });
    });
  } finally {
    duplex.close('done');
    client.close();
  }
}

async function registered(name: string): Promise<StoredIdentity> {
  const dataDir = join(stage.folder, name);
  mkdirSync(dataDir, { recursive: true });
  const store = new IdentityStore(dataDir);
  const { token } = await stage.rest.post<{ token: string }>('/tokens', { pools: ['liars'] });
  await register(store, { token, name, server: '', pools: [], labels: {}, slots: 1, ephemeral: false });
  const identity = store.load();
  if (identity === undefined) throw new Error(`${name} has no identity after it registered`);
  return identity;
}
