/** Deployments on a real store, with agents that are played. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { SPACE } from '../support/core-stage.ts';
import { action, RunStage, script, step, variable } from '../support/run-stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

jest.setTimeout(60_000);

describe.each(DIALECTS)('a deployment on %s', (dialect) => {
  let stage: RunStage;
  beforeEach(async () => {
    stage = await RunStage.open(dialect);
  });
  afterEach(() => stage.close());

  test('its steps run in order, and its end is that of all of them', async () => {
    await stage.project('shop', [step('build', script('one')), step('test', script('two'))]);
    const task = await stage.deployed('shop');
    expect(task).toMatchObject({ state: 'success', kind: 'deployment', name: 'Deploy shop 0.0.1 to dev' });
    expect(stage.bodies()).toEqual(['one', 'two']);
    expect(await stage.states(task.id)).toEqual({
      '0': 'success',
      '0.0': 'success',
      '1': 'success',
      '1.0': 'success',
    });
    expect(await stage.node.core.leases.held(SPACE)).toEqual([]);
  });

  test('a failure skips what follows, but what is for failures', async () => {
    await stage.project('shop', [
      step('build', script('exit 3')),
      step('test', script('two')),
      step('mend', script('three'), { condition: { kind: 'failure' } }),
    ]);
    const task = await stage.deployed('shop');
    expect(task.state).toBe('failed');
    expect(task.message).toMatch(/^step "build" failed: exit code 3 on w-/);
    expect(stage.bodies()).toEqual(['exit 3', 'three']);
    expect(await stage.states(task.id)).toMatchObject({ '0': 'failed', '1': 'skipped', '2': 'success' });
  });

  test('output variables are seen by later steps, sensitive ones in clear there and nowhere else', async () => {
    await stage.project('shop', [
      step('build', script('set Version=1.2')),
      step('sign', script('secret Token=opensesame')),
      step('use', script('use #{Octopus.Action[build].Output.Version} #{Octopus.Action[sign].Output.Token}')),
    ]);
    const task = await stage.deployed('shop');
    expect(task.state).toBe('success');
    expect(stage.bodies()[2]).toBe('use 1.2 opensesame');
    const { variables } = stage.played[2]!.command.spec;
    expect(variables.find(({ name }) => name.endsWith('Output.Token'))).toMatchObject({
      value: 'opensesame',
      sensitive: true,
    });
    expect(await stage.node.core.tasks.variables(SPACE, task.id)).toMatchObject([
      { action: '0.0', name: 'Version', value: '1.2' },
      { action: '1.0', name: 'Token', value: '********' },
    ]);
  });

  test('what an attempt was told is sealed at rest, text and variables, and gone with its end', async () => {
    await stage.project('shop', [
      step('sign', script('secret Token=opensesame')),
      step('use', script('hold #{Octopus.Action[sign].Output.Token}')),
    ]);
    const id = await stage.deploy('shop');
    const [held] = await stage.holds('hold opensesame');
    const stored = (): Promise<string | undefined> =>
      stage.node.store.read((tx) => tx.attempts.script({ spaceId: SPACE, id: held!.command.attemptId }));
    expect(await stored()).toMatch(/^v1\./);
    await stage.restart();
    await stage.go('hold opensesame');
    expect((await stage.ended(id)).state).toBe('success');
    expect(await stored()).toBeUndefined();
  });

  test('on each target, so many at once as the window is wide; each target takes one script at a time', async () => {
    for (const name of ['web-1', 'web-2', 'web-3']) await stage.addTarget(name, ['web']);
    await stage.project('shop', [
      step(
        'roll',
        [
          action('stop', script('hold stop', { runsOn: 'target' })),
          action('start', script('start', { runsOn: 'target' })),
        ],
        {
          roles: ['web'],
          rollingWindow: 2,
        },
      ),
    ]);
    const id = await stage.deploy('shop');
    await stage.holds('hold stop', 2);
    expect(stage.played).toHaveLength(2);
    expect(await stage.node.core.leases.held(SPACE)).toMatchObject([
      { resource: { kind: 'run' }, mode: 'exclusive' },
      { resource: { kind: 'target' }, mode: 'exclusive' },
      { resource: { kind: 'target' }, mode: 'exclusive' },
    ]);
    await stage.go('hold stop');
    await stage.holds('hold stop', 2);
    await stage.go('hold stop');
    await stage.go('hold stop');
    expect((await stage.ended(id)).state).toBe('success');
    expect(stage.bodies().filter((body) => body === 'start')).toHaveLength(3);
    const hosts = stage.played.map(({ agent }) => agent.worker.name);
    expect(new Set(hosts).size).toBe(3);
  });

  test('a step that waits for a lease says for what', async () => {
    for (const agent of stage.agents)
      await stage.node.store.write(async (tx) => {
        const worker = await tx.workers.find(agent.worker.id);
        await tx.workers.update({ ...worker!, slots: 1 });
        stage.node.store.announce(tx, 'worker', agent.worker.id);
      });
    await stage.project(
      'shop',
      ['a', 'b', 'c'].map((name, i) =>
        step(name, script(`hold ${name}`), i === 0 ? {} : { start: 'withPrevious' }),
      ),
    );
    const id = await stage.deploy('shop');
    await stage.holds('hold b');
    expect((await stage.activities(id)).get('2.0')).toMatchObject({
      state: 'queued',
      message: expect.stringMatching(/^all 2 healthy workers of pool ".*" are full: 2 full$/),
    });
    for (const name of ['a', 'b', 'c']) await stage.go(`hold ${name}`);
    expect((await stage.ended(id)).state).toBe('success');
  });

  test('a sealed value that does not open fails its step, and nothing else', async () => {
    const broken = variable('Token', 'v1.nonsense', { type: 'sensitive' });
    await stage.project('shop', [step('a', script('a'))], { variables: [broken] });
    await stage.project('other', [step('b', script('b'))]);
    const [task, other] = [await stage.deployed('shop'), await stage.deployed('other')];
    expect(task.state).toBe('failed');
    expect(task.message).toMatch(/^step "a" failed: a sealed value .* does not open with this master key$/);
    expect(other.state).toBe('success');
    expect(await stage.node.core.leases.held(SPACE)).toEqual([]);
  });

  test('is tried again after a wait, and fails when its tries are over', async () => {
    await stage.project('shop', [
      step('flaky', script('exit 1'), { action: { retries: { times: 2, waitMs: 20, factor: 1 } } }),
    ]);
    const task = await stage.deployed('shop');
    expect(task.state).toBe('failed');
    expect(stage.bodies()).toEqual(['exit 1', 'exit 1', 'exit 1']);
    expect((await stage.activities(task.id)).get('0.0')).toMatchObject({ tries: 3, state: 'failed' });
  });

  test('guided failure: people ignore one, and try another again', async () => {
    await stage.project(
      'shop',
      [step('a', script('exit 1')), step('b', script('hold b')), step('c', script('done'))],
      { guidedFailure: 'on' },
    );
    const { processRuns } = stage.node.core;
    const id = await stage.deploy('shop');
    const asked = async (title: string): Promise<string> => {
      let found = '';
      await until(`${title} is asked`, async () => {
        found = (await processRuns.interruptions(SPACE, 10)).find((one) => one.title === title)?.id ?? '';
        return found !== '';
      });
      return found;
    };
    const by = { spaceId: SPACE, actor: 'ann' };
    const first = await asked('"a" failed');
    await expect(processRuns.answer(by, first, { answer: 'exclude' })).rejects.toMatchObject({
      code: 'invalid',
    });
    await processRuns.answer(by, first, { answer: 'ignore', notes: 'known' });
    await stage.go('hold b', 7);
    await processRuns.answer(by, await asked('"b" failed'), { answer: 'retry' });
    await stage.go('hold b');
    const task = await stage.ended(id);
    expect(task.state).toBe('success');
    expect((await stage.activities(id)).get('0.0')?.message).toMatch(/ignored by ann: known$/);
    await expect(processRuns.answer(by, first, { answer: 'retry' })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  test('a manual intervention waits for people, and takes no place under the task cap', async () => {
    await stage.project('shop', [
      step('ask', { kind: 'manual', instructions: 'Go to #{Octopus.Environment.Name}?', responsible: 'ops' }),
      step('go', script('notes #{Octopus.Action[ask].Output.Manual.Notes}')),
    ]);
    const { processRuns, tasks } = stage.node.core;
    const id = await stage.deploy('shop');
    await until('it waits', async () => (await tasks.get(SPACE, id)).state === 'waiting');
    expect((await tasks.get(SPACE, id)).waitReason).toBe('for an answer of people: "ask"');
    const [open] = await processRuns.interruptions(SPACE, 10);
    expect(open).toMatchObject({
      instructions: 'Go to dev?',
      responsible: 'ops',
      options: ['proceed', 'abort'],
    });
    await processRuns.answer({ spaceId: SPACE, actor: 'ann' }, open!.id, {
      answer: 'proceed',
      notes: 'yes!',
    });
    expect((await stage.ended(id)).state).toBe('success');
    expect(stage.bodies()).toEqual(['notes yes!']);
  });

  test('one at a time for a project, environment and tenant', async () => {
    await stage.project('shop', [step('a', script('hold a'))]);
    const first = await stage.deploy('shop');
    await stage.holds('hold a');
    const second = await stage.deploy('shop', { version: '0.0.1' });
    const { tasks } = stage.node.core;
    expect((await tasks.get(SPACE, second)).waitReason).toBe(
      `for task ${first} to end: one run at a time of a project, environment and tenant`,
    );
    await stage.go('hold a');
    await stage.ended(first);
    await stage.go('hold a');
    expect((await stage.ended(second)).state).toBe('success');
  });

  test('a release goes along its lifecycle', async () => {
    await stage.project('shop', [step('a', script('one'))]);
    const { releases } = stage.node.core;
    await releases.create({ spaceId: SPACE, actor: 't' }, { project: 'shop', version: '1.0' });
    await expect(stage.deploy('shop', { version: '1.0', environment: 'prod' })).rejects.toThrow(
      'release 1.0 of "shop" can\'t be deployed to "prod": it must first succeed in "dev"',
    );
    await stage.deployed('shop', { version: '1.0' });
    expect((await stage.deployed('shop', { version: '1.0', environment: 'prod' })).state).toBe('success');
  });

  test('a snapshot does not change with its project', async () => {
    const say = [step('say', script('say #{Word}'))];
    await stage.project('shop', say, { variables: [variable('Word', 'old')] });
    const { releases } = stage.node.core;
    await releases.create({ spaceId: SPACE, actor: 't' }, { project: 'shop', version: '1.0' });
    await stage.project('shop', [step('say', script('other'))], { variables: [variable('Word', 'new')] });
    await stage.deployed('shop', { version: '1.0' });
    expect(stage.bodies()).toEqual(['say old']);
    await releases.updateVariables({ spaceId: SPACE, actor: 't' }, 'shop', '1.0');
    await stage.deployed('shop', { version: '1.0' });
    expect(stage.bodies()).toEqual(['say old', 'say new']);
  });

  test('cancel: what runs is told, and nothing new begins', async () => {
    await stage.project('shop', [
      step('a', script('hold a')),
      step('b', script('b'), { condition: { kind: 'always' } }),
    ]);
    const id = await stage.deploy('shop');
    const [held] = await stage.holds('hold a');
    await stage.node.core.tasks.cancel(SPACE, id, 'ann');
    await until('it is told', () => held!.agent.commands.some(({ command }) => command === 'cancel'));
    await held!.agent.finish(held!.command.attemptId, { kind: 'cancelled' }, '');
    expect(await stage.ended(id)).toMatchObject({ state: 'cancelled' });
    expect(stage.bodies()).toEqual(['hold a']);
    expect(await stage.node.core.leases.held(SPACE)).toEqual([]);
  });

  test('a server that comes back goes on where it stood, and starts nothing twice', async () => {
    await stage.project('shop', [
      step('a', script('hold a')),
      step('b', script('b'), { start: 'withPrevious' }),
      step('c', script('c #{Octopus.Action[b].Output.X}')),
    ]);
    const id = await stage.deploy('shop');
    await stage.holds('hold a');
    await until('b is done', async () => (await stage.states(id))['1'] === 'success');
    await stage.restart();
    await stage.go('hold a');
    expect((await stage.ended(id)).state).toBe('success');
    expect(stage.bodies()).toEqual(['hold a', 'b', 'c #{Octopus.Action[b].Output.X}']);
  });

  test('an exclusive lease has its clean-up script, on the same worker and under the same lease', async () => {
    const cleanUp = { interpreter: 'bash', body: 'clean', arguments: [], environment: {} } as const;
    await stage.project('shop', [
      step('alone', script('exit 2', { leaseMode: 'exclusive', cleanUp: { ...cleanUp, arguments: [] } })),
    ]);
    const task = await stage.deployed('shop');
    expect(task.state).toBe('failed');
    expect(stage.bodies()).toEqual(['exit 2', 'clean']);
    expect(stage.played[0]!.agent).toBe(stage.played[1]!.agent);
    expect(await stage.node.core.leases.history(SPACE, { taskId: task.id, limit: 10 })).toHaveLength(1);
  });

  test('a pinned worker serves all steps of the run', async () => {
    await stage.node.store.write(async (tx) => {
      const pool = await tx.pools.get(SPACE, stage.poolId);
      await tx.pools.update({ ...pool!, strategy: 'round-robin' });
    });
    await stage.project(
      'shop',
      [1, 2, 3, 4].map((n) => step(`s${n}`, script(`n ${n}`))),
      { pinWorker: true },
    );
    const task = await stage.deployed('shop');
    expect(task.state).toBe('success');
    expect(new Set(stage.played.map(({ agent }) => agent)).size).toBe(1);
    expect(await stage.node.core.leases.held(SPACE)).toEqual([]);
  });

  test('a pinned worker is kept over a restart of the server', async () => {
    const other = await stage.node.addPool({ strategy: 'round-robin' });
    for (let n = 0; n < 2; n += 1) await stage.addAgent([other]);
    const onOther = { pool: { kind: 'pool', pool: other } } as const;
    await stage.project(
      'shop',
      [
        step('a', script('a')),
        step('b', script('hold b', onOther)),
        step('c', script('c')),
        step('d', script('d', onOther)),
      ],
      { pinWorker: true },
    );
    const id = await stage.deploy('shop');
    await stage.holds('hold b');
    await stage.restart();
    await stage.go('hold b');
    expect((await stage.ended(id)).state).toBe('success');
    const [a, b, c, d] = stage.played.map(({ agent }) => agent.worker.name);
    expect([a, b]).toEqual([c, d]);
  });

  test('a release of another project, and a runbook', async () => {
    await stage.project('db', [step('migrate', script('migrate'))]);
    await stage.node.core.releases.create({ spaceId: SPACE, actor: 't' }, { project: 'db' });
    await stage.project('shop', []);
    await stage.runbook('shop', 'warm up', [step('warm', script('warm'))]);
    await stage.project('shop', [
      step('db', {
        kind: 'deployRelease',
        project: stage.id('db'),
        version: '',
        channel: '',
        when: 'ifNotCurrent',
        variables: {},
      }),
      step('warm', {
        kind: 'runRunbook',
        runbook: stage.id('warm up'),
        environment: null,
        wait: true,
        variables: {},
      }),
      step('last', script('last')),
    ]);
    const task = await stage.deployed('shop');
    expect(task).toMatchObject({ state: 'success', message: '' });
    expect(stage.bodies()).toEqual(['migrate', 'warm', 'last']);
    const again = await stage.deployed('shop');
    expect(again.state).toBe('success');
    expect(stage.bodies().slice(3)).toEqual(['warm', 'last']);
    expect((await stage.activities(again.id)).get('0.0')?.message).toBe('release 0.0.1 is there already');
  });
});
