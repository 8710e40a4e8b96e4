/**
 * Whoever reaches the port of a listening agent and is nobody: before it is
 * paired, and after. Each costs a bounded number of connections, bytes and
 * seconds and is counted; the honest server pairs, and scripts go on.
 */
import { randomBytes, type X509Certificate } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import {
  createAuthority,
  createKey,
  createSelfSigned,
  type Authority,
} from '@longshore/protocol/certificates';
import {
  channelCredentials,
  channelOptions,
  pinnedKeyCredentials,
  type OwnIdentity,
} from '@longshore/protocol/credentials';
import { AgentHostClient } from '@longshore/protocol/gen/longshore/link/v1/link';
import { PairingClient } from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { keyFingerprint } from '@longshore/protocol/identity';
import { PAIRING_NONCE_BYTES } from '@longshore/protocol/pairing';

import { faultNumbers } from '../support/faults.ts';
import { flood, FLOODS, tcpTo, tlsTo } from '../support/http2-flood.ts';
import { residentBytes } from '../support/proc.ts';
import { startProgram } from '../support/program.ts';
import { authorityOf, certified } from '../support/stage-authority.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { tcpTable } from '../support/tcp-table.ts';
import { until } from '../support/until.ts';

const NUMBERS = faultNumbers({
  short: { silent: 300, guesses: 100, intruders: 10, floods: 2, floodBytes: 1_000_000 },
  full: { silent: 3_000, guesses: 2_000, intruders: 15, floods: 15, floodBytes: 50_000_000 },
});
/** Of the agent's link process, over all that is done to it: garbage not collected yet included. */
const GROWTH_BYTES = 100e6;
/** Of the port (link-limits.ts): waiting for a handshake, and one. */
const SILENT_MS = 25_000;
const LINES = 200;
const DAY_MS = 24 * 60 * 60_000;

let stage: Stage;
let agent: StageAgent;
let authority: Authority;
let running: { id: string };
let memoryBefore: number;

/** The right certificate's holder is a server of another day, or no server. */
const selfSigned = (): OwnIdentity => {
  const keyPem = createKey();
  return { keyPem, chainPem: createSelfSigned(keyPem, { now: Date.now(), lifetimeMs: DAY_MS }) };
};

beforeAll(async () => {
  stage = await Stage.open();
}, 60_000);

afterAll(() => stage.close(), 60_000);

/** A client of a port's Pairing that believes in whom it meets, and shows a certificate of its own. */
async function stranger(port: number): Promise<PairingClient> {
  const certificate = await certificateAt(port);
  const credentials = pinnedKeyCredentials(
    certificate.toString(),
    keyFingerprint(certificate.publicKey),
    selfSigned(),
  );
  return new PairingClient(`127.0.0.1:${port}`, credentials, channelOptions('direct'));
}

async function certificateAt(port: number): Promise<X509Certificate> {
  const certificate = await until(
    'the port shows its certificate',
    async () => {
      const socket = await tlsTo(port);
      const shown = socket.getPeerX509Certificate();
      socket.destroy();
      return shown;
    },
    { timeoutMs: SILENT_MS },
  );
  return certificate;
}

/** A pairing begun with a wrong secret. @returns the error's text */
async function guess(client: PairingClient, own: { serverKey: string; agentKey: string }): Promise<string> {
  return new Promise((resolve) => {
    const request = {
      serverNonce: randomBytes(PAIRING_NONCE_BYTES),
      serverKey: Buffer.from(own.serverKey, 'hex'),
      agentKey: Buffer.from(own.agentKey, 'hex'),
      authorityPem: '',
      proof: randomBytes(32),
    };
    client.begin(request, (error) => resolve(error === null ? 'paired' : error.message));
  });
}

/** Ends what somebody else has begun, if it may. */
function complete(client: PairingClient): Promise<string> {
  return new Promise((resolve) => {
    const request = { agentId: 'x', certificateChainPem: '', proof: randomBytes(32) };
    client.complete(request, (error) => resolve(error === null ? 'paired' : error.message));
  });
}

async function guessing(port: number): Promise<void> {
  const certificate = await certificateAt(port);
  const agentKey = keyFingerprint(certificate.publicKey);
  for (let n = 0; n < NUMBERS.guesses; n += 1) {
    const own = selfSigned();
    const credentials = pinnedKeyCredentials(certificate.toString(), agentKey, own);
    const client = new PairingClient(`127.0.0.1:${port}`, credentials, channelOptions('direct'));
    const keys = { serverKey: keyFingerprint(own.keyPem), agentKey };
    // The second one of a connection is not even looked at.
    const said = await Promise.all([guess(client, keys), guess(client, keys)]);
    for (const text of said) expect(text).toMatch(/PERMISSION_DENIED|UNAVAILABLE/);
    client.close();
  }
}

