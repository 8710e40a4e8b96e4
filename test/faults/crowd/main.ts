/**
 * A process of many simulated agents: enrols them, connects them by the
 * agent's own links, and tells the test when each session begins and ends.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { isCode, silentLogger, systemClock } from '@longshore/base';
import { keyFingerprint } from '@longshore/protocol/identity';
import { encodePairing, PAIRING_SECRET_BYTES } from '@longshore/protocol/pairing';

import { register } from '../../../packages/agent/src/links/enrolment.ts';
import { GatewayDialer } from '../../../packages/agent/src/links/gateway-dialer.ts';
import { HostListener } from '../../../packages/agent/src/links/host-listener.ts';
import { IdentityStore } from '../../../packages/agent/src/links/identity-store.ts';
import { RestClient } from '../../support/rest.ts';
import { until } from '../../support/until.ts';
import { Member } from './member.ts';
import { machineMs, type Asked, type CrowdSettings, type Told } from './words.ts';

/** With a few processes below what the agent port takes from one address without a certificate. */
const AT_ONCE = 4;

const settings = JSON.parse(process.argv[2] ?? '') as CrowdSettings;
const rest = new RestClient(settings.url, settings.key);
const members: Member[] = [];
const links: AsyncDisposable[] = [];

function tell(told: Told): void {
  process.send?.(told);
}

async function joinOne(agent: number): Promise<void> {
  const name = `crowd-${agent}`;
  const dataDir = join(settings.folder, name);
  mkdirSync(dataDir, { recursive: true });
  const store = new IdentityStore(dataDir);
  const member = new Member(name, silentLogger, {
    opened: () => tell({ kind: 'opened', agent, at: machineMs() }),
    ended: (detail) => tell({ kind: 'ended', agent, at: machineMs(), detail }),
    startedTwice: (attemptId) => tell({ kind: 'startedTwice', agent, attemptId }),
  });
  members.push(member);
  if (settings.mode === 'polling') await poll(store, member, name);
  else await listen(store, member, name);
}

async function poll(store: IdentityStore, member: Member, name: string): Promise<void> {
  const { token } = await rest.post<{ token: string }>('/tokens', { pools: [settings.pool] });
  const more = { server: '', pools: [], labels: {}, slots: 4, ephemeral: false };
  await until(`${name} is registered`, () =>
    register(store, { token, name, ...more }).catch((thrown: unknown) => {
      // Many register from one address: the port may be full for a moment.
      if (isCode(thrown, 'unavailable')) return undefined;
      throw thrown;
    }),
  );
  const identity = store.load();
  if (identity === undefined) throw new Error(`${name} has no identity after it registered`);
  member.agentId = identity.record.agentId;
  const dialer = new GatewayDialer({
    identity,
    store,
    serve: (connection) => member.serve(connection),
    clock: systemClock,
    logger: silentLogger,
    renewed: () => undefined,
    unwanted: (detail) => tell({ kind: 'failed', detail: `${name} is unwanted: ${detail}` }),
  });
  dialer.start();
  links.push(dialer);
}

async function listen(store: IdentityStore, member: Member, name: string): Promise<void> {
  const secret = randomBytes(PAIRING_SECRET_BYTES);
  store.savePairing({ version: 1, address: '127.0.0.1:1', secret: secret.toString('hex') });
  const listener = await HostListener.start({
    store,
    serve: (connection) => member.serve(connection),
    clock: systemClock,
    logger: silentLogger,
    listen: { host: '127.0.0.1', port: 0 },
    name,
    identified: ({ record }) => (member.agentId = record.agentId),
    unwanted: (detail) => tell({ kind: 'failed', detail: `${name} is unwanted: ${detail}` }),
  });
  links.push(listener);
  const address = `127.0.0.1:${listener.port}`;
  const pairing = encodePairing({ address, keyFingerprint: keyFingerprint(store.key()), secret });
  await rest.post('/workers', { pairing, name, pools: [settings.pool], slots: 4 });
}

async function begin(): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < settings.count; i = next++) await joinOne(settings.from + i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  tell({ kind: 'ready' });
}

process.on('message', (asked: Asked) => {
  if (asked.kind === 'finish') for (const member of members) member.finish();
  else void Promise.all(links.map((link) => link[Symbol.asyncDispose]())).then(() => process.exit(0));
});
// The test is gone: so are we.
process.on('disconnect', () => process.exit(1));
begin().catch((thrown: unknown) => {
  tell({ kind: 'failed', detail: thrown instanceof Error ? (thrown.stack ?? thrown.message) : 'unknown' });
});
