/**
 * Thousands of agents lose their server at once and come back at once: all are
 * back in time, nothing that ran is given up meanwhile, and the server answers
 * all the while.
 */
import { describe, expect, test } from '@jest/globals';

import { watchEventLoop } from '../support/event-loop.ts';
import { faultNumbers } from '../support/faults.ts';
import { MetricsProbe } from '../support/metrics.ts';
import { AGENT_MODES } from '../support/stage-agent.ts';
import { POOL, Stage } from '../support/stage.ts';
import { Crowd } from './crowd/crowd.ts';
import { machineMs } from './crowd/words.ts';

const NUMBERS = faultNumbers({
  short: { agents: 100, processes: 1, downMs: 5_000, scripts: 8, timeoutMs: 120_000 },
  full: { agents: 2_000, processes: 4, downMs: 90_000, scripts: 40, timeoutMs: 1_200_000 },
});
/** The bounds. */
const BACK_WITHIN_MS = 30_000;
const LONGEST_BLOCK_MS = 500;

describe.each(AGENT_MODES)('%s', (mode) => {
  test(
    `${NUMBERS.agents} agents are back within 30 s, none of their scripts is given up, and the event loop turns`,
    async () => {
      await using stage = await Stage.open();
      const crowd = await Crowd.of(stage, {
        mode,
        count: NUMBERS.agents,
        processes: NUMBERS.processes,
        pool: POOL,
      });
      try {
        await story(stage, crowd);
      } finally {
        await crowd.close();
      }
    },
    NUMBERS.timeoutMs,
  );
});

async function story(stage: Stage, crowd: Crowd): Promise<void> {
  const tasks: string[] = [];
  for (let i = 0; i < NUMBERS.scripts; i += 1)
    tasks.push((await stage.rest.script('sleep 1', { pool: POOL })).id);
  for (const id of tasks) await stage.rest.inState(id, ['executing']);

  await stage.server.kill();
  await crowd.allGone(30_000);
  await pause(NUMBERS.downMs);
  await stage.startServer();
  const upAt = machineMs();
  const loop = watchEventLoop(new MetricsProbe(stage.url, stage.key), stage.server.pid);
  // What is asked for while nobody is back waits for them.
  tasks.push((await stage.rest.script('sleep 1', { pool: POOL })).id);
  const back = await crowd.allBack(90_000);
  await pause(2_000);
  const { ownMs, withOthersMs } = await loop.stop();

  const waits = back.map((at) => Math.max(0, at - upAt));
  const p99 = waits[Math.ceil(waits.length * 0.99) - 1] ?? 0;
  process.stderr.write(
    `${waits.length} agents back: p50 ${Math.round(waits[waits.length >> 1] ?? 0)} ms, p99 ${Math.round(p99)} ms, ` +
      `last ${Math.round(waits.at(-1) ?? 0)} ms; longest block of the event loop ${Math.round(ownMs)} ms (${Math.round(withOthersMs)} ms with the machine's other work)\n`,
  );
  for (const id of tasks) await stage.rest.inState(id, ['executing']);
  crowd.finish();
  for (const id of tasks) await ends(stage, id);
  expect(p99).toBeLessThan(BACK_WITHIN_MS);
  expect(ownMs).toBeLessThan(LONGEST_BLOCK_MS);
  expect(await givenUp(stage)).toEqual([]);
}

async function ends(stage: Stage, taskId: string): Promise<void> {
  const { task, attempt } = await stage.rest.ended(taskId);
  expect({ state: task.state, outcome: attempt.outcome }).toMatchObject({
    state: 'success',
    outcome: { kind: 'exited', code: 0 },
  });
}

/** Workers that were declared unavailable, of those a look at each of which is affordable. */
async function givenUp(stage: Stage): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < NUMBERS.agents; i += Math.ceil(NUMBERS.agents / 100)) {
    const { items } = await stage.rest.get<{ items: { state: string; reason: string }[] }>(
      `/workers/crowd-${i}/health`,
    );
    for (const { state, reason } of items) if (state === 'unavailable') found.push(`crowd-${i}: ${reason}`);
  }
  return found;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