test('an unpaired agent: guesses by the hundred, places held, and strangers who end what others begin', async () => {
  let over = false;
  const intruders: PairingClient[] = [];
  const intrusions: Promise<void>[] = [];
  const held: { destroy(): void }[] = [];
  agent = await stage
    .addAgent('listening', {
      name: 'honest',
      async unpaired(port) {
        await guessing(port);
        for (let n = 0; n < NUMBERS.intruders; n += 1) {
          const client = await stranger(port);
          intruders.push(client);
          intrusions.push(
            (async () => {
              while (!over) expect(await complete(client)).not.toBe('paired');
            })(),
          );
        }
        // All places of this address are taken: the honest server, which has the same, must find one.
        for (let n = 0; n < 40; n += 1) held.push(await tlsTo(port));
      },
    })
    .finally(() => {
      over = true;
      for (const client of intruders) client.close();
      for (const socket of held) socket.destroy();
    });
  await Promise.all(intrusions);
  const { turnedAway } = await shown('wrongSecret', NUMBERS.guesses);
  expect(turnedAway['wrongSecret']).toBe(NUMBERS.guesses);
  // So many guesses are a few lines.
  expect(agent.daemon.log().split('a pairing was refused').length).toBeLessThan(30);
  authority = authorityOf(stage);
  running = await stage.rest.script(`for i in $(seq 1 ${LINES}); do echo line $i; sleep 0.1; done`, {
    pool: 'stage',
  });
  memoryBefore = residentBytes(agent.daemon.pid);
}, 120_000);

/** What the agent counts, once it has counted so many of this. */
async function shown(reason: string, atLeast = 1): Promise<{ turnedAway: Record<string, number> }> {
  return until(`the agent shows that it counted ${atLeast} times ${reason}`, async () => {
    const { stdout } = await startProgram('agent', ['show', '--data-dir', agent.dataDir, '--output', 'json'])
      .ended;
    const told = JSON.parse(stdout.toString()) as { turnedAway: Record<string, number> };
    return (told.turnedAway[reason] ?? 0) < atLeast ? undefined : told;
  });
}

test('a paired agent: no certificate, one of nobody, of another authority, of another role, of another time', async () => {
  const another = createAuthority('Longshore certificate authority', { now: Date.now(), lifetimeMs: DAY_MS });
  const peers: Record<string, OwnIdentity | undefined> = {
    'no certificate': undefined,
    'self-signed': selfSigned(),
    'another authority': certified(another, 'server', 'server'),
    'an agent': certified(authority, 'agent', 'honest'),
    expired: certified(authority, 'server', 'server', Date.now() - DAY_MS),
    'not valid yet': certified(authority, 'server', 'server', Date.now() + DAY_MS),
  };
  for (const [name, own] of Object.entries(peers)) {
    const said = await linkOf(own);
    expect([name, said]).toEqual([name, expect.stringMatching(/UNAVAILABLE|UNAUTHENTICATED/)]);
    // Whose time is not now is told so, with both times; all others are shown the door.
    if (name === 'expired' || name === 'not valid yet') expect(said).toMatch(/the clock here shows/);
  }
  await shown('notAdmitted', 4);
  await worksStill();
}, 60_000);

/** Tries to open a session, with that certificate. @returns the refusal */
async function linkOf(own: OwnIdentity | undefined): Promise<string> {
  const credentials = channelCredentials(authority.certificatePem, { role: 'agent' }, own);
  const client = new AgentHostClient(`127.0.0.1:${agent.port}`, credentials, channelOptions('direct'));
  try {
    return await new Promise((resolve) => {
      const call = client.link();
      call.on('data', () => resolve('in'));
      call.on('error', (error) => resolve(error.message));
      call.on('end', () => resolve('ended'));
    });
  } finally {
    client.close();
  }
}

test('connections that never speak, or never end their handshakes; floods of HTTP/2', async () => {
  const silent = await Promise.all(Array.from({ length: NUMBERS.silent }, () => tcpTo(agent.port)));
  const ports = new Set(silent.map(({ localPort }) => localPort));
  for (const socket of silent.slice(0, NUMBERS.silent / 3))
    socket.write(Buffer.from('16030102000100', 'hex'));
  const late = certified(authority, 'server', 'server', Date.now() - DAY_MS);
  for (const name of FLOODS) {
    const peers = Array.from({ length: NUMBERS.floods }, (_, n) =>
      tlsTo(agent.port, n % 2 === 0 ? late : undefined),
    );
    await Promise.all(peers.map(async (peer) => flood(await peer, name, NUMBERS.floodBytes)));
  }
  await worksStill();
  // At its end: of one for which its kernel had no room any more, the other end is never told.
  const theirs = (): number =>
    tcpTable().filter(
      ({ localPort, remotePort, state }) =>
        localPort === agent.port && state === 'established' && ports.has(remotePort),
    ).length;
  await until('all silent connections were closed', () => theirs() === 0, { timeoutMs: 3 * SILENT_MS });
  const { turnedAway } = await shown('unverifiedTooMuch');
  expect(Object.keys(turnedAway)).toEqual(
    expect.arrayContaining(['handshakeFailed', 'notAdmitted', 'unverifiedTooMuch']),
  );
}, 240_000);

test('the script that ran all the while ran once, to its end, on one session', async () => {
  const { task, attempt } = await stage.rest.ended(running.id);
  expect(task.state).toBe('success');
  const output = await stage.rest.bytes(`/attempts/${attempt.id}/output?stream=stdout`);
  expect(output.toString()).toBe(Array.from({ length: LINES }, (_, i) => `line ${i + 1}\n`).join(''));
  expect(agent.daemon.log()).not.toContain('a session ended');
  expect(residentBytes(agent.daemon.pid) - memoryBefore).toBeLessThan(GROWTH_BYTES);
}, 60_000);

async function worksStill(): Promise<void> {
  const { id } = await stage.rest.script('echo fine', { pool: 'stage' });
  const { task } = await stage.rest.ended(id, { timeoutMs: 20_000 });
  expect(task.state).toBe('success');
}
