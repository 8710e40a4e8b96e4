/** Who is let in, and who is not: each refusal on each transport, over real TLS. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isCode, ManualClock, silentLogger, systemClock, type Clock, type ErrorCode } from '@longshore/base';
import { parseAddress } from '@longshore/protocol/address';
import {
  createAuthority,
  createKey,
  createRequest,
  createSelfSigned,
  issueCertificate,
  type Authority,
} from '@longshore/protocol/certificates';
import { channelOptions, pinnedKeyCredentials, type OwnIdentity } from '@longshore/protocol/credentials';
import { PairingClient } from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { keyFingerprint } from '@longshore/protocol/identity';
import { encodePairing } from '@longshore/protocol/pairing';
import { fetchPinnedCertificate } from '@longshore/protocol/peer-chain';

import { register, type Registration } from '../../packages/agent/src/links/enrolment.ts';
import type { StoredIdentity } from '../../packages/agent/src/links/identity-store.ts';
import { Renewal, renewExpired } from '../../packages/agent/src/links/renewal.ts';
import type { AgentSession } from '../../packages/server/src/app/ports/agents.ts';
import type { ListeningAgentRequest } from '../../packages/server/src/app/ports/pairing.ts';
import { SessionDirectory } from '../../packages/server/src/links/directory.ts';
import { renewListeningAgent } from '../../packages/server/src/links/listening-renewal.ts';
import { Revocation } from '../../packages/server/src/links/revocation.ts';
import { callGateway, callHost, OTHER_POOL, POOL, SPACE, TrustStage } from './trust-stage.ts';

const DAY_MS = 86_400_000;
const past: Clock = { ...systemClock, now: () => Date.now() - 200 * DAY_MS };
const REFUSED = /^(16|7|14) /; // UNAUTHENTICATED, PERMISSION_DENIED, or no connection at all

let stage: TrustStage;
let stranger: Authority;

beforeAll(async () => {
  stage = await TrustStage.start();
  stranger = createAuthority('someone else', { now: Date.now(), lifetimeMs: 365 * DAY_MS });
});

afterAll(() => stage[Symbol.asyncDispose]());

async function strangers(role: 'agent' | 'server', id: string): Promise<OwnIdentity & { id: string }> {
  const keyPem = createKey();
  const subject = { role, id };
  const request = { csrDer: createRequest(keyPem), subject };
  const { chainPem } = issueCertificate(stranger, request, { now: Date.now(), lifetimeMs: DAY_MS });
  return { id, keyPem, chainPem };
}

/** The code of its error, or `ok`. */
async function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'ok',
    (error: unknown) =>
      isCode(error, (error as { code: ErrorCode }).code)
        ? (error as { code: ErrorCode }).code
        : String(error),
  );
}

describe('polling: the server takes', () => {
  const call = (own?: OwnIdentity, stream: 'link' | 'data' = 'link'): Promise<string> =>
    callGateway(stage.address, { stream, authorityPem: stage.authority.certificatePem, ...(own && { own }) });

  test('a registered agent', async () => {
    const own = await stage.worker();
    expect(await call(own)).toBe('in');
    expect(stage.served).toContain(`agent ${own.id}`);
  });

  const wrong: [string, () => Promise<OwnIdentity | undefined>, RegExp][] = [
    ['nobody without a certificate', async () => undefined, /^16 /],
    ['no certificate of another authority', () => strangers('agent', 'a1'), /^16 /],
    ['no certificate in the role of a server', async () => stage.authority.own, /^7 .*not an agent/],
    [
      'no expired certificate',
      async () => stage.worker({ authority: await stage.authorityAt(past) }),
      /^16 /,
    ],
  ];
  test.each(wrong)('%s', async (_what, own, why) => {
    const shown = await own();
    const before = stage.served.length;
    expect(await call(shown, 'link')).toMatch(why);
    expect(await call(shown, 'data')).toMatch(REFUSED);
    expect(stage.served.length).toBe(before);
  });

  const wrongWorker: [string, () => Promise<OwnIdentity>, RegExp][] = [
    ['no revoked worker', () => stage.worker({ revoked: true }), /^7 .*revoked/],
    [
      'no worker that was never registered or was deleted',
      () => stage.worker({ registered: false }),
      /^16 .*no worker/,
    ],
    [
      'no other key than the registered one, though the certificate is right',
      async () => {
        const { id } = await stage.worker();
        const keyPem = createKey();
        const { chainPem } = await stage.authority.issueForAgent(id, createRequest(keyPem), null);
        return { keyPem, chainPem };
      },
      /^7 .*another key/,
    ],
  ];
  test.each(wrongWorker)('%s', async (_what, own, why) => {
    const before = stage.served.length;
    expect(await call(await own())).toMatch(why);
    expect(stage.served.length).toBe(before);
  });
});

