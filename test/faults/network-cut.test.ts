/**
 * The network between server and agents goes dead: nothing passes, nobody is
 * told. Both ends notice within 15 s; scripts go on and are never made to wait;
 * the task says since when its agent can't be reached, then goes on; a cancel
 * meanwhile is shown as what it is, and takes effect on return.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { faultNumbers } from '../support/faults.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import type { NumberedLines } from '../support/log-oracle.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import type { Dialect } from '../support/store.ts';
import { until } from '../support/until.ts';
import { WatchedScript } from '../support/watched-script.ts';

const { holesMs } = faultNumbers({
  short: { holesMs: [5_000, 20_000] },
  full: { holesMs: [5_000, 60_000, 15 * 60_000] },
});
/** The promise. */
const DETECTED_WITHIN_MS = 15_000;
/** Far below the shortest hole, far above what a loaded machine's scheduler does. */
const NEVER_STOOD_STILL_MS = 3_000;
/** To begin with, and after the last hole. On a loaded machine that takes longer: then the scripts wait for its end. */
const AROUND_MS = 8_000;
const LINES_PER_SECOND = 100;

const allHolesMs = holesMs.reduce((sum, ms) => sum + ms, 0);
const script: NumberedLines = {
  lines: (LINES_PER_SECOND * (allHolesMs + AROUND_MS)) / 1000,
  linesPerSecond: LINES_PER_SECOND,
  exitCode: 11,
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(
  `the network is a black hole for ${holesMs.map((ms) => `${ms / 1000} s`).join(', then ')}`,
  async () => {
    await Promise.all((['sqlite', 'postgres'] as const).map((database) => story(database)));
  },
  allHolesMs * 2 + 180_000,
);

async function story(database: Dialect): Promise<void> {
  const stage = await Stage.open({ database, proxied: true });
  try {
    await onStage(stage, database);
  } catch (thrown) {
    // What it says matters more than what can't be closed after it.
    await stage.close().catch(() => undefined);
    throw thrown;
  }
  await stage.close();
}

async function onStage(stage: Stage, database: Dialect): Promise<void> {
  const agents = [await stage.addAgent('polling'), await stage.addAgent('listening')];
  const hold = { before: script.lines + 1, file: join(stage.folder, 'healed') };
  const scripts = await Promise.all(
    agents.map(async ({ name }) =>
      WatchedScript.start(stage, name, { lines: { ...script, hold }, more: { workers: [name] } }),
    ),
  );
  for (const holeMs of holesMs) {
    await until('all print', () => scripts.every(({ follower }) => follower.seen > 0));
    const doomed = await Promise.all(agents.map(async (agent) => startDoomed(stage, agent, holeMs)));
    const began = performance.now();
    const beganAt = Date.now();
    for (const agent of agents) stage.proxyOf(agent).blackHole();
    if (holeMs > DETECTED_WITHIN_MS)
      await Promise.all(agents.map(async (agent) => expectDetected(stage, agent, { began, beganAt })));
    if (holeMs > DETECTED_WITHIN_MS)
      await Promise.all(scripts.map(async ({ taskId }) => expectSaidSo(stage, taskId, beganAt)));
    await Promise.all(doomed.map(async (one) => expectCancelWaits(stage, one, holeMs)));
    await sleep(holeMs - (performance.now() - began));
    const seen = scripts.map(({ follower }) => follower.seen);
    for (const agent of agents) stage.proxyOf(agent).heal();
    const healed = performance.now();
    await until('output goes on', () => scripts.every(({ follower }, n) => follower.seen > seen[n]!), {
      timeoutMs: 60_000,
    });
    const wentOnMs = performance.now() - healed;
    await Promise.all(scripts.map(async ({ taskId }) => expectGoesOn(stage, taskId)));
    await Promise.all(doomed.map(async (one) => expectCancelled(stage, one)));
    process.stderr.write(`${database}: went on ${wentOnMs.toFixed(0)} ms after a hole of ${holeMs} ms\n`);
  }
  writeFileSync(hold.file, '');
  for (const one of scripts) {
    await one.expectWhole({ timeoutMs: 120_000 });
    expect(one.longestPauseMs).toBeLessThan(NEVER_STOOD_STILL_MS);
  }
  await expectNoLeaks(stage);
}

/** By the server's API and by the agent's log, from the fault on. */
async function expectDetected(
  stage: Stage,
  agent: StageAgent,
  { began, beganAt }: { began: number; beganAt: number },
): Promise<void> {
  const byServer = until(
    'the server says so',
    async () => {
      const { connected } = await stage.rest.get<{ connected: boolean }>(`/workers/${agent.name}`);
      return connected ? undefined : performance.now() - began;
    },
    { timeoutMs: DETECTED_WITHIN_MS * 2 },
  );
  const byAgent = until('the agent says so', () => sessionDiedAt(agent, beganAt), {
    timeoutMs: DETECTED_WITHIN_MS * 2,
  }).catch((thrown: unknown) => {
    throw new Error(agent.daemon.log().split('\n').slice(-20).join('\n'), { cause: thrown });
  });
  const server = await byServer;
  const agentMs = (await byAgent) - beganAt;
  process.stderr.write(
    `${agent.name}: noticed by the server after ${server.toFixed(0)} ms, by the agent after ${agentMs} ms\n`,
  );
  expect(server).toBeLessThan(DETECTED_WITHIN_MS);
  expect(agentMs).toBeLessThan(DETECTED_WITHIN_MS);
}

/** When its log says that a session is dead, not before `since`. */
function sessionDiedAt(agent: StageAgent, since: number): number | undefined {
  return agent.daemon
    .log()
    .split('\n')
    .filter((line) => line.includes('"a session ended"'))
    .map((line) => JSON.parse(line) as { time: string; end: string })
    .filter(({ end }) => end.startsWith('dead'))
    .map(({ time }) => Date.parse(time))
    .find((at) => at >= since);
}

async function expectSaidSo(stage: Stage, taskId: string, beganAt: number): Promise<void> {
  const { waitReason } = await stage.rest.inState(taskId, ['waiting']);
  const since = Date.parse(/unreachable since (\S+)/.exec(waitReason)?.[1] ?? '');
  // It was last heard of within a ping before the fault, or in what was under way at it.
  expect([waitReason, since > beganAt - 6_000 && since < beganAt + 1_000]).toEqual([
    expect.stringMatching(/^worker ".+" unreachable since /),
    true,
  ]);
}

async function expectGoesOn(stage: Stage, taskId: string): Promise<void> {
  await until('the task goes on', async () => {
    const { state, waitReason } = await stage.rest.task(taskId);
    return state === 'executing' && waitReason === '';
  });
}

interface Doomed {
  taskId: string;
  ended: string;
}

/** It is cancelled in the hole; that it has ended it says by a file. */
async function startDoomed(stage: Stage, agent: StageAgent, holeMs: number): Promise<Doomed> {
  const ended = join(stage.folder, `${agent.name}-${holeMs}.ended`);
  const body = `trap 'touch ${ended}; exit 3' TERM; echo ready; while :; do sleep 0.05; done`;
  const { id } = await stage.rest.script(body, { workers: [agent.name] });
  await stage.rest.outputHas(id, 'ready\n');
  return { taskId: id, ended };
}

async function expectCancelWaits(stage: Stage, { taskId, ended }: Doomed, holeMs: number): Promise<void> {
  await stage.rest.post(`/tasks/${taskId}/cancel`);
  const { waitReason } = await stage.rest.inState(taskId, ['cancelling']);
  if (holeMs > DETECTED_WITHIN_MS)
    expect(waitReason).toMatch(/^cancel will take effect when worker ".+" is back; it is unreachable since /);
  expect(existsSync(ended)).toBe(false);
}

async function expectCancelled(stage: Stage, { taskId, ended }: Doomed): Promise<void> {
  const { task, attempt } = await stage.rest.ended(taskId);
  expect([task.state, attempt.outcome?.kind, existsSync(ended)]).toEqual(['cancelled', 'cancelled', true]);
}
