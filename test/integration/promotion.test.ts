/** Releases go along their lifecycle by themselves: over the real core and store, once each, whichever node dies. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import type { RunRecord } from '@longshore/server/domain/deployment/release';

import { FarAgent, openCoreStage, SPACE, type CoreStage, type StageNode } from '../support/core-stage.ts';
import { ModelRows } from '../support/model-rows.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

// The first use of PostgreSQL makes and starts a server.
jest.setTimeout(60_000);

const ME = { spaceId: SPACE, actor: 'me' };

describe.each(DIALECTS)('on %s', (dialect) => {
  let stage: CoreStage;
  let nodes: StageNode[];
  let rows: ModelRows;
  const environments = new Map<string, string>();

  beforeEach(async () => {
    stage = await openCoreStage(dialect);
    nodes = [await stage.node('node-1'), await stage.node('node-2')];
    rows = new ModelRows(nodes[0]!.store, () => Date.now());
    for (const [i, name] of ['dev', 'qa', 'perf', 'prod'].entries())
      environments.set(name, (await rows.environment(name, i)).id);
  });
  afterEach(() => stage.close());

  const id = (name: string): string => environments.get(name) ?? '';
  const runs = (releaseId: string): Promise<RunRecord[]> =>
    nodes.at(-1)!.store.read((tx) => tx.processRuns.runs(SPACE, { releaseId, limit: 100 }));
  const there = async (releaseId: string): Promise<string[]> => {
    const nameOf = new Map([...environments].map(([name, of]) => [of, name]));
    return (await runs(releaseId))
      .map(({ environmentId, tenantId }) => `${nameOf.get(environmentId) ?? ''}${tenantId}`)
      .sort();
  };

  /** A worker that has a session with each node; what it runs ends as it says. */
  async function machine(code = 0): Promise<void> {
    const poolId = await nodes[0]!.addPool({ isDefault: true });
    const worker = await nodes[0]!.addWorker(poolId, { slots: 8 });
    for (const { core } of nodes) {
      const agent = new FarAgent(worker);
      agent.onStart = (start) => {
        void agent
          .accept(start)
          .then(() => agent.finish(start.attemptId, { kind: 'exited', code }, ''))
          .catch(() => undefined);
      };
      await agent.connect(core);
    }
  }

  const CHAIN = (): { automatic: string[] }[] => [
    { automatic: [id('dev')] },
    { automatic: [id('qa'), id('perf')] },
    { automatic: [id('prod')] },
  ];

  test('a new release goes all the way by itself, to each environment once', async () => {
    const lifecycle = await rows.lifecycle('All', CHAIN());
    await rows.project('Shop', { lifecycle: lifecycle.id });
    await machine();
    const release = await nodes[0]!.core.releases.create(ME, { project: 'Shop' });
    await until('it is everywhere', async () => {
      const all = await runs(release.id);
      return all.length >= 4 && all.every(({ ended }) => ended);
    });
    expect(await there(release.id)).toEqual(['dev', 'perf', 'prod', 'qa']);
    expect((await runs(release.id)).every(({ succeeded }) => succeeded)).toBe(true);
    const tasks = await nodes[0]!.core.tasks.list(SPACE, { limit: 10 });
    expect(new Set(tasks.map(({ createdBy }) => createdBy))).toEqual(new Set(['lifecycle']));
    const [first] = tasks.toReversed();
    const log = await nodes[0]!.core.tasks.log(SPACE, first!.id, 0, 100);
    const told = log.filter(({ text }) => text.startsWith('The lifecycle started task'));
    expect(told.map(({ text }) => text.replace(/^.*: Deploy/, 'Deploy')).sort()).toEqual([
      'Deploy Shop 0.0.1 to perf',
      'Deploy Shop 0.0.1 to qa',
    ]);
    // Again by hand, with success: nothing follows from it that was started before.
    const again = await nodes[1]!.core.processRuns.deploy(ME, {
      ...{ project: 'Shop', version: '0.0.1', environment: 'dev' },
    });
    expect(await nodes[1]!.core.tasks.ended(SPACE, again.id)).toMatchObject({ state: 'success' });
    expect(await there(release.id)).toEqual(['dev', 'dev', 'perf', 'prod', 'qa']);
  });

  test('a deployment that fails takes the release no further, and is not started again', async () => {
    const lifecycle = await rows.lifecycle('All', CHAIN());
    await rows.project('Shop', { lifecycle: lifecycle.id });
    await machine(1);
    const release = await nodes[0]!.core.releases.create(ME, { project: 'Shop' });
    await until('it failed', async () => (await runs(release.id)).every(({ ended }) => ended));
    expect(await there(release.id)).toEqual(['dev']);
  });

  test('a release that was blocked goes on when it is let go, from where it stood', async () => {
    const lifecycle = await rows.lifecycle('All', [{ environments: [id('dev')] }, ...CHAIN().slice(1)]);
    await rows.project('Shop', { lifecycle: lifecycle.id });
    await machine();
    const { core } = nodes[0]!;
    const release = await core.releases.create(ME, { project: 'Shop' });
    const task = await core.processRuns.deploy(ME, {
      ...{ project: 'Shop', version: release.version, environment: 'dev' },
    });
    await core.releases.block(ME, 'Shop', release.version, 'orders are lost');
    expect(await core.tasks.ended(SPACE, task.id)).toMatchObject({ state: 'success' });
    expect(await there(release.id)).toEqual(['dev']);
    await nodes[1]!.core.releases.block(ME, 'Shop', release.version, '');
    await until('it is everywhere', async () => {
      const all = await runs(release.id);
      return all.length >= 4 && all.every(({ ended }) => ended);
    });
    expect(await there(release.id)).toEqual(['dev', 'perf', 'prod', 'qa']);
    // Not blocked, and said so once more: nothing follows.
    await core.releases.block(ME, 'Shop', release.version, '');
    expect(await there(release.id)).toEqual(['dev', 'perf', 'prod', 'qa']);
  });

  test('for the tenants that have the environment, each its own way', async () => {
    const lifecycle = await rows.lifecycle('All', CHAIN());
    const project = await rows.project('Shop', { lifecycle: lifecycle.id, tenanted: 'tenanted' });
    const connected = (...names: string[]) => [{ project: project.id, environments: names.map(id) }];
    const acme = await rows.tenant('Acme', connected('dev', 'qa'));
    const bolt = await rows.tenant('Bolt', connected('qa'));
    const cold = await rows.tenant('Cold', []);
    await machine();
    const release = await nodes[1]!.core.releases.create(ME, { project: 'Shop' });
    await until('both are done', async () => {
      const all = await runs(release.id);
      return all.length >= 2 && all.every(({ ended }) => ended);
    });
    expect(await there(release.id)).toEqual([`dev${acme.id}`, `qa${acme.id}`].sort());
    expect(await there(release.id)).not.toContain(bolt.id);
    expect(await there(release.id)).not.toContain(cold.id);
  });

  test('what can’t be deployed is told, and the release is made all the same', async () => {
    const lifecycle = await rows.lifecycle('All', CHAIN());
    await rows.project('Shop', { lifecycle: lifecycle.id, process: { pinWorker: false, steps: [] } });
    const release = await nodes[0]!.core.releases.create(ME, { project: 'Shop' });
    expect(await there(release.id)).toEqual([]);
    const audit = await nodes[0]!.store.read((tx) => tx.audit.list(SPACE, 1));
    expect(audit).toMatchObject([
      {
        actor: 'lifecycle',
        action: 'promotion.failed',
        detail: { reason: expect.stringContaining('its process has no step') as unknown },
      },
    ]);
  });

  test('two deployments that succeed at once on two nodes take it on once', async () => {
    const lifecycle = await rows.lifecycle('All', [
      { environments: [id('dev'), id('qa')], minimum: 1 },
      { automatic: [id('prod')] },
    ]);
    await rows.project('Shop', { lifecycle: lifecycle.id });
    await machine();
    const release = await nodes[0]!.core.releases.create(ME, { project: 'Shop' });
    const both = await Promise.all(
      ['dev', 'qa'].map((environment, i) =>
        nodes[i]!.core.processRuns.deploy(ME, { project: 'Shop', version: release.version, environment }),
      ),
    );
    await Promise.all(both.map((task, i) => nodes[i]!.core.tasks.ended(SPACE, task.id)));
    await until('all have ended', async () => (await runs(release.id)).every(({ ended }) => ended));
    expect(await there(release.id)).toEqual(['dev', 'prod', 'qa']);
  });
});