describe('polling: the agent takes', () => {
  test('no server of another authority', async () => {
    const own = await stage.worker();
    expect(
      await callGateway(stage.address, { stream: 'link', authorityPem: stranger.certificatePem, own }),
    ).toMatch(/^14 /);
  });

  test('no agent in the role of a server', async () => {
    const agent = await stage.worker({ mode: 'listening' });
    const listener = await stage.listener(stage.paired(agent));
    const address = `127.0.0.1:${listener.port}`;
    const own = stage.authority.own;
    const refusal = await callGateway(address, {
      stream: 'link',
      authorityPem: stage.authority.certificatePem,
      own,
    });
    expect(refusal).toMatch(/not that of a Longshore server/);
  });
});

describe('listening: the agent takes', () => {
  let address: string;
  beforeAll(async () => {
    const listener = await stage.listener(stage.paired(await stage.worker({ mode: 'listening' })));
    address = `127.0.0.1:${listener.port}`;
  });
  const call = (own?: OwnIdentity, stream: 'link' | 'data' = 'link'): Promise<string> =>
    callHost(address, { stream, authorityPem: stage.authority.certificatePem, ...(own && { own }) });

  test('a server node of its authority', async () => {
    expect(await call(stage.authority.own)).toBe('in');
    expect(stage.served).toContain('server node-1');
  });

  const wrong: [string, () => Promise<OwnIdentity | undefined>][] = [
    ['nobody without a certificate', async () => undefined],
    ['no server of another authority', () => strangers('server', 'node-1')],
    ['no agent in the role of a server', () => stage.worker()],
    ['no expired server certificate', async () => (await stage.authorityAt(past)).own],
  ];
  test.each(wrong)('%s', async (_what, own) => {
    const shown = await own();
    const before = stage.served.length;
    expect(await call(shown, 'link')).toMatch(REFUSED);
    expect(await call(shown, 'data')).toMatch(REFUSED);
    expect(stage.served.length).toBe(before);
  });
});

describe('listening: the server takes', () => {
  const dial = async (
    agent: OwnIdentity & { id: string },
    expected: { id: string; keyFingerprint: string },
  ): Promise<string> => {
    const listener = await stage.listener(stage.paired(agent));
    return callHost(`127.0.0.1:${listener.port}`, {
      stream: 'link',
      authorityPem: stage.authority.certificatePem,
      own: stage.authority.own,
      expected: { role: 'agent', ...expected },
    });
  };

  test('the agent that it means, and its key', async () => {
    const agent = await stage.worker({ mode: 'listening' });
    expect(await dial(agent, { id: agent.id, keyFingerprint: keyFingerprint(agent.keyPem) })).toBe('in');
  });

  test('no other agent, no other key, no other authority', async () => {
    const agent = await stage.worker({ mode: 'listening' });
    const fingerprint = keyFingerprint(agent.keyPem);
    expect(await dial(agent, { id: 'another', keyFingerprint: fingerprint })).toMatch(/^14 .*not another/);
    expect(await dial(agent, { id: agent.id, keyFingerprint: '00'.repeat(32) })).toMatch(
      /^14 .*key is another/,
    );
    const foreign = await strangers('agent', agent.id);
    expect(await dial(foreign, { id: agent.id, keyFingerprint: keyFingerprint(foreign.keyPem) })).toMatch(
      /^14 /,
    );
  });
});

