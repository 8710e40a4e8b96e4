/** Machines that register, or are paired, as deployment targets: what their token says, in one transaction or not at all. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AppError } from '@longshore/base';
import { keyFingerprint } from '@longshore/protocol/identity';
import { encodePairing } from '@longshore/protocol/pairing';

import { register, type Registration } from '../../packages/agent/src/links/enrolment.ts';
import type { Resource } from '../../packages/server/src/domain/model/resource.ts';
import type { TargetClaim } from '../../packages/server/src/domain/model/target-claim.ts';
import type { Worker } from '../../packages/server/src/domain/worker.ts';
import { callGateway, POOL, SPACE, TrustStage } from './trust-stage.ts';

const CLAIM: TargetClaim = {
  ...{ description: '', environments: ['env-1'], roles: ['web', 'db'] },
  ...{ tenanted: 'untenanted', tenants: [], tenantTags: [] },
};

let stage: TrustStage;
beforeAll(async () => {
  stage = await TrustStage.start();
  await stage.store.write((tx) =>
    tx.resources.insert({
      ...{ spaceId: SPACE, id: 'env-1', kind: 'environment', name: 'Production', parentId: '' },
      ...{ body: { description: '', guidedFailure: false, sortOrder: 0 } },
      ...{ version: 1, createdAt: 1, changedAt: 1 },
    }),
  );
});
afterAll(() => stage[Symbol.asyncDispose]());

let names = 0;
const asking = (token: string, over: Partial<Registration> = {}): Registration => ({
  ...{ token, server: '', name: `target-${++names}`, pools: [], labels: {}, slots: 0, ephemeral: false },
  ...over,
});

const targetCalled = (name: string): Promise<Resource<'target'> | undefined> =>
  stage.store.read((tx) => tx.resources.byName(SPACE, 'target', name));
const machineCalled = (name: string): Promise<Worker | undefined> =>
  stage.store.read((tx) => tx.workers.byName(SPACE, name));

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('it was taken'),
    (thrown: unknown) => thrown,
  );
  return error instanceof AppError ? `${error.code}: ${error.message}` : String(error);
}

describe('a token for a deployment target', () => {
  test('makes the machine, in no pool, and the target of the same name; and the agent is let in', async () => {
    const store = stage.identityStore();
    const asked = asking(await stage.token({ poolIds: [], target: CLAIM }));
    const registered = await register(store, asked);
    expect(registered.registeredAs).toEqual(['deployment target of Production, with web, db']);
    expect(registered.warnings).toEqual([]);
    expect(await machineCalled(asked.name)).toMatchObject({ id: registered.agentId, poolIds: [] });
    expect(await targetCalled(asked.name)).toMatchObject({
      version: 1,
      body: {
        ...{ environments: ['env-1'], roles: ['web', 'db'], tenanted: 'untenanted', disabled: false },
        reachedBy: { kind: 'agent', machine: registered.agentId },
      },
    });
    const own = store.load()!;
    const { authorityPem } = own;
    expect(await callGateway(stage.address, { stream: 'link', authorityPem, own })).toBe('in');
    const [event] = await stage.store.read((tx) => tx.audit.list(SPACE, 1));
    expect(event).toMatchObject({
      action: 'worker.registered',
      detail: { environments: ['env-1'], roles: ['web', 'db'] },
    });
  });

  test('repeated, it is the same registration, and says the same', async () => {
    const store = stage.identityStore();
    const asked = asking(await stage.token({ poolIds: [], target: CLAIM }));
    const first = await register(store, asked);
    expect(await register(store, asked)).toEqual(first);
  });

  test('with pools makes it both, with a warning', async () => {
    const asked = asking(await stage.token({ target: CLAIM }));
    const registered = await register(stage.identityStore(), asked);
    expect(registered.registeredAs).toEqual([
      'worker of Pool 1',
      'deployment target of Production, with web, db',
    ]);
    expect(registered.warnings).toEqual([
      expect.stringContaining(`"${asked.name}" is a worker too (pool Pool 1)`),
    ]);
    expect(await machineCalled(asked.name)).toMatchObject({ poolIds: [POOL] });
  });

  test('without pools lets it into none', async () => {
    const asked = asking(await stage.token({ poolIds: [], target: CLAIM }), { pools: ['Pool 1'] });
    expect(await refusal(register(stage.identityStore(), asked))).toMatch(
      /^forbidden: .*not for worker pool/,
    );
    expect(await machineCalled(asked.name)).toBeUndefined();
  });

  test('is kept, and nothing is made, when a target has the name', async () => {
    const taken = asking(await stage.token({ poolIds: [], target: CLAIM }));
    const { agentId } = await register(stage.identityStore(), taken);
    // The machine goes by another name by now; the target keeps it.
    await stage.store.write(async (tx) => {
      const worker = await tx.workers.find(agentId);
      await tx.workers.update({ ...worker!, name: 'renamed' });
    });
    const token = await stage.token({ poolIds: [], target: CLAIM });
    expect(await refusal(register(stage.identityStore(), asking(token, { name: taken.name })))).toMatch(
      /^conflict: .*There is a deployment target "target-\d+" already: give this one another name/,
    );
    expect(await machineCalled(taken.name)).toBeUndefined();
    await register(stage.identityStore(), asking(token));
  });

  test('whose environment is gone makes nothing', async () => {
    const claim = { ...CLAIM, environments: ['env-2'] };
    const asked = asking(await stage.token({ poolIds: [], target: claim }));
    expect(await refusal(register(stage.identityStore(), asked))).toMatch(
      /^invalid: .*environments: "env-2" is not right; expected an environment that exists/,
    );
    expect(await machineCalled(asked.name)).toBeUndefined();
  });

  test('neither for a pool nor for a target is for nothing', async () => {
    const asked = asking(await stage.token({ poolIds: [] }));
    expect(await refusal(register(stage.identityStore(), asked))).toMatch(
      /^invalid: .*at least one worker pool/,
    );
  });
});

describe('a listening agent', () => {
  const secret = Buffer.alloc(32, 5);
  const unpaired = async () => {
    const store = stage.identityStore();
    store.savePairing({ version: 1, secret: secret.toString('hex'), address: '127.0.0.1:1' });
    const listener = await stage.listener(store);
    const address = `127.0.0.1:${listener.port}`;
    return encodePairing({ address, keyFingerprint: keyFingerprint(store.key()), secret });
  };
  const pair = (pairing: string, name: string) =>
    stage.pairing.pairListeningAgent({
      ...{ pairing, address: null, createdBy: 'test' },
      worker: { spaceId: SPACE, name, poolIds: [], labels: {}, slots: 2, target: CLAIM },
    });

  test('is paired as a deployment target', async () => {
    const worker = await pair(await unpaired(), 'listening-target');
    expect(worker).toMatchObject({ mode: 'listening', poolIds: [] });
    expect((await targetCalled('listening-target'))?.body.reachedBy).toEqual({
      kind: 'agent',
      machine: worker.id,
    });
  });

  test('is not paired under a name that a target has', async () => {
    expect(await refusal(pair(await unpaired(), 'listening-target'))).toMatch(/^conflict: /);
  });
});
