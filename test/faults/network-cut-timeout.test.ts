/**
 * A task's time-out passes while its agent can't be reached: the attempt is
 * lost, its lease is freed then and not before, and its worker takes no other
 * one until it is back, inventoried, and rid of that attempt.
 */
import { expect, test } from '@jest/globals';

import { expectNoLeaks } from '../support/leak-check.ts';
import { RunCounter } from '../support/run-counter.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** Above what it takes to notice a dead network. */
const TIMEOUT_MS = 18_000;

test('a time-out passes while the network is a black hole', async () => {
  const stage = await Stage.open({ proxied: true });
  try {
    const agents = [await stage.addAgent('polling'), await stage.addAgent('listening')];
    await Promise.all(agents.map(async (agent) => story(stage, agent)));
    await expectNoLeaks(stage);
  } catch (thrown) {
    // What it says matters more than what can't be closed after it.
    await stage.close().catch(() => undefined);
    throw thrown;
  }
  await stage.close();
}, 180_000);

async function story(stage: Stage, agent: StageAgent): Promise<void> {
  const { rest } = stage;
  const counter = new RunCounter(`${stage.folder}/runs-${agent.name}`);
  const workers = [agent.name];
  const { id } = await rest.script(counter.counted('lost', 'echo ready; while :; do sleep 0.1; done'), {
    workers,
    timeoutMs: TIMEOUT_MS,
  });
  await rest.outputHas(id, 'ready\n');
  stage.proxyOf(agent).blackHole();
  expect((await rest.inState(id, ['waiting'])).waitReason).toMatch(/unreachable since/);
  expect(await leasesOf(stage, id)).toBe(1);
  const { message } = await rest.inState(id, ['timedOut'], { timeoutMs: 2 * TIMEOUT_MS });
  const [attempt] = await rest.attempts(id);
  expect([attempt?.outcome?.kind, await leasesOf(stage, id), message]).toEqual([
    'lost',
    0,
    expect.stringContaining('not reachable'),
  ]);
  const next = await rest.script(counter.counted('next', 'echo next'), { workers });
  stage.proxyOf(agent).heal();
  // What was lost is ended there first; the worker's next script begins after that, or was refused before it.
  const { state } = await rest.inState(next.id, ['success', 'failed'], { timeoutMs: 60_000 });
  await until(
    'what was lost is gone',
    async () => (await rest.attempts(id)).every(({ complete }) => complete),
    {
      timeoutMs: 60_000,
    },
  );
  expect(counter.starts('lost')).toBe(1);
  expect(counter.starts('next')).toBe(state === 'success' ? 1 : 0);
  expect((await rest.task(id)).state).toBe('timedOut');
  const again = await until('it takes leases again', async () => {
    const one = await rest.script('echo again', { workers });
    return (await rest.inState(one.id, ['success', 'failed'])).state === 'success';
  });
  expect(again).toBe(true);
}

async function leasesOf(stage: Stage, taskId: string): Promise<number> {
  const { items } = await stage.rest.get<{ items: { taskId: string }[] }>('/leases');
  return items.filter((lease) => lease.taskId === taskId).length;
}
