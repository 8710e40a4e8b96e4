/** Deployment targets over REST: what is made, seen, changed and deleted, and what their machines are beside. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { createIds } from '@longshore/base';
import { DEFAULT_SPACE } from '@longshore/server/app/machines/bootstrap';
import type { Lease } from '@longshore/server/domain/lease';
import type { ResourceBodies, ResourceKind } from '@longshore/server/domain/model/resource';

import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';
import { openApiStage, type ApiStage } from './api-stage.ts';

interface Failure {
  error: {
    code: string;
    message: string;
    fields: { field: string; value?: unknown; expected: string }[];
    detail: { usedBy?: { kind: string; name: string }[] };
  };
}
interface Target {
  id: string;
  name: string;
  disabled: boolean;
  warnings: string[];
  tenanted: string;
  machine: { id: string; state: string; health: string } | null;
}
interface Listed<T> {
  items: T[];
}

const ids = createIds();
const WEB = { environments: ['production'], roles: ['web'] };

describe.each(DIALECTS)('on %s', (dialect) => {
  let stage: ApiStage;
  beforeEach(async () => {
    stage = await openApiStage(dialect);
    await add('environment', 'Production', { description: '' } as never);
    await add('environment', 'Test', { description: '' } as never);
    await add('tagSet', 'Region', { description: '', tags: [{ name: 'EU' }] } as never);
    await add('tenant', 'Acme', { description: '', tags: [], projects: [], common: [], values: [] });
  }, 60_000);
  afterEach(() => stage.close());

  const add = async <Kind extends ResourceKind>(
    kind: Kind,
    name: string,
    body: ResourceBodies[Kind],
  ): Promise<string> => {
    const id = ids();
    await stage.store.write((tx) =>
      tx.resources.insert({
        ...{ spaceId: DEFAULT_SPACE, id, kind, name, parentId: '', body },
        ...{ version: 1, createdAt: 1, changedAt: 1 },
      }),
    );
    return id;
  };

  const create = async (body: object): Promise<Target> => {
    const answer = await stage.call<Target>('POST', '/targets', { ...WEB, ...body });
    expect(answer).toMatchObject({ status: 201 });
    return answer.body;
  };
  const ofMachine = (machine: string, more: object = {}): Promise<Target> =>
    create({ reachedBy: { kind: 'machine', machine }, ...more });
  const region = (name: string, more: object = {}): Promise<Target> =>
    create({ name, reachedBy: { kind: 'cloudRegion' }, ...more });
  const namesOf = async (path: string): Promise<string[]> =>
    (await stage.call<Listed<{ name: string }>>('GET', path)).body.items.map(({ name }) => name);
  const refused = async (method: string, path: string, body?: object) => {
    const answer = await stage.call<Failure>(method, path, body);
    return { status: answer.status, ...answer.body.error };
  };
  const poolId = async (): Promise<string> =>
    (await stage.call<Listed<{ id: string }>>('GET', '/pools')).body.items[0]!.id;

  const lease = (machineId: string, taskId: string, kind: 'target' | 'worker' = 'target'): Lease => ({
    ...{ spaceId: DEFAULT_SPACE, id: ids(), resource: { kind, id: machineId }, mode: 'exclusive', taskId },
    ...{ holder: { kind: 'step', id: 'a' }, nodeId: 'n1', epoch: 1, fence: { generation: 0, n: 1 } },
    ...{ reason: 'as planned', grantedAt: 1, orphanedAt: null },
  });

  test('a machine that is a target only: seen with the targets, and no worker of the default pool', async () => {
    await stage.addAgent('web-1');
    const target = await ofMachine('web-1');
    expect(target).toMatchObject({
      ...{ name: 'web-1', environments: [{ name: 'Production' }], roles: ['web'], tenanted: 'untenanted' },
      ...{ machine: { name: 'web-1', state: 'ready', health: 'healthy', connected: true }, pool: null },
      ...{ leases: 0, warnings: [], version: 1 },
    });
    expect(await namesOf('/targets')).toEqual(['web-1']);
    expect(await namesOf('/workers')).toEqual([]);
    expect((await stage.call('GET', '/workers/web-1')).body).toMatchObject({
      ...{ pools: [], targets: [{ id: target.id, name: 'web-1' }] },
    });
    const { body: task } = await stage.call<{ id: string }>('POST', '/tasks', { script: { body: 'true' } });
    await until('nobody takes it', async () => {
      const { body } = await stage.call<{ state: string; message: string }>('GET', `/tasks/${task.id}`);
      return body.state === 'failed' && body.message.includes('has no worker');
    });
  });

  test('a machine that is both: a warning, in the answer and when it is shown', async () => {
    await stage.addAgent('build-7', { poolIds: [await poolId()] });
    const target = await ofMachine('build-7', { name: 'site' });
    expect(target.warnings).toEqual([
      expect.stringMatching(
        /^Machine "build-7" is a worker too \(pool .*\): a script for the target has the machine alone/,
      ),
    ]);
    expect((await stage.call<Target>('GET', '/targets/site')).body.warnings).toEqual(target.warnings);
    expect(await namesOf('/workers')).toEqual(['build-7']);
    // A second target of it is possible, and told.
    const other = await ofMachine('build-7', { name: 'jobs', roles: ['jobs'] });
    expect(other.warnings).toEqual([
      expect.any(String),
      expect.stringContaining('deployment target "site" too'),
    ]);

    expect(await refused('DELETE', '/workers/build-7?force=true')).toMatchObject({
      status: 409,
      message: expect.stringContaining('is the machine of deployment targets "jobs", "site"'),
    });
    // Out of its pools it is a target only, and goes with the last.
    expect((await stage.call('PATCH', '/workers/build-7', { pools: [] })).status).toBe(200);
    expect(await namesOf('/workers')).toEqual([]);
    expect((await stage.call('DELETE', '/targets/jobs')).status).toBe(204);
    expect((await stage.call('GET', '/workers/build-7')).status).toBe(200);
    expect((await stage.call('DELETE', '/targets/site')).status).toBe(204);
    expect((await stage.call('GET', '/workers/build-7')).status).toBe(404);
  });

  test('only the machine of a target may be in no pool', async () => {
    await stage.addAgent('build-7', { poolIds: [await poolId()] });
    expect(await refused('PATCH', '/workers/build-7', { pools: [] })).toMatchObject({
      status: 400,
      fields: [{ field: 'pools' }],
    });
  });

  test('a cloud region, with and without a pool of its own', async () => {
    const { body: pool } = await stage.call<{ name: string }>('POST', '/pools', { name: 'cloud' });
    expect(await region('eu-west-1')).toMatchObject({ machine: null, pool: null });
    expect(
      await create({ name: 'eu-west-2', reachedBy: { kind: 'cloudRegion', pool: 'cloud' } }),
    ).toMatchObject({ machine: null, pool: { name: pool.name } });
    expect(await refused('DELETE', '/pools/cloud')).toMatchObject({
      status: 409,
      message: expect.stringContaining('deployment target "eu-west-2"'),
    });
    expect((await stage.call('PATCH', '/targets/eu-west-2', { pool: null })).body).toMatchObject({
      pool: null,
    });
    expect((await stage.call('DELETE', '/pools/cloud')).status).toBe(204);
    expect(await refused('POST', '/targets/eu-west-1/health-check', {})).toMatchObject({
      status: 409,
      message: expect.stringContaining('cloud region: it has no machine'),
    });
  });

  const wrong: [string, object, object][] = [
    [
      'an environment that is not there',
      { environments: ['Prodution'] },
      {
        code: 'invalid',
        fields: [
          {
            field: 'environments[0]',
            value: 'Prodution',
            expected: expect.stringContaining('did you mean "Production"?'),
          },
        ],
      },
    ],
    ['no environment', { environments: [] }, { code: 'invalid', fields: [{ field: 'environments' }] }],
    ['no role', { roles: [] }, { code: 'invalid', fields: [{ field: 'roles' }] }],
    ['a role twice', { roles: ['web', 'Web'] }, { code: 'invalid', fields: [{ field: 'roles[1]' }] }],
    [
      'a tenant that is not there',
      { tenants: ['Ace'] },
      { code: 'invalid', fields: [{ field: 'tenants[0]' }] },
    ],
    [
      'a tag that is not there',
      { tenantTags: ['Region/US'] },
      { code: 'invalid', fields: [{ field: 'tenantTags[0]' }] },
    ],
    [
      'tenants of an untenanted one',
      { tenants: ['Acme'], tenanted: 'untenanted' },
      { code: 'invalid', fields: [{ field: 'tenanted' }] },
    ],
    [
      'a name that is taken, whatever its case',
      { name: 'TAKEN' },
      { code: 'conflict', fields: [{ field: 'name' }] },
    ],
    ['no name', { name: undefined }, { code: 'invalid', fields: [{ field: 'name' }] }],
    [
      'a machine that is not there',
      { reachedBy: { kind: 'machine', machine: 'nobody' } },
      { code: 'notFound' },
    ],
    ['a pool that is not there', { reachedBy: { kind: 'cloudRegion', pool: 'none' } }, { code: 'notFound' }],
  ];
  test('is not made of what is wrong, and the field is named', async () => {
    await region('taken');
    for (const [what, body, failure] of wrong) {
      const answer = await refused('POST', '/targets', {
        ...{ name: 'new', reachedBy: { kind: 'cloudRegion' }, ...WEB },
        ...body,
      });
      expect([what, answer]).toEqual([what, expect.objectContaining({ code: expect.any(String) })]);
      expect([what, answer]).toMatchObject([what, failure]);
    }
    expect(await namesOf('/targets')).toEqual(['taken']);
  });

  test('is found by environment and role, and changed field by field', async () => {
    await region('a', { roles: ['web', 'db'] });
    await region('b', { environments: ['Test'], tenants: ['acme'], tenantTags: ['Region/EU'] });
    expect(await namesOf('/targets?environment=Test')).toEqual(['b']);
    expect(await namesOf('/targets?role=DB')).toEqual(['a']);
    expect(await refused('GET', '/targets?environment=Tset')).toMatchObject({ status: 404 });
    expect((await stage.call<Target>('GET', '/targets/b')).body.tenanted).toBe('tenanted');

    const changed = await stage.call<Target>('PATCH', '/targets/b', {
      ...{ name: 'c', environments: ['Test', 'Production'], tenants: [], tenantTags: [], disabled: true },
    });
    expect(changed.body).toMatchObject({
      ...{ name: 'c', environments: [{ name: 'Test' }, { name: 'Production' }], tenanted: 'untenanted' },
      ...{ disabled: true, version: 2 },
    });
    // What changes nothing is no change.
    expect((await stage.call('PATCH', '/targets/c', { disabled: true })).body).toMatchObject({ version: 2 });
    expect(await refused('PATCH', '/targets/c', { name: 'A' })).toMatchObject({ status: 409 });
    expect(await refused('PATCH', '/targets/gone', { name: 'A' })).toMatchObject({ status: 404 });
    const { body: trail } = await stage.call<Listed<{ action: string; detail: object }>>('GET', '/audit');
    expect(trail.items[0]).toMatchObject({
      action: 'target.changed',
      detail: { name: 'c', fields: expect.arrayContaining(['name', 'environments', 'disabled']) },
    });
  });

  test('its health is that of its machine, and is checked', async () => {
    const agent = await stage.addAgent('web-1');
    await ofMachine('web-1');
    const { status, body } = await stage.call<{ id: string }>('POST', '/targets/web-1/health-check', {});
    expect(status).toBe(201);
    await until('it was checked', async () => {
      const { body: task } = await stage.call<{ state: string }>('GET', `/tasks/${body.id}`);
      return task.state === 'success';
    });
    await agent.disconnect();
    await until('it is away', async () => {
      const { body: now } = await stage.call<Target>('GET', '/targets/web-1');
      return now.machine?.state === 'away';
    });
  });

  test('leases name it, and bar its end; so does the plan of a run that has not ended', async () => {
    const agent = await stage.addAgent('machine-1');
    const target = await ofMachine('machine-1', { name: 'web-1' });
    const held = lease(agent.agentId, 'task-1');
    await stage.store.write((tx) => tx.leases.insert(held));
    expect((await stage.call('GET', '/leases')).body).toMatchObject({
      items: [{ resource: { kind: 'target', id: agent.agentId, name: 'web-1' } }],
    });
    expect((await stage.call('GET', '/targets/web-1')).body).toMatchObject({ leases: 1 });
    expect(await refused('DELETE', '/targets/web-1')).toMatchObject({
      status: 409,
      message: 'Deployment target "web-1" is in use by task ""',
      detail: { usedBy: [{ kind: 'task', id: 'task-1' }] },
    });
    // Names that are shown follow a change.
    await stage.call('PATCH', '/targets/web-1', { name: 'web-2' });
    expect((await stage.call('GET', '/leases')).body).toMatchObject({
      items: [{ resource: { name: 'web-2' } }],
    });
    await stage.store.write(async (tx) => {
      await tx.leases.release(held, 2, 'over');
      await tx.processRuns.insertRun({
        ...{ spaceId: DEFAULT_SPACE, taskId: 'task-2', projectId: 'p', runbookId: '', releaseId: '' },
        ...{ environmentId: '', tenantId: '', parentId: '', ended: false, succeeded: false, createdAt: 1 },
      });
      const planned = { id: target.id, name: 'web-2', roles: [], machineId: agent.agentId, poolId: null };
      const plan = { targets: [planned], steps: [], defaultPoolId: '', pinned: {} };
      await tx.processRuns.putPlan(DEFAULT_SPACE, 'task-2', plan);
    });
    expect(await refused('DELETE', '/targets/web-2')).toMatchObject({
      status: 409,
      detail: { usedBy: [{ kind: 'task', id: 'task-2' }] },
    });
    await stage.store.write((tx) => tx.processRuns.endRun(DEFAULT_SPACE, 'task-2', true));
    expect((await stage.call('DELETE', '/targets/web-2')).status).toBe(204);
    // Its machine was nothing else: it is let in no more.
    expect(agent.closedWhy).toBe('this deployment target was deleted');
    await expect(agent.connect()).rejects.toThrow('not registered');
  });

  test('a machine that is leased as a worker bars the end of a target that it would go with', async () => {
    const agent = await stage.addAgent('web-1');
    await ofMachine('web-1');
    const held = lease(agent.agentId, 'task-1', 'worker');
    await stage.store.write((tx) => tx.leases.insert(held));
    expect(await refused('DELETE', '/targets/web-1')).toMatchObject({ status: 409 });
    await stage.store.write((tx) => tx.leases.release(held, 2, 'over'));
    expect((await stage.call('DELETE', '/targets/web-1')).status).toBe(204);
  });

  test('an agent that deregisters, as an ephemeral one does at its end, takes its target with it', async () => {
    const agent = await stage.addAgent('web-1');
    await ofMachine('web-1');
    await region('stays');
    await stage.core.inbox.deregister(agent);
    expect(await namesOf('/targets')).toEqual(['stays']);
    const { body } = await stage.call<Listed<{ action: string; detail: object }>>('GET', '/audit');
    expect(body.items[0]).toMatchObject({ action: 'worker.deregistered', detail: { targets: ['web-1'] } });
  });

  test('a token for a target is listed with names, and warns where it makes a worker too', async () => {
    const target = { ...WEB, tenants: ['Acme'] };
    expect((await stage.call('POST', '/tokens', { target })).body).toMatchObject({ warnings: [] });
    expect((await stage.call('POST', '/tokens', { target, pools: [await poolId()] })).body).toMatchObject({
      warnings: [expect.stringContaining('a worker and a deployment target')],
    });
    expect((await stage.call('GET', '/tokens')).body).toMatchObject({
      items: [
        { pools: [{}], target: { environments: [{ name: 'Production' }] } },
        {
          pools: [],
          target: {
            environments: [{ name: 'Production' }],
            tenants: [{ name: 'Acme' }],
            tenanted: 'tenanted',
          },
        },
      ],
    });
    const answer = await refused('POST', '/tokens', { target: { ...WEB, environments: ['Nowhere'] } });
    expect(answer).toMatchObject({ status: 400, fields: [{ field: 'environments[0]' }] });
  });
});
