/** What a run is refused for, in words that a person can act on, before anything of it runs. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { SPACE } from '../support/core-stage.ts';
import { RunStage, scope, script, step, variable } from '../support/run-stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

jest.setTimeout(60_000);

const BY = { spaceId: SPACE, actor: 'ann' };

describe.each(DIALECTS)('a run on %s is refused', (dialect) => {
  let stage: RunStage;
  beforeEach(async () => {
    stage = await RunStage.open(dialect);
  });
  afterEach(async () => {
    expect(stage.played).toEqual([]);
    await stage.close();
  });

  test('for a pool that its snapshot still names and that was deleted', async () => {
    const gone = await stage.node.addPool();
    await stage.project('shop', [step('a', script('a', { pool: { kind: 'pool', pool: gone } }))]);
    await stage.node.core.releases.create(BY, { project: 'shop', version: '1' });
    await stage.node.store.write((tx) => tx.pools.delete(SPACE, gone));
    await expect(stage.deploy('shop', { version: '1' })).rejects.toThrow(
      `Deploy shop 1 to dev: step "a": its worker pool (${gone}) was deleted; name another one, and make a new release`,
    );
  });

  test('for a pool variable without a value there, of another type, or whose pool was deleted', async () => {
    const gone = await stage.node.addPool();
    const pool = { kind: 'variable', name: 'Pool' } as const;
    const steps = [step('a', script('a', { pool }))];
    const inProd = scope({ environments: [stage.id('prod')] });
    await stage.project('shop', steps, {
      variables: [variable('Pool', gone, { type: 'workerPool', scope: inProd })],
    });
    await expect(stage.deploy('shop')).rejects.toThrow(
      'worker-pool variable "Pool" has no value for this run: give it one whose scope matches',
    );
    await stage.project('shop', steps, { variables: [variable('Pool', 'linux')] });
    await expect(stage.deploy('shop')).rejects.toThrow('the pool of a step needs one of type workerPool');
    await stage.project('shop', steps, { variables: [variable('Pool', gone, { type: 'workerPool' })] });
    await stage.node.store.write((tx) => tx.pools.delete(SPACE, gone));
    await expect(stage.deploy('shop')).rejects.toThrow(
      `variable "Pool" names a worker pool (${gone}) that was deleted; give it another one`,
    );
  });

  test('for a variable that leads back to itself, with the chain', async () => {
    await stage.project('shop', [step('a', script('a'))], {
      variables: [variable('A', '#{B}'), variable('B', 'x#{C}'), variable('C', '#{A}')],
    });
    await expect(stage.deploy('shop')).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('A → B → C → A'),
    });
  });

  test('for values that it asks for', async () => {
    const prompt = {
      label: 'Reason',
      description: '',
      required: true,
      control: 'text',
      options: [],
    } as const;
    await stage.project('shop', [step('a', script('a'))], {
      variables: [variable('Why', '', { prompt: { ...prompt, options: [] } })],
    });
    await expect(stage.deploy('shop')).rejects.toMatchObject({
      message: 'variables.Reason: a value, for it is required',
    });
    await expect(stage.deploy('shop', { variables: { Raeson: 'x', Reason: 'y' } })).rejects.toMatchObject({
      message: 'variables.Raeson: did you mean Reason?',
    });
  });

  test('for a tenant that it is not for, and without one where it needs one', async () => {
    await stage.project('shop', [step('a', script('a'))], { tenanted: 'tenanted' });
    await stage.tenant('acme', ['shop'], {
      projects: [{ project: stage.id('shop'), environments: [stage.id('prod')] }],
    });
    await stage.tenant('other', []);
    await expect(stage.deploy('shop')).rejects.toThrow('"shop" is run for a tenant each time: name one');
    await expect(stage.deploy('shop', { tenant: 'acme' })).rejects.toThrow(
      'tenant "acme" has no "dev" of project "shop"',
    );
    await expect(stage.deploy('shop', { tenant: 'other' })).rejects.toThrow(
      'tenant "other" is not connected to project "shop"',
    );
    await expect(stage.deploy('shop', { tenant: 'acne' })).rejects.toThrow(
      'There is no tenant "acne"; did you mean "acme"?',
    );
  });

  test('for a tenant that its channel is not for, however the channel’s name is written by now', async () => {
    const channels = (name: string) => ({
      channels: [{ name, description: '', lifecycle: null, isDefault: true, tenantTags: ['Ring/Beta'] }],
    });
    await stage.project('shop', [step('a', script('a'))], channels('Beta'));
    await stage.tenant('acme', ['shop']);
    const { version } = await stage.node.core.releases.create(BY, { project: 'shop' });
    for (const name of ['Beta', 'beta']) {
      await stage.project('shop', [step('a', script('a'))], channels(name));
      await expect(stage.deploy('shop', { version, tenant: 'acme' })).rejects.toThrow(
        'channel "Beta" is not for tenant "acme"',
      );
    }
  });

  test('for steps and targets that there are not, and for steps that are required', async () => {
    await stage.project('shop', [
      step('a', script('a')),
      step('b', script('b'), { action: { required: true } }),
    ]);
    const none = { skipSteps: [], targets: [], excludedTargets: [] };
    await expect(stage.deploy('shop', { choices: { ...none, skipSteps: ['c'] } })).rejects.toThrow(
      'there is no step "c" to skip',
    );
    await expect(stage.deploy('shop', { choices: { ...none, skipSteps: ['B'] } })).rejects.toThrow(
      'step "b" is required and can\'t be skipped',
    );
    await expect(stage.deploy('shop', { choices: { ...none, targets: ['web-9'] } })).rejects.toThrow(
      'there is no deployment target "web-9" in this environment',
    );
  });

  test('when it finds no target at all', async () => {
    const steps = [step('a', script('a', { runsOn: 'target' }), { roles: ['web'] })];
    await stage.project('shop', steps);
    await expect(stage.deploy('shop')).rejects.toThrow(
      'no deployment target of environment "dev" has one of the roles web',
    );
    const connectivity = { skipUnavailable: false, excludeUnhealthy: false, allowNoTargets: true };
    await stage.project('shop', steps, { connectivity });
    const task = await stage.deployed('shop');
    expect(task.state).toBe('success');
    expect((await stage.activities(task.id)).get('0')).toMatchObject({
      state: 'skipped',
      message: 'no target of environment "dev" has the role web',
    });
  });

  test('while its release is blocked, its project disabled, and without a step', async () => {
    await stage.project('shop', [step('a', script('a'))]);
    const { releases } = stage.node.core;
    await releases.create(BY, { project: 'shop', version: '1' });
    await releases.block(BY, 'shop', '1', 'it loses orders');
    await expect(stage.deploy('shop', { version: '1' })).rejects.toThrow('it is blocked: it loses orders');
    await stage.project('shop', [step('a', script('a'))], { disabled: true });
    await expect(stage.deploy('shop', { version: '1' })).rejects.toThrow('project "shop" is disabled');
    await stage.project('shop', []);
    await expect(stage.deploy('shop')).rejects.toThrow('its process has no step');
  });

  test('for a release, a channel or a version that there is not', async () => {
    await stage.project('shop', [step('a', script('a'))]);
    const { releases } = stage.node.core;
    await releases.create(BY, { project: 'shop', version: '1.0' });
    await expect(stage.deploy('shop', { version: '2.0' })).rejects.toThrow(
      'Project "shop" has no release "2.0": its newest are 1.0',
    );
    await expect(releases.create(BY, { project: 'shop', channel: 'Beta' })).rejects.toThrow(
      'project "shop" has no channel "Beta"',
    );
    await expect(releases.create(BY, { project: 'shop', version: '1/2' })).rejects.toMatchObject({
      code: 'invalid',
    });
    await expect(releases.create(BY, { project: 'shop', version: '1.0' })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  test('by the clock: it waits until its time, and ends when that has passed', async () => {
    await stage.project('shop', [step('a', script('a'))]);
    const { tasks } = stage.node.core;
    const soon = Date.now() + 60_000;
    const id = await stage.deploy('shop', { notBefore: soon });
    expect((await tasks.get(SPACE, id)).waitReason).toBe(
      `until ${new Date(soon).toISOString()}, when it is to start`,
    );
    await tasks.cancel(SPACE, id, 'ann');
    const expired = await stage.deploy('shop', { notBefore: soon, expiresAt: Date.now() + 300 });
    await until('its time is over', async () => (await tasks.get(SPACE, expired)).state === 'timedOut');
    expect((await tasks.get(SPACE, expired)).message).toMatch(/^it was not started before /);
  });
});