describe('a one-time token', () => {
  let names = 0;
  const asking = (token: string, over: Partial<Registration> = {}): Registration => ({
    token,
    server: '',
    name: `worker-${++names}`,
    pools: [],
    labels: { a: 'b' },
    slots: 3,
    ephemeral: false,
    ...over,
  });

  test('registers one agent, which is then let in', async () => {
    const store = stage.identityStore();
    const record = await register(store, asking(await stage.token()));
    const identity = store.load()!;
    expect(
      await callGateway(stage.address, {
        stream: 'link',
        authorityPem: identity.authorityPem,
        own: identity,
      }),
    ).toBe('in');
    const worker = await stage.store.read((tx) => tx.workers.find(record.agentId));
    expect(worker).toMatchObject({
      mode: 'polling',
      poolIds: [POOL],
      labels: { a: 'b' },
      slots: 3,
      keyFingerprint: keyFingerprint(identity.keyPem),
    });
  });

  test('is refused a second time, and the audit trail says so; its own registration may be repeated', async () => {
    const token = await stage.token();
    const store = stage.identityStore();
    const first = await register(store, asking(token));
    expect(await code(register(stage.identityStore(), asking(token)))).toBe('gone');
    expect((await register(store, asking(token))).agentId).toBe(first.agentId);
    const events = await stage.store.read((tx) => tx.audit.list(SPACE, 50));
    expect(events.some((event) => event.action === 'token.refused')).toBe(true);
  });

  test('makes one worker of two agents that use it at once', async () => {
    const token = await stage.token();
    const codes = await Promise.all(
      [1, 2, 3].map(() => code(register(stage.identityStore(), asking(token)))),
    );
    expect(codes.sort()).toEqual(['gone', 'gone', 'ok']);
  });

  test('is refused when expired, with a wrong secret, and for pools that are not its own', async () => {
    expect(
      await code(register(stage.identityStore(), asking(await stage.token({ expiresAt: Date.now() - 1 })))),
    ).toBe('gone');
    expect(
      await code(register(stage.identityStore(), asking(await stage.token({ secret: Buffer.alloc(32) })))),
    ).toBe('unauthenticated');
    const both = await stage.token({ poolIds: [POOL, OTHER_POOL] });
    const one = await stage.token();
    expect(await code(register(stage.identityStore(), asking(one, { pools: ['Pool 2'] })))).toBe('forbidden');
    expect(await code(register(stage.identityStore(), asking(both, { pools: ['Pool 2'] })))).toBe('ok');
    // A refusal does not use the token up.
    expect(await code(register(stage.identityStore(), asking(one)))).toBe('ok');
  });

  test('is kept when the name is taken', async () => {
    const taken = asking(await stage.token());
    await register(stage.identityStore(), taken);
    const token = await stage.token();
    expect(await code(register(stage.identityStore(), asking(token, { name: taken.name })))).toBe('conflict');
    expect(await code(register(stage.identityStore(), asking(token)))).toBe('ok');
  });

  test('is never shown to a server of another authority', async () => {
    const token = await stage.token({ authorityFingerprint: '11'.repeat(32) });
    expect(await code(register(stage.identityStore(), asking(token)))).toBe('forbidden');
  });
});

