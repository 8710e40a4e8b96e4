/** Health: what a connection, a lost connection and a health check say of a worker, with history and reason. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { inEachMode } from '../support/matrix.ts';
import { ENDED } from '../support/rest.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

interface Worker {
  health: string;
  healthReason: string;
  connected: boolean;
}

inEachMode('health', (mode) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.addAgent(mode);
  }, 90_000);
  afterAll(() => stage.close(), 90_000);

  const name = `${mode}-1`;
  const worker = (): Promise<Worker> => stage.rest.get(`/workers/${name}`);

  test('a check on demand runs the policy script on the worker', async () => {
    const ran = await stage.longshore(['worker', 'check', name, '--output', 'json']);
    const task = JSON.parse(ran.stdout.toString()) as { id: string };
    expect((await stage.rest.inState(task.id, ENDED)).state).toBe('success');
    expect(['healthy', 'hasWarnings']).toContain((await worker()).health);
  });

  test('a check whose script fails makes it unhealthy, and it gets no script', async () => {
    const before = await stage.rest.get<{ healthCheckScript: string }>('/policies/default');
    await stage.rest.patch('/policies/default', { healthCheckScript: 'fail_step "no coffee here"' });
    await stage.longshore(['worker', 'check', name]);
    await until('it is unhealthy', async () => (await worker()).health === 'unhealthy');
    expect((await worker()).healthReason).toContain('no coffee here');
    const ran = await stage.longshore(['run', '--pool', POOL, '--script', 'echo never']);
    expect(ran.code).toBe(125);
    expect(ran.stderr).toMatch(/unhealthy/);

    await stage.rest.patch('/policies/default', { healthCheckScript: before.healthCheckScript });
    await stage.longshore(['worker', 'check', name]);
    await until('it is healthy again', async () =>
      ['healthy', 'hasWarnings'].includes((await worker()).health),
    );
  }, 90_000);

  test('a worker that is away is unavailable, and healthy again when it is back', async () => {
    const [agent] = stage.agents;
    await agent!.daemon.kill();
    await until('it is unavailable', async () => (await worker()).health === 'unavailable');
    const ran = await stage.longshore(['run', '--pool', POOL, '--script', 'echo never']);
    expect(ran.code).toBe(125);
    expect(ran.stderr).toMatch(new RegExp(`unavailable.*${name}`));
    agent!.daemon.start();
    await agent!.connected(stage);
    const shown = await stage.longshore(['worker', 'health', name, '--output', 'json']);
    const { items } = JSON.parse(shown.stdout.toString()) as { items: { state: string }[] };
    expect(items.map(({ state }) => state)).toEqual(
      expect.arrayContaining(['healthy', 'unavailable', 'unhealthy']),
    );
  }, 90_000);

  test('draining ends what runs and takes nothing new; enable and disable', async () => {
    await stage.longshore(['worker', 'drain', name]);
    const refused = await stage.longshore([
      'run',
      '--pool',
      POOL,
      '--timeout',
      '2s',
      '--script',
      'echo never',
    ]);
    expect(refused.code).not.toBe(0);
    await stage.longshore(['worker', 'resume', name]);
    expect((await stage.longshore(['run', '--pool', POOL, '--script', 'exit 0'])).code).toBe(0);
    await stage.longshore(['worker', 'disable', name]);
    expect((await stage.longshore(['run', '--pool', POOL, '--script', 'echo never'])).stderr).toMatch(
      /disabled/,
    );
    await stage.longshore(['worker', 'enable', name]);
    expect((await stage.longshore(['run', '--pool', POOL, '--script', 'exit 0'])).code).toBe(0);
  }, 90_000);
});
