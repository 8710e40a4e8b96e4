/** Scheduled triggers over the real core and store, with two nodes and time moved by hand: each due time once. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { silentLogger } from '@longshore/base';
import { ManualClock } from '@longshore/base/manual-clock';
import type { AuditEvent } from '@longshore/server/app/ports/machines';
import { StorageOut } from '@longshore/server/app/ports/store';
import type { TriggerView } from '@longshore/server/app/ports/trigger-api';
import type { Release, RunRecord } from '@longshore/server/domain/deployment/release';
import type { Project } from '@longshore/server/domain/model/project';
import type { Resource } from '@longshore/server/domain/model/resource';
import type { Trigger } from '@longshore/server/domain/model/trigger';
import { TRIGGER_LOOK_MS } from '@longshore/server/limits';
import { TriggerLoop } from '@longshore/server/loops/triggers';

import { openCoreStage, SPACE, type CoreStage, type StageNode } from '../support/core-stage.ts';
import { ModelRows, ONE_QUESTION } from '../support/model-rows.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

// The first use of PostgreSQL makes and starts a server.
jest.setTimeout(60_000);

const ME = { spaceId: SPACE, actor: 'me' };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 2, 2, 12);

describe.each(DIALECTS)('on %s', (dialect) => {
  let stage: CoreStage;
  let clock: ManualClock;
  let nodes: [StageNode, StageNode];
  let rows: ModelRows;
  let project: Resource<'project'>;
  let dev: Resource<'environment'>;
  let qa: Resource<'environment'>;
  let restart: Resource<'runbook'>;
  const loops: TriggerLoop[] = [];

  beforeEach(async () => {
    stage = await openCoreStage(dialect);
    clock = new ManualClock(NOON);
    nodes = [await stage.node('node-1', { clock }), await stage.node('node-2', { clock })];
    rows = new ModelRows(nodes[0].store, () => clock.now());
    dev = await rows.environment('dev', 1);
    qa = await rows.environment('qa', 2);
    const lifecycle = await rows.lifecycle('Any', [{ environments: [dev.id, qa.id], optional: true }]);
    project = await rows.project('Shop', { lifecycle: lifecycle.id, process: ONE_QUESTION });
    restart = await rows.runbook('Restart', project.id, { process: ONE_QUESTION });
  });
  afterEach(async () => {
    for (const loop of loops.splice(0)) await loop.close();
    await stage.close();
  });

  const change = (to: Partial<Project>): Promise<void> =>
    rows.change(project, (body) => ({ ...body, ...to }));
  const runRestart = (more: Partial<Trigger> = {}): Trigger => ({
    ...{ name: 'Nightly', disabled: false, cron: '0 * * * *', timeZone: 'UTC' },
    does: { kind: 'runRunbook', runbook: restart.id, environments: [dev.id], tenants: [], tenantTags: [] },
    ...more,
  });
  const deployTo = (
    environment: string,
    more: Partial<Extract<Trigger['does'], { kind: 'deploy' }>> = {},
  ): Trigger => ({
    ...runRestart({ name: 'Deploy' }),
    does: { kind: 'deploy', environment, from: null, channel: '', tenants: [], tenantTags: [], ...more },
  });
  const has = (...triggers: Trigger[]): Promise<void> => change({ triggers });
  const look = (node: StageNode = nodes[0]): Promise<number | null> => node.core.triggers.look();
  const both = (): Promise<unknown> => Promise.all(nodes.map((node) => look(node)));
  const runs = (): Promise<RunRecord[]> =>
    nodes[1].store.read((tx) => tx.processRuns.runs(SPACE, { limit: 1000 }));
  const count = async (): Promise<number> => (await runs()).length;
  const one = async (name = 'Nightly'): Promise<TriggerView> => {
    const found = (await nodes[1].core.triggers.list(SPACE, 'Shop')).find((each) => each.name === name);
    if (found === undefined) throw new Error(`no trigger ${name}`);
    return found;
  };
  const audit = async (action: string): Promise<AuditEvent[]> =>
    (await nodes[1].store.read((tx) => tx.audit.list(SPACE, 1000))).filter(
      (event) => event.action === action,
    );
  const release = (version: string): Promise<Release> =>
    nodes[0].core.releases.create(ME, { project: 'Shop', version });
  /** As if it had run: no worker is there. */
  const end = (run: RunRecord | undefined, succeeded = true): Promise<void> =>
    nodes[0].store.write((tx) => tx.processRuns.endRun(SPACE, run?.taskId ?? '', succeeded));
  const newest = async (): Promise<RunRecord | undefined> => (await runs())[0];

  function loopOf({ core, store }: StageNode): TriggerLoop {
    const loop = new TriggerLoop({ store, clock, logger: silentLogger, triggers: core.triggers });
    loops.push(loop);
    loop.start();
    return loop;
  }

  describe('a due time', () => {
    test('starts one run over both nodes, hour after hour', async () => {
      await has(runRestart());
      await both();
      expect(await count()).toBe(0);
      expect(await one()).toMatchObject({ nextDueAt: NOON + HOUR, lastRun: null, lastFailure: null });
      for (let hour = 1; hour <= 5; hour += 1) {
        clock.advance(HOUR);
        await both();
        await both();
        expect(await count()).toBe(hour);
      }
      const [last] = await runs();
      expect(await one()).toMatchObject({
        lastRun: { dueAt: NOON + 5 * HOUR, taskIds: [last?.taskId] },
        nextDueAt: NOON + 6 * HOUR,
      });
      expect(await nodes[0].core.tasks.get(SPACE, last?.taskId ?? '')).toMatchObject({
        kind: 'runbookRun',
        createdBy: 'trigger Nightly',
        spec: { run: { trigger: 'Nightly' } },
      });
      expect(await audit('runbookRun.started')).toHaveLength(5);
      expect(await audit('trigger.failed')).toEqual([]);
    });

    test('is met by the loops of both nodes, to the second, and a new trigger by its announcement', async () => {
      const both = nodes.map(loopOf);
      await has(runRestart({ cron: '5 * * * * *' }));
      await until('both have heard of it', async () => {
        await Promise.all(both.map((loop) => loop.settled()));
        return (
          (await one()).nextDueAt === NOON + 5_000 &&
          (await nodes[0].store.read((tx) => tx.triggers.list(SPACE))).length === 1
        );
      });
      clock.advance(4_999);
      await Promise.all(both.map((loop) => loop.settled()));
      expect(await count()).toBe(0);
      clock.advance(1);
      await until('it ran', async () => (await count()) === 1);
      for (let minute = 2; minute <= 4; minute += 1) {
        // In steps, as time goes: the loops look between them.
        for (let step = 0; step < MINUTE / TRIGGER_LOOK_MS; step += 1) {
          clock.advance(TRIGGER_LOOK_MS);
          await Promise.all(both.map((loop) => loop.settled()));
        }
        expect(await count()).toBe(minute);
      }
    });

    test('is not lost with a node that is killed at any moment, and not run twice', async () => {
      await has(runRestart());
      await both();
      for (let turns = 0; turns < 12; turns += 1) {
        const dying = await stage.node(`dying-${turns}`, { clock });
        clock.advance(HOUR);
        dying.core.triggers.look().catch(() => undefined);
        for (let turn = 0; turn < turns; turn += 1) await new Promise((done) => setImmediate(done));
        dying.kill();
        await look();
        await look(nodes[1]);
        expect(await count()).toBe(turns + 1);
      }
    });

    test('that was claimed in a transaction that came to nothing is claimed again', async () => {
      await has(runRestart());
      await both();
      clock.advance(HOUR);
      const { store } = nodes[0];
      const commit = store.commit.bind(store);
      let cut = 0;
      store.commit = (body) =>
        commit(async (tx) => {
          await body(tx);
          cut += 1;
          throw new StorageOut('unavailable', 'cut before it was committed');
        });
      await expect(look()).rejects.toThrow('cut before');
      expect(cut).toBeGreaterThan(0);
      expect(await count()).toBe(0);
      store.commit = commit;
      await look(nodes[1]);
      await look(nodes[1]);
      expect(await count()).toBe(1);
    });

    test('of a trigger that changed: none from before the change', async () => {
      await has(runRestart({ cron: '0 18 * * *' }));
      await both();
      clock.advance(10 * HOUR);
      await has(runRestart({ cron: '0 20 * * *' }));
      await both();
      // 18:00 was missed by the schedule before, and 20:00 was none of it.
      expect(await count()).toBe(0);
      expect(await one()).toMatchObject({ nextDueAt: NOON + 32 * HOUR });
      clock.advance(22 * HOUR);
      await both();
      expect(await count()).toBe(1);
    });

    test('of a trigger or project that is gone: nothing is kept', async () => {
      await has(runRestart(), runRestart({ name: 'Other' }));
      await both();
      await has(runRestart());
      await both();
      const kept = () => nodes[0].store.read((tx) => tx.triggers.list(SPACE));
      expect((await kept()).map(({ name }) => name)).toEqual(['Nightly']);
      await rows.remove(project);
      clock.advance(HOUR);
      await both();
      expect(await kept()).toEqual([]);
      expect(await count()).toBe(0);
    });
  });

  describe('missed times', () => {
    test('only the latest is run, by a node that starts later, and the others are told', async () => {
      await has(runRestart());
      await both();
      clock.advance(5 * HOUR + 20 * MINUTE);
      const later = await stage.node('node-3', { clock });
      await look(later);
      await both();
      expect(await count()).toBe(1);
      expect((await one()).lastRun?.dueAt).toBe(NOON + 5 * HOUR);
      expect(await audit('trigger.skipped')).toMatchObject([
        { subject: 'Nightly', detail: { dueTimes: '4', reason: 'missed: only the latest is run' } },
      ]);
    });

    test('none is run that is too old, and that is told', async () => {
      await has(runRestart({ cron: '0 20 * * *' }));
      await both();
      clock.advance(DAY + 10 * HOUR);
      await both();
      expect(await count()).toBe(0);
      expect((await one()).lastFailure).toMatchObject({
        dueAt: NOON + DAY + 8 * HOUR,
        reason: expect.stringContaining('missed, and by more than 60 minutes') as unknown,
      });
      expect(await audit('trigger.skipped')).toMatchObject([{ detail: { dueTimes: '2' } }]);
      clock.advance(22 * HOUR);
      await both();
      expect(await count()).toBe(1);
    });
  });

  describe('a clock that is set', () => {
    test('a day back: nothing is started again until it is where it was', async () => {
      await has(runRestart());
      await both();
      clock.advance(HOUR);
      await both();
      clock.setWallClock(clock.now() - DAY);
      for (let hour = 0; hour < 24; hour += 1) {
        clock.advance(HOUR);
        await look();
      }
      await both();
      expect(await count()).toBe(1);
      clock.advance(HOUR);
      await both();
      expect(await count()).toBe(2);
    });

    test('a day forward: one run, the latest; and back: none until then', async () => {
      await has(runRestart());
      await both();
      clock.setWallClock(clock.now() + DAY);
      await both();
      expect(await count()).toBe(1);
      clock.setWallClock(clock.now() - DAY);
      clock.advance(2 * HOUR);
      await both();
      expect(await count()).toBe(1);
      expect((await one()).nextDueAt).toBe(NOON + DAY + HOUR);
    });

    test('that had been far ahead silences nothing', async () => {
      await has(runRestart());
      clock.setWallClock(clock.now() + 400 * DAY);
      await both();
      clock.setWallClock(NOON + 30 * MINUTE);
      await both();
      const before = await count();
      clock.advance(HOUR);
      await both();
      expect(await count()).toBe(before + 1);
    });
  });

  describe('a failure', () => {
    test.each(['trigger', 'project'])(
      'a disabled %s is told once, and starts again when it is enabled',
      async (what) => {
        await change({
          triggers: [runRestart({ disabled: what === 'trigger' })],
          disabled: what === 'project',
        });
        const reason = what === 'trigger' ? 'the trigger is disabled' : 'project "Shop" is disabled';
        for (let hour = 0; hour < 3; hour += 1) {
          clock.advance(HOUR);
          await both();
        }
        expect(await count()).toBe(0);
        expect(await audit('trigger.failed')).toMatchObject([{ subject: 'Nightly', detail: { reason } }]);
        expect(await one()).toMatchObject({ off: reason, nextDueAt: null, lastFailure: { reason } });
        clock.advance(30 * MINUTE);
        await change({ triggers: [runRestart()], disabled: false });
        await both();
        expect(await count()).toBe(0);
        clock.advance(HOUR);
        await both();
        expect(await count()).toBe(1);
      },
    );

    test('what is gone is told each time, and what is not gone runs', async () => {
      const does = { ...runRestart().does, environments: [dev.id, qa.id] } as Trigger['does'];
      await has(runRestart({ does }), runRestart({ name: 'Other', cron: '*/30 * * * *' }));
      await both();
      await rows.remove(qa);
      clock.advance(HOUR);
      await both();
      expect((await runs()).map(({ environmentId }) => environmentId)).toEqual([dev.id, dev.id]);
      expect((await one()).lastFailure?.reason).toContain(`the environment ${qa.id} was deleted`);
      expect((await one()).lastRun?.taskIds).toHaveLength(1);
      await rows.remove(restart);
      clock.advance(HOUR);
      await both();
      expect(await count()).toBe(2);
      expect((await one('Other')).lastFailure?.reason).toContain(`the runbook ${restart.id} was deleted`);
      expect(await audit('trigger.failed')).toHaveLength(3);
    });

    test('one that breaks is told, once for its due time, and the others run', async () => {
      const broken = { kind: 'runRunbook', runbook: restart.id } as unknown as Trigger['does'];
      await has(runRestart({ name: 'Broken', does: broken }), runRestart());
      await both();
      clock.advance(HOUR);
      await both();
      await both();
      expect(await count()).toBe(1);
      expect(await audit('trigger.failed')).toHaveLength(1);
      expect((await one('Broken')).lastFailure).toMatchObject({ dueAt: NOON + HOUR });
      expect((await one('Broken')).nextDueAt).toBe(NOON + 2 * HOUR);
    });

    test('no schedule at all is told at once, and once', async () => {
      await has(runRestart({ cron: 'whenever' }));
      await both();
      await both();
      expect(await audit('trigger.failed')).toHaveLength(1);
      expect((await one()).off).toContain('is no schedule');
    });
  });

  describe('deployments', () => {
    test('the newest release, once; nothing newer, nothing to do', async () => {
      await has(deployTo(dev.id));
      await both();
      clock.advance(HOUR);
      await both();
      expect((await one('Deploy')).lastIdle?.reason).toBe('"dev": there is no release yet');
      await release('1.0.0');
      const second = await release('1.1.0');
      clock.advance(HOUR);
      await both();
      expect(await newest()).toMatchObject({ releaseId: second.id, environmentId: dev.id });
      clock.advance(HOUR);
      await both();
      expect((await one('Deploy')).lastIdle?.reason).toContain('release 1.1.0 is being deployed by task');
      await end(await newest());
      clock.advance(HOUR);
      await both();
      expect(await count()).toBe(1);
      expect((await one('Deploy')).lastIdle).toMatchObject({
        dueAt: NOON + 4 * HOUR,
        reason: '"dev": release 1.1.0 is there already',
      });
      expect(await audit('trigger.failed')).toEqual([]);
    });

    test('of those that were deployed to another environment with success', async () => {
      const first = await release('1.0.0');
      await release('1.1.0');
      await has(deployTo(qa.id, { from: dev.id }));
      await both();
      clock.advance(HOUR);
      await both();
      expect((await one('Deploy')).lastIdle?.reason).toContain('no release that was deployed to "dev" yet');
      for (const [version, succeeded] of [
        ['1.0.0', true],
        ['1.1.0', false],
      ] as const) {
        await nodes[0].core.processRuns.deploy(ME, { project: 'Shop', version, environment: 'dev' });
        await end(await newest(), succeeded);
      }
      clock.advance(HOUR);
      await both();
      expect(await newest()).toMatchObject({ releaseId: first.id, environmentId: qa.id });
      expect(await count()).toBe(3);
    });

    test('none while a release that was made later is being deployed there', async () => {
      await release('1.0.0');
      await nodes[0].core.processRuns.deploy(ME, { project: 'Shop', version: '1.0.0', environment: 'dev' });
      await end(await newest());
      await release('1.1.0');
      await nodes[0].core.processRuns.deploy(ME, { project: 'Shop', version: '1.1.0', environment: 'qa' });
      await has(deployTo(qa.id, { from: dev.id }));
      await both();
      clock.advance(HOUR);
      await both();
      expect(await count()).toBe(2);
      expect((await one('Deploy')).lastIdle?.reason).toMatch(
        /^"qa": release 1\.1\.0, which is newer than 1\.0\.0, is being deployed by task \w+$/,
      );
    });

    test('for tenants by name and by tag, each by itself', async () => {
      await rows.put('tagSet', 'Region', {
        description: '',
        tags: [
          { name: 'Europe', description: '' },
          { name: 'Asia', description: '' },
        ],
      });
      await change({ tenanted: 'tenanted' });
      const on = (...environments: string[]) => [{ project: project.id, environments }];
      const acme = await rows.tenant('Acme', on(dev.id), ['Region/Europe']);
      const bolt = await rows.tenant('Bolt', on(dev.id), ['Region/Asia']);
      await rows.tenant('Cold', on(qa.id), ['Region/Europe']);
      const duke = await rows.tenant('Duke', on(qa.id), ['Region/Asia']);
      await release('1.0.0');
      const tenants = [bolt.id, duke.id];
      await has(deployTo(dev.id, { tenants, tenantTags: ['Region/Europe'] }));
      await both();
      clock.advance(HOUR);
      await both();
      expect((await runs()).map(({ tenantId }) => tenantId).sort()).toEqual([acme.id, bolt.id].sort());
      expect((await one('Deploy')).lastFailure?.reason).toBe(
        '"dev" for Duke: tenant "Duke" has no "dev" of project "Shop"',
      );
      expect((await one('Deploy')).lastRun?.taskIds).toHaveLength(2);
      await has(deployTo(dev.id, { tenantTags: ['Region/Africa'] }));
      clock.advance(HOUR);
      await both();
      expect((await one('Deploy')).lastFailure?.reason).toContain('no tenant with Region/Africa has "dev"');
      await has(deployTo(dev.id));
      clock.advance(HOUR);
      await both();
      expect((await one('Deploy')).lastFailure?.reason).toContain('is run for a tenant each time');
    });
  });
});