describe('pairing a listening agent', () => {
  const secret = Buffer.alloc(32, 5);
  const request = (pairing: string, name: string): ListeningAgentRequest => ({
    pairing,
    address: null,
    worker: { spaceId: SPACE, name, poolIds: [POOL], labels: {}, slots: 2, target: null },
    createdBy: 'test',
  });
  const unpaired = async () => {
    const store = stage.identityStore();
    const fingerprint = keyFingerprint(store.key());
    store.savePairing({ version: 1, secret: secret.toString('hex'), address: '127.0.0.1:1' });
    const listener = await stage.listener(store);
    const address = `127.0.0.1:${listener.port}`;
    const text = (over = {}): string =>
      encodePairing({ address, keyFingerprint: fingerprint, secret, ...over });
    return { store, listener, address, text };
  };

  test('gives it an identity, and the port then takes servers only', async () => {
    const { store, listener, address, text } = await unpaired();
    const own = stage.authority.own;
    const link = (): Promise<string> =>
      callHost(address, { stream: 'link', authorityPem: stage.authority.certificatePem, own });
    expect(listener.state).toBe('unpaired');
    expect(await link()).not.toBe('in');
    const worker = await stage.pairing.pairListeningAgent(request(text(), 'paired'));
    expect(worker).toMatchObject({ mode: 'listening', address, keyFingerprint: keyFingerprint(store.key()) });
    expect(store.load()?.record).toMatchObject({ mode: 'listening', agentId: worker.id });
    expect(store.pairing()).toBeUndefined();
    await until(() => listener.state === 'paired');
    expect(await link()).toBe('in');
    expect(await callHost(address, { stream: 'link', authorityPem: stage.authority.certificatePem })).toMatch(
      REFUSED,
    );
    // Once only.
    expect(await code(stage.pairing.pairListeningAgent(request(text(), 'again')))).toBe('conflict');
  });

  test('waits for one that does not listen yet', async () => {
    const store = stage.identityStore();
    store.savePairing({ version: 1, secret: secret.toString('hex'), address: '127.0.0.1:1' });
    let tries = 0;
    const nobody = createServer((socket) => {
      tries += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as AddressInfo;
    const text = encodePairing({
      address: `127.0.0.1:${port}`,
      keyFingerprint: keyFingerprint(store.key()),
      secret,
    });
    const pairing = stage.pairing.pairListeningAgent(request(text, 'late'));
    await until(() => tries === 1);
    await new Promise((resolve) => nobody.close(resolve));
    await stage.listener(store, port);
    expect(await pairing).toMatchObject({ mode: 'listening', name: 'late' });
  });

  test('is refused with a wrong secret or a wrong key, and leaves no worker behind', async () => {
    const { store, listener, text } = await unpaired();
    expect(
      await code(stage.pairing.pairListeningAgent(request(text({ secret: Buffer.alloc(32, 6) }), 'wrong-1'))),
    ).toBe('forbidden');
    expect(
      await code(
        stage.pairing.pairListeningAgent(request(text({ keyFingerprint: '22'.repeat(32) }), 'wrong-2')),
      ),
    ).toBe('forbidden');
    expect(await code(stage.pairing.pairListeningAgent(request('lsp_nonsense', 'wrong-3')))).toBe('invalid');
    await expect(
      stage.pairing.pairListeningAgent(request(text({ address: '127.0.0.1:1' }), 'wrong-4')),
    ).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /^127\.0\.0\.1:1 can't be reached: .*tried for 2 s.*longshore-agent run/,
      ),
    });
    expect(listener.state).toBe('unpaired');
    expect(store.load()).toBeUndefined();
    const names = (await stage.store.read((tx) => tx.workers.list(SPACE))).map((worker) => worker.name);
    expect(names.filter((name) => name.startsWith('wrong'))).toEqual([]);
  });

  test('goes on while a stranger, who has begun nothing, completes again and again', async () => {
    const { store, address, text } = await unpaired();
    const keyPem = createKey();
    const own = { keyPem, chainPem: createSelfSigned(keyPem, { now: Date.now(), lifetimeMs: DAY_MS }) };
    const fingerprint = keyFingerprint(store.key());
    const certificate = await fetchPinnedCertificate(parseAddress(address, 'address'), fingerprint);
    const credentials = pinnedKeyCredentials(certificate, fingerprint, own);
    const intruder = new PairingClient(address, credentials, channelOptions('direct'));
    const end = { agentId: 'x', certificateChainPem: '', proof: Buffer.alloc(32) };
    let over = false;
    const complete = (): void => {
      intruder.complete(end, () => {
        if (!over) complete();
      });
    };
    for (let n = 0; n < 4; n += 1) complete();
    try {
      expect(await code(stage.pairing.pairListeningAgent(request(text(), 'disturbed')))).toBe('ok');
    } finally {
      over = true;
      intruder.close();
    }
  });

  test('is refused when the name is taken, and the agent stays as it was', async () => {
    const { listener, text } = await unpaired();
    const { id } = await stage.worker();
    expect(await code(stage.pairing.pairListeningAgent(request(text(), id)))).toBe('conflict');
    expect(listener.state).toBe('unpaired');
    expect(await code(stage.pairing.pairListeningAgent(request(text(), 'free')))).toBe('ok');
  });
});

