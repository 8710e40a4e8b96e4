/** Steps that are no scripts, and what people choose for a run. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import type { WebhookAction } from '@longshore/server/domain/model/process';

import { SPACE } from '../support/core-stage.ts';
import { action, RunStage, script, step, variable } from '../support/run-stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

jest.setTimeout(60_000);

const BY = { spaceId: SPACE, actor: 'ann' };

describe.each(DIALECTS)('a run on %s', (dialect) => {
  let stage: RunStage;
  beforeEach(async () => {
    stage = await RunStage.open(dialect);
  });
  afterEach(() => stage.close());

  describe('calls a webhook', () => {
    let web: Server;
    let url: string;
    const requests: { method: string; path: string; body: string; headers: IncomingMessage['headers'] }[] =
      [];
    const answers: number[] = [];
    beforeEach(async () => {
      requests.length = 0;
      web = createServer((request, response) => {
        let body = '';
        request.setEncoding('utf8').on('data', (text: string) => (body += text));
        request.on('end', () => {
          requests.push({ method: request.method!, path: request.url!, body, headers: request.headers });
          const status = answers.shift() ?? 200;
          if (status === 0) request.socket.destroy();
          else if (status > 0) response.writeHead(status).end('thanks');
        });
      });
      await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    });
    afterEach(() => {
      web.close();
      web.closeAllConnections();
    });
    const hook = (change: Partial<WebhookAction> = {}): WebhookAction => ({
      ...{ kind: 'webhook', method: 'POST', url: `${url}/#{Octopus.Environment.Name}`, expect: [] },
      ...{ headers: { 'X-Release': '#{Octopus.Release.Number}' }, body: 'release #{Octopus.Release.Number}' },
      ...change,
    });

    test('with what is put in', async () => {
      await stage.project('shop', [step('tell', hook())]);
      expect((await stage.deployed('shop')).state).toBe('success');
      expect(requests).toMatchObject([
        { method: 'POST', path: '/dev', body: 'release 0.0.1', headers: { 'x-release': '0.0.1' } },
      ]);
    });

    test('again when it fails, and not when nobody knows whether it was received', async () => {
      const retries = { times: 2, waitMs: 10, factor: 1 };
      await stage.project('shop', [step('tell', hook(), { action: { retries } })]);
      answers.push(500, 503, 200);
      expect((await stage.deployed('shop')).state).toBe('success');
      answers.push(0);
      const task = await stage.deployed('shop', { version: '0.0.1' });
      expect(task.message).toMatch(/^step "tell" failed: it could not be called/);
      expect(requests).toHaveLength(4);
    });

    test('whose answer is another one than was expected', async () => {
      await stage.project('shop', [step('tell', hook({ expect: [202] }))]);
      expect((await stage.deployed('shop')).message).toBe('step "tell" failed: answered 200');
    });

    test('whose answer holds secrets: none is left in part where another one begins like it', async () => {
      const secrets = [step('a', script('secret A=than')), step('b', script('secret B=thanks'))];
      await stage.project('shop', [...secrets, step('tell', hook())]);
      const task = await stage.deployed('shop');
      const log = await stage.node.core.tasks.log(SPACE, task.id, 0, 100);
      expect(log.filter(({ level }) => level === 'verbose').map(({ text }) => text)).toEqual(['********']);
    });

    test('that nobody answers before the time of the run is over: it has timed out', async () => {
      answers.push(-1);
      await stage.project('shop', [step('tell', hook())]);
      expect(await stage.deployed('shop', { timeoutMs: 300 })).toMatchObject({ state: 'timedOut' });
    });

    test('that nobody answers, which is tried again, for nothing was received', async () => {
      const retries = { times: 1, waitMs: 10, factor: 1 };
      await new Promise((resolve) => web.close(resolve));
      const nobody = hook();
      await stage.project('shop', [step('tell', nobody, { action: { retries } })]);
      const task = await stage.deployed('shop');
      expect(task.message).toMatch(/^step "tell" failed: it could not be called: ECONNREFUSED$/);
      expect((await stage.activities(task.id)).get('0.0')?.tries).toBe(2);
    });
  });

  test('a manual intervention that is aborted, and one that nobody answers in time', async () => {
    const manual = { kind: 'manual', instructions: '', responsible: '' } as const;
    await stage.project('shop', [step('ask', manual), step('a', script('a'))]);
    const { processRuns, tasks } = stage.node.core;
    const id = await stage.deploy('shop');
    await until('it waits', async () => (await tasks.get(SPACE, id)).state === 'waiting');
    const [open] = await processRuns.interruptions(SPACE, 10);
    await processRuns.answer(BY, open!.id, { answer: 'abort', notes: 'no' });
    expect((await stage.ended(id)).message).toBe('step "ask" failed: aborted by ann: no');
    await stage.project('shop', [step('ask', manual, { action: { timeoutMs: 100 } })]);
    expect((await stage.deployed('shop')).message).toBe('step "ask" failed: timed out');
    expect(await processRuns.interruptions(SPACE, 10)).toEqual([]);
    expect(stage.bodies()).toEqual([]);
  });

  if (dialect === 'postgres')
    test('a question is answered on another node than the one that has the run', async () => {
      const manual = { kind: 'manual', instructions: '', responsible: '' } as const;
      await stage.project('shop', [step('ask', manual), step('a', script('a'))]);
      const id = await stage.deploy('shop');
      const other = await stage.core.node('node-2');
      const { processRuns } = other.core;
      await until('it asks', async () => (await processRuns.interruptions(SPACE, 10)).length === 1);
      const [open] = await processRuns.interruptions(SPACE, 10);
      await processRuns.answer(BY, open!.id, { answer: 'proceed', notes: 'from afar' });
      const task = await stage.ended(id);
      expect(task).toMatchObject({ state: 'success', nodeId: 'node-1' });
      await expect(processRuns.answer(BY, open!.id, { answer: 'abort' })).rejects.toThrow(
        'ann has answered it already: proceed',
      );
    });

  test('a cancel while people are asked withdraws the question', async () => {
    await stage.project('shop', [step('ask', { kind: 'manual', instructions: '', responsible: '' })]);
    const { processRuns, tasks } = stage.node.core;
    const id = await stage.deploy('shop');
    await until('it waits', async () => (await tasks.get(SPACE, id)).state === 'waiting');
    await tasks.cancel(SPACE, id, 'ann');
    expect((await stage.ended(id)).state).toBe('cancelled');
    expect(await processRuns.interruptions(SPACE, 10)).toEqual([]);
  });

  test('what waits for people leaves its place under the task cap to others', async () => {
    const one = await stage.core.node('node-2', { taskCap: 1 });
    stage.node.kill();
    stage.node = one;
    for (const agent of stage.agents) await agent.connect(one.core);
    await stage.project('asks', [
      step('ask', { kind: 'manual', instructions: '', responsible: '' }),
      step('b', script('b')),
    ]);
    await stage.project('shop', [step('a', script('hold a'))]);
    const asks = await stage.deploy('asks');
    await until('it waits', async () => (await one.core.tasks.get(SPACE, asks)).state === 'waiting');
    const shop = await stage.deploy('shop');
    await stage.holds('hold a');
    const [open] = await one.core.processRuns.interruptions(SPACE, 10);
    await one.core.processRuns.answer(BY, open!.id, { answer: 'proceed' });
    expect((await stage.ended(asks)).state).toBe('success');
    await stage.go('hold a');
    expect((await stage.ended(shop)).state).toBe('success');
  });

  test('moved to the top of the queue, it starts before what came earlier', async () => {
    const one = await stage.core.node('node-2', { taskCap: 1 });
    stage.node.kill();
    stage.node = one;
    for (const agent of stage.agents) await agent.connect(one.core);
    for (const name of ['a', 'b', 'c']) await stage.project(name, [step(name, script(`hold ${name}`))]);
    const [a, b, c] = [await stage.deploy('a'), await stage.deploy('b'), await stage.deploy('c')];
    await stage.holds('hold a');
    await one.core.processRuns.moveToTop(BY, c);
    await stage.go('hold a');
    await stage.holds('hold c');
    expect(stage.bodies()).toEqual(['hold a', 'hold c']);
    await stage.go('hold c');
    await stage.go('hold b');
    for (const id of [a, b, c]) expect((await stage.ended(id)).state).toBe('success');
    await expect(one.core.processRuns.moveToTop(BY, a)).rejects.toThrow('it is success');
  });

  test('a health check leaves out a target that can not be reached', async () => {
    const away = await stage.addTarget('web-1', ['web']);
    await stage.addTarget('web-2', ['web']);
    const check = { kind: 'healthCheck', check: 'full', onUnhealthy: 'exclude' } as const;
    await stage.project('shop', [
      step('check', check, { roles: ['web'] }),
      step('a', script('on #{Octopus.Machine.Name}', { runsOn: 'target' }), { roles: ['web'] }),
    ]);
    await stage.node.store.write(async (tx) => {
      const policies = await tx.health.policies(SPACE);
      if (policies.length > 0) return;
      await tx.health.putPolicy({
        ...{ spaceId: SPACE, id: 'policy', name: 'Default', isDefault: true, healthCheckIntervalMs: 0 },
        ...{ healthCheckScript: 'check', healthCheckTimeoutMs: 0 },
      });
    });
    const play = away.onStart;
    away.onStart = (command) => {
      if (command.spec.body !== 'check') play(command);
      else void away.accept(command).then(() => away.finish(command.attemptId, { kind: 'exited', code: 1 }));
    };
    const task = await stage.deployed('shop');
    expect(task.state).toBe('success');
    expect(stage.bodies().filter((body) => body.startsWith('on '))).toEqual(['on web-2']);
    expect((await stage.activities(task.id)).get(`0.0@${stage.id('web-1')}`)).toMatchObject({
      state: 'excluded',
    });
  });

  test('guided failure: a target is left out of the rest', async () => {
    for (const name of ['web-1', 'web-2']) await stage.addTarget(name, ['web']);
    const on = (body: string): ReturnType<typeof script> => script(body, { runsOn: 'target' });
    await stage.project(
      'shop',
      [
        step('a', on('hold #{Octopus.Machine.Name}'), { roles: ['web'] }),
        step('b', on('b #{Octopus.Machine.Name}'), { roles: ['web'] }),
      ],
      { guidedFailure: 'on' },
    );
    const { processRuns } = stage.node.core;
    const id = await stage.deploy('shop');
    await stage.go('hold web-1', 1);
    await stage.go('hold web-2');
    await until('it asks', async () => (await processRuns.interruptions(SPACE, 10)).length === 1);
    const [open] = await processRuns.interruptions(SPACE, 10);
    expect(open).toMatchObject({
      title: '"a" on "web-1" failed',
      options: ['fail', 'retry', 'ignore', 'exclude'],
    });
    await processRuns.answer(BY, open!.id, { answer: 'exclude' });
    expect((await stage.ended(id)).state).toBe('success');
    expect(stage.bodies().filter((body) => body.startsWith('b '))).toEqual(['b web-2']);
  });

  test('a runbook that is published runs as it stood, until it is published again, or a draft is asked for', async () => {
    await stage.project('shop', []);
    const { processRuns } = stage.node.core;
    const ran = async (draft = false): Promise<string | undefined> => {
      const request = { project: 'shop', runbook: 'restart', environment: 'dev', draft };
      const { id } = await processRuns.runRunbook(BY, request);
      expect((await stage.ended(id)).state).toBe('success');
      return stage.bodies().at(-1);
    };
    await stage.runbook('shop', 'restart', [step('r', script('old'))]);
    expect(await ran()).toBe('old');
    await processRuns.publish(BY, 'shop', 'restart');
    await stage.runbook('shop', 'restart', [step('r', script('new'))]);
    expect(await ran()).toBe('old');
    expect(await ran(true)).toBe('new');
    await processRuns.publish(BY, 'shop', 'restart');
    expect(await ran()).toBe('new');
    await stage.runbook('shop', 'restart', [step('r', script('newest'))]);
    await processRuns.unpublish(BY, 'shop', 'restart');
    expect(await ran()).toBe('newest');
    await expect(processRuns.unpublish(BY, 'shop', 'restart')).rejects.toThrow('Nothing is published');
  });

  test('a child that fails fails its step; one that nobody waits for does not', async () => {
    await stage.project('shop', []);
    await stage.runbook('shop', 'broken', [step('x', script('exit 1'))]);
    const run = {
      kind: 'runRunbook',
      runbook: stage.id('broken'),
      environment: null,
      variables: {},
    } as const;
    await stage.project('shop', [
      step('start', { ...run, wait: false }),
      step('wait', { ...run, wait: true }),
    ]);
    const task = await stage.deployed('shop');
    expect(task.state).toBe('failed');
    expect(await stage.states(task.id)).toMatchObject({ '0': 'success', '1': 'failed' });
    expect(task.message).toMatch(
      /^step "wait" failed: Run broken of shop on dev \(task \w+\) ended failed: /,
    );
  });

  test('a child that is started in the turn in which something else of the run ends is not taken for gone', async () => {
    await stage.project('db', [step('m', script('m'))]);
    await stage.node.core.releases.create(BY, { project: 'db' });
    const ask = { kind: 'manual', instructions: '', responsible: '' } as const;
    const child = { kind: 'deployRelease', project: stage.id('db'), version: '', channel: '' } as const;
    await stage.project('shop', [
      step('a', [action('ask a', ask), action('db', { ...child, when: 'always', variables: {} })]),
      step('b', [action('ask b', ask)], { start: 'withPrevious' }),
    ]);
    const { processRuns } = stage.node.core;
    const id = await stage.deploy('shop');
    await until('it asks twice', async () => (await processRuns.interruptions(SPACE, 10)).length === 2);
    const asked = await processRuns.interruptions(SPACE, 10);
    await Promise.all(asked.map((one) => processRuns.answer(BY, one.id, { answer: 'proceed' })));
    expect(await stage.ended(id)).toMatchObject({ state: 'success', message: '' });
  });

  test('a cancel goes on to the child', async () => {
    await stage.project('db', [step('m', script('hold m'))]);
    await stage.node.core.releases.create(BY, { project: 'db' });
    const deployDb = { kind: 'deployRelease', project: stage.id('db'), version: '', channel: '' } as const;
    await stage.project('shop', [step('db', { ...deployDb, when: 'always', variables: {} })]);
    const id = await stage.deploy('shop');
    const [held] = await stage.holds('hold m');
    await stage.node.core.tasks.cancel(SPACE, id, 'ann');
    await until('it is told', () => held!.agent.commands.some(({ command }) => command === 'cancel'));
    await held!.agent.finish(held!.command.attemptId, { kind: 'cancelled' }, '');
    expect((await stage.ended(id)).state).toBe('cancelled');
    expect((await stage.ended(held!.command.taskId)).state).toBe('cancelled');
  });

  test('what waits for its child leaves its place under the task cap to that child', async () => {
    const one = await stage.core.node('node-2', { taskCap: 1 });
    stage.node.kill();
    stage.node = one;
    for (const agent of stage.agents) await agent.connect(one.core);
    await stage.project('db', [step('m', script('m'))]);
    await one.core.releases.create(BY, { project: 'db' });
    const deployDb = { kind: 'deployRelease', project: stage.id('db'), version: '', channel: '' } as const;
    await stage.project('shop', [
      step('db', { ...deployDb, when: 'always', variables: {} }),
      step('b', script('b')),
    ]);
    const id = await stage.deploy('shop');
    await until('it has ended', async () => (await one.core.tasks.get(SPACE, id)).endedAt !== null);
    expect((await stage.ended(id)).state).toBe('success');
    expect(stage.bodies()).toEqual(['m', 'b']);
  });

  test('for a tenant, a release of a project without tenants is deployed once, where it is not there yet', async () => {
    await stage.project('db', [step('m', script('m'))], { tenanted: 'untenanted' });
    await stage.node.core.releases.create(BY, { project: 'db' });
    const deployDb = { kind: 'deployRelease', project: stage.id('db'), version: '', channel: '' } as const;
    await stage.project('shop', [step('db', { ...deployDb, when: 'ifNotCurrent', variables: {} })]);
    await stage.tenant('acme', ['shop']);
    for (let n = 0; n < 2; n += 1)
      expect((await stage.deployed('shop', { tenant: 'acme' })).state).toBe('success');
    expect(stage.bodies()).toEqual(['m']);
  });

  test('a question about a child that failed stands when the time-out of its step passes', async () => {
    await stage.project('db', [step('m', script('m'))]);
    const deployDb = { kind: 'deployRelease', project: stage.id('db'), version: '', channel: '' } as const;
    await stage.project(
      'shop',
      [step('db', { ...deployDb, when: 'always', variables: {} }, { action: { timeoutMs: 1000 } })],
      { guidedFailure: 'on' },
    );
    const { processRuns } = stage.node.core;
    const id = await stage.deploy('shop');
    const asked = async () =>
      (await processRuns.interruptions(SPACE, 10)).filter(({ taskId }) => taskId === id);
    await until('it asks', async () => (await asked()).length === 1);
    const [question] = await asked();
    expect(question?.instructions).toBe('project "db" has no release yet');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await asked()).toEqual([question]);
    await processRuns.answer(BY, question!.id, { answer: 'fail' });
    expect((await stage.ended(id)).message).toBe('step "db" failed: project "db" has no release yet');
  });

  test('a second try of a question has all of its time, also when the server comes back meanwhile', async () => {
    const ask = { kind: 'manual', instructions: '', responsible: '' } as const;
    await stage.project('shop', [step('ask', ask, { action: { timeoutMs: 1500 } })], { guidedFailure: 'on' });
    const id = await stage.deploy('shop');
    const asked = async (title: string): Promise<string> => {
      let found: string | undefined;
      await until(`${title} is asked`, async () => {
        const open = await stage.node.core.processRuns.interruptions(SPACE, 10);
        found = open.find((one) => one.title === title)?.id;
        return found !== undefined;
      });
      return found ?? '';
    };
    const failed = await asked('"ask" failed');
    await stage.node.core.processRuns.answer(BY, failed, { answer: 'retry' });
    const again = await asked('ask');
    await stage.restart();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await stage.node.core.processRuns.answer(BY, again, { answer: 'proceed' });
    expect((await stage.ended(id)).state).toBe('success');
  });

  test('of two tries on two workers, the values of the later one count', async () => {
    const set = (n: number, value: string) => ({
      ...{ n, atOffset: 0, time: 1, kind: 'setVariable' as const, name: 'X', value, sensitive: false },
    });
    let tries = 0;
    for (const agent of stage.agents) {
      const played = agent.onStart;
      agent.onStart = (command) => {
        if (command.spec.body !== 'flaky') {
          played(command);
          return;
        }
        const first = (tries += 1) === 1;
        void (async () => {
          await agent.accept(command);
          const { attemptId } = command;
          if (!first)
            return agent.finish(attemptId, { kind: 'exited', code: 0 }, 'x\n', [set(1, 'of the second')]);
          // Whoever had the first try takes no other.
          await agent.finish(attemptId, { kind: 'exited', code: 1 }, 'x\n', [
            set(1, 'early'),
            set(2, 'of the first'),
          ]);
          await agent.disconnect();
        })();
      };
    }
    await stage.project('shop', [
      step('flaky', script('flaky'), { action: { retries: { times: 1, waitMs: 200, factor: 1 } } }),
      step('use', script('use #{Octopus.Action[flaky].Output.X}')),
    ]);
    const task = await stage.deployed('shop');
    expect(task).toMatchObject({ state: 'success', message: '' });
    const attempts = await stage.node.core.tasks.attempts(SPACE, task.id);
    expect(new Set(attempts.slice(0, 2).map(({ workerId }) => workerId)).size).toBe(2);
    expect(stage.bodies()).toEqual(['use of the second']);
  });

  test('choices: steps that are skipped, targets that are left out, values that are given', async () => {
    for (const name of ['web-1', 'web-2', 'web-3']) await stage.addTarget(name, ['web']);
    const prompt = { label: 'Why', description: '', required: false, control: 'text' } as const;
    await stage.project(
      'shop',
      [
        step('a', script('a')),
        step('b', script('b #{Reason} #{Octopus.Machine.Name}', { runsOn: 'target' }), { roles: ['web'] }),
      ],
      { variables: [variable('Reason', 'none', { prompt: { ...prompt, options: [] } })] },
    );
    const task = await stage.deployed('shop', {
      variables: { Why: 'because' },
      choices: { skipSteps: ['a'], targets: ['web-1', 'web-2'], excludedTargets: ['WEB-2'] },
    });
    expect(task.state).toBe('success');
    expect(stage.bodies()).toEqual(['b because web-1']);
    expect((await stage.activities(task.id)).get('0')).toMatchObject({ message: 'skipped by choice' });
  });

  test('for a tenant: its values, its targets, and steps by its tags', async () => {
    await stage.addTarget('for-acme', ['web'], { tenanted: 'tenanted', tenantTags: ['Ring/Early'] });
    await stage.addTarget('for-all', ['web']);
    await stage.addTarget('for-none', ['web'], { tenanted: 'untenanted' });
    const template = {
      ...{
        name: 'Greeting',
        label: '',
        description: '',
        type: 'text' as const,
        default: 'hello',
        required: false,
      },
      ...{ control: 'text' as const, options: [] },
    } as const;
    await stage.project(
      'shop',
      [
        step(
          'a',
          script('#{Greeting} #{Octopus.Deployment.Tenant.Name} #{Octopus.Machine.Name}', {
            runsOn: 'target',
          }),
          { roles: ['web'] },
        ),
        step('b', [
          action('early', script('early'), { tenantTags: ['Ring/Early'] }),
          action('late', script('late'), { tenantTags: ['Ring/Late'] }),
        ]),
      ],
      { templates: [{ ...template, options: [] }] },
    );
    const greeting = { project: stage.id('shop'), environment: stage.id('dev'), name: 'Greeting' };
    await stage.tenant('acme', ['shop'], {
      tags: ['Ring/Early'],
      values: [{ ...greeting, type: 'text', value: 'hi' }],
    });
    expect((await stage.deployed('shop', { tenant: 'acme' })).state).toBe('success');
    expect(stage.bodies().toSorted()).toEqual(['early', 'hi acme for-acme', 'hi acme for-all']);
  });

  test('the same names as steps before say how those went', async () => {
    await stage.project('shop', [
      step('a', script('exit 1')),
      step('b', script('was #{Octopus.Step[a].Status.Code}'), { condition: { kind: 'failure' } }),
      step('c', script('c'), {
        condition: {
          kind: 'variable',
          expression: '#{if Octopus.Step[b].Status.Code == "Succeeded"}yes#{/if}',
        },
      }),
    ]);
    await stage.deployed('shop');
    expect(stage.bodies()).toEqual(['exit 1', 'was Failed', 'c']);
  });

  test('what failed first, the pool whose worker runs it, and the host of a target are variables', async () => {
    const agent = await stage.addTarget('web-1', ['web']);
    const worker = { ...agent.worker, mode: 'listening' as const, address: 'web-1.example:10943' };
    await stage.node.store.write((tx) => tx.workers.update(worker));
    const failure = { kind: 'failure' } as const;
    await stage.project('shop', [
      step('before', script('before#{if Octopus.Deployment.Error} wrong#{/if}')),
      step('a', [
        action('do', script('exit 3')),
        action('mend', script('mend #{Octopus.Deployment.Error}'), { condition: failure }),
      ]),
      step('b', script('exit 4'), { condition: failure }),
      step('tell', script('tell #{Octopus.Deployment.Error} in #{Octopus.WorkerPool.Name}'), {
        condition: failure,
      }),
      step('web', script('web #{Octopus.Machine.Hostname}', { runsOn: 'target' }), {
        ...{ roles: ['web'], condition: failure },
      }),
    ]);
    await stage.deployed('shop');
    const [before, , mend, , tell, web] = stage.bodies();
    expect(before).toBe('before');
    expect(mend).toMatch(/^mend exit code 3 on w-\w+$/);
    expect(tell).toMatch(new RegExp(`^tell exit code 3 on w-\\w+ in pool ${stage.poolId}$`));
    expect(web).toBe('web web-1.example');
  });

  test('a cloud region: a worker acts on its behalf, of its own pool where the step names none', async () => {
    const pool = await stage.node.addPool();
    const agent = await stage.addAgent([pool]);
    await stage.put(
      'target',
      'eu',
      stage.targetBody(['cloud'], { reachedBy: { kind: 'cloudRegion', pool } }),
    );
    await stage.project('shop', [
      step('a', script('a #{Octopus.Machine.Name}', { runsOn: 'target' }), { roles: ['cloud'] }),
      step('b', script('b', { runsOn: 'workerForEachTarget', pool: { kind: 'pool', pool: stage.poolId } }), {
        roles: ['cloud'],
      }),
      step('c', script('c'), { roles: [] }),
    ]);
    expect((await stage.deployed('shop')).state).toBe('success');
    // The default pool named is the default pool all the same.
    expect(stage.played.map((one) => [one.command.spec.body, one.agent === agent])).toEqual([
      ['a eu', true],
      ['b', true],
      ['c', false],
    ]);
  });
});
