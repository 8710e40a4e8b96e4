/**
 * Many agents in one process: each with a key, certificate and TLS connection
 * of its own, through the agent's own enrolment and link code; only the
 * engine is missing, for a simulated agent has nothing to run.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { silentLogger, systemClock } from '@longshore/base';
import { channelCredentials, channelOptions } from '@longshore/protocol/credentials';
import type { AgentFrame, ServerFrame } from '@longshore/protocol/gen/longshore/link/v1/link';
import { AgentGatewayClient } from '@longshore/protocol/gen/longshore/link/v1/link';
import { agentLinkDuplex } from '@longshore/protocol/grpc-duplex';
import { LinkSession } from '@longshore/protocol/session';
import { register } from '../../packages/agent/src/links/enrolment.ts';
import { IdentityStore, type StoredIdentity } from '../../packages/agent/src/links/identity-store.ts';

import type { Stage } from './stage.ts';

const LIMITS = { pingIntervalMs: 5_000, deadAfterMs: 15_000, handshakeMs: 30_000 };
const AT_ONCE = 16;

export interface SimulatedAgents {
  connected: number;
  close(): Promise<void>;
}

/** Registers so many agents: what a server remembers of them is not what a connected one costs. */
export async function enrolAgents(stage: Stage, count: number): Promise<StoredIdentity[]> {
  return inLanes(count, (index) => enrolOne(stage, index));
}

export async function connectAgents(
  stage: Stage,
  identities: readonly StoredIdentity[],
): Promise<SimulatedAgents> {
  const opened = await inLanes(identities.length, (index) =>
    openOne(stage, identities[index] as StoredIdentity, index),
  );
  return {
    connected: opened.filter(({ session }) => session.state.kind === 'open').length,
    close: async () => {
      for (const { session, client } of opened) {
        session.close(1, 'the bench is done');
        await session.ended;
        client.close();
      }
    },
  };
}

async function inLanes<T>(count: number, one: (index: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) done[i] = await one(i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return done;
}

async function enrolOne(stage: Stage, index: number): Promise<StoredIdentity> {
  const name = `simulated-${index}`;
  const dataDir = join(stage.dataDir, 'simulated', name);
  mkdirSync(dataDir, { recursive: true });
  const store = new IdentityStore(dataDir);
  const { token } = await stage.client.json('POST', '/tokens', { pools: ['Default Worker Pool'] });
  await register(store, {
    token: String(token),
    server: '',
    name,
    pools: [],
    labels: {},
    slots: 1,
    ephemeral: false,
  });
  const identity = store.load();
  if (identity === undefined) throw new Error(`${name} has no identity after it registered`);
  return identity;
}

async function openOne(
  stage: Stage,
  identity: StoredIdentity,
  index: number,
): Promise<{ session: LinkSession<AgentFrame, ServerFrame>; client: AgentGatewayClient }> {
  const client = new AgentGatewayClient(
    `127.0.0.1:${stage.agentPort}`,
    channelCredentials(identity.authorityPem, { role: 'server' }, identity),
    channelOptions('direct'),
  );
  const duplex = agentLinkDuplex(client.link());
  return new Promise((resolve, reject) => {
    const session: LinkSession<AgentFrame, ServerFrame> = new LinkSession({
      duplex,
      clock: systemClock,
      limits: LIMITS,
      logger: silentLogger,
      receive: ({ kind }) => {
        if (kind?.$case === 'welcome') {
          session.send({ kind: { $case: 'ticketStored', value: {} } });
          session.send({ kind: { $case: 'inventory', value: { attempts: [], last: true } } });
        } else if (kind?.$case === 'inventoryReply') {
          session.opened();
          resolve({ session, client });
        }
      },
    });
    void session.ended.then((end) => reject(new Error(`${identity.record.name}: ${JSON.stringify(end)}`)));
    session.send({ kind: { $case: 'hello', value: hello(identity.record.agentId, index) } });
  });
}

function hello(agentId: string, index: number): (AgentFrame['kind'] & { $case: 'hello' })['value'] {
  return {
    agentId,
    version: '0.1.0',
    minProtocol: 1,
    maxProtocol: 1,
    capabilities: [],
    incarnation: { storeId: `store-${index}`, bootId: 'boot', hostId: `host-${index}` },
    instance: '',
    copied: false,
    tickets: {},
    facts: {
      hostname: `simulated-${index}`,
      os: 'linux',
      architecture: 'x64',
      processors: 1,
      memoryBytes: 1e9,
      freeDiskBytes: 1e10,
      tools: [],
      cgroups: false,
    },
    ephemeral: false,
    draining: false,
    quarantined: '',
  };
}