describe('an expired certificate is renewed by proving the key', () => {
  test('polling', async () => {
    const expired = await stage.worker({ authority: await stage.authorityAt(past) });
    const store = stage.paired(expired);
    const renewed = await renewExpired(store, store.load()!, stage.address);
    expect(renewed.expiresAt).toBeGreaterThan(Date.now() + 80 * DAY_MS);
    const authorityPem = stage.authority.certificatePem;
    expect(await callGateway(stage.address, { stream: 'link', authorityPem, own: renewed })).toBe('in');
  });

  test('but not for a revoked worker, nor for another key', async () => {
    const authority = await stage.authorityAt(past);
    const revoked = stage.paired(await stage.worker({ authority, revoked: true }));
    expect(await code(renewExpired(revoked, revoked.load()!, stage.address))).toBe('forbidden');
    const { id } = await stage.worker();
    const thief = stage.paired({ ...(await stage.worker({ authority })), id });
    expect(await code(renewExpired(thief, thief.load()!, stage.address))).toBe('forbidden');
  });

  test('listening, by a server of its authority only', async () => {
    const expired = await stage.worker({ authority: await stage.authorityAt(past), mode: 'listening' });
    const store = stage.paired(expired);
    const listener = await stage.listener(store);
    const address = `127.0.0.1:${listener.port}`;
    expect(listener.state).toBe('expired');
    const own = stage.authority.own;
    const authorityPem = stage.authority.certificatePem;
    expect(await callHost(address, { stream: 'link', authorityPem, own })).toMatch(/self-signed certificate/);
    const row = (await stage.store.read((tx) => tx.workers.find(expired.id)))!;
    await renewListeningAgent({ ...row, address }, stage.authority, silentLogger);
    await until(() => listener.state === 'paired');
    expect(store.load()!.expiresAt).toBeGreaterThan(Date.now());
    expect(await callHost(address, { stream: 'link', authorityPem, own })).toBe('in');
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('on a live session', () => {
  const monthsAgo: Clock = { ...systemClock, now: () => Date.now() - 70 * DAY_MS };

  test('a certificate with less than a third of its life left is renewed, and one for someone else is not taken', async () => {
    const own = await stage.worker({ authority: await stage.authorityAt(monthsAgo) });
    const store = stage.paired(own);
    const before = store.load()!;
    const renewed = Promise.withResolvers<StoredIdentity>();
    const renewal = new Renewal(before, {
      store,
      clock: systemClock,
      logger: silentLogger,
      renewed: renewed.resolve,
      send: (csrDer) => {
        void (async () => {
          const foreign = await stage.authority.issueForAgent('someone-else', csrDer, null);
          renewal.issued(foreign.chainPem);
          expect(store.load()!.expiresAt).toBe(before.expiresAt);
          const right = await stage.authority.issueForAgent(own.id, csrDer, keyFingerprint(own.keyPem));
          renewal.issued(right.chainPem);
        })();
        return true;
      },
    });
    expect((await renewed.promise).expiresAt).toBeGreaterThan(before.expiresAt + 60 * DAY_MS);
    expect(store.load()!.keyPem).toBe(own.keyPem);
    renewal.close();
  });

  test('the authority signs for the registered key only', async () => {
    const csrDer = createRequest(createKey());
    expect(await code(stage.authority.issueForAgent('a1', csrDer, '33'.repeat(32)))).toBe('forbidden');
  });

  test('a worker that is revoked, deleted or locked loses its session at the announcement', async () => {
    const directory = new SessionDirectory();
    const cut: string[] = [];
    const clock = new ManualClock();
    const revocation = new Revocation({
      store: stage.store,
      clock,
      logger: silentLogger,
      directory,
      cut: (ids) => cut.push(...ids),
    });
    const closed = new Map<string, string>();
    const connected = async (): Promise<string> => {
      const { id } = await stage.worker();
      directory.add({
        agentId: id,
        close: (reason: string) => closed.set(id, reason),
      } as unknown as AgentSession);
      return id;
    };
    const [revoked, locked, deleted, kept] = [
      await connected(),
      await connected(),
      await connected(),
      await connected(),
    ];
    await stage.store.write(async (tx) => {
      const row = async (id: string) => (await tx.workers.find(id))!;
      await tx.workers.update({ ...(await row(revoked)), revoked: true });
      await tx.workers.update({ ...(await row(locked)), locked: 'two copies' });
      await tx.workers.delete(SPACE, deleted);
      for (const id of [revoked, locked, deleted, kept]) stage.store.announce(tx, 'trust', id);
    });
    await until(() => {
      clock.advance(100);
      return closed.size === 3;
    });
    expect(Object.fromEntries(closed)).toEqual({
      [revoked]: 'revoked',
      [locked]: 'locked',
      [deleted]: 'deregistered',
    });
    await until(() => {
      clock.advance(1_000);
      return cut.length === 3;
    });
    expect(cut).not.toContain(kept);
    revocation.close();
  });
});
