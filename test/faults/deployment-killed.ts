/**
 * A deployment with every feature that there is, whose server or agents are
 * killed (KILL) at random points: each script of it is started as often as in
 * a run that nothing disturbs, each step comes to the same, and nothing of it
 * is left.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { bigProcess, expectedStarts, starts } from '../support/big-process.ts';
import { faultNumbers, schedule } from '../support/faults.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { POOL, Stage } from '../support/stage.ts';
import { inconsistencies, leftovers } from '../support/store-check.ts';
import { readTables } from '../support/store-tables.ts';
import type { Dialect } from '../support/store.ts';
import { ENDED, type TaskBody } from '../support/rest.ts';
import { until } from '../support/until.ts';

/** Kills of each kind, and how many in one run. */
const { kills, killsARun } = faultNumbers({
  short: { kills: 4, killsARun: 2 },
  full: { kills: 200, killsARun: 4 },
});
/** A kill follows the start of a script within this: about as long as one takes, and what the server does after it. */
const AFTER_START_MS = 150;
const LONGEST_RUN_MS = 120_000;

interface Tree {
  activities: { key: string; state: string; tries: number; message: string }[];
  interruptions: { id: string; kind: string; title: string; endedAt: number | null; instructions: string }[];
}

type Victim = 'server' | 'agent';

export function deploymentKilled(database: Dialect): void {
  let stage: Stage;
  let web: Server;
  let folder: string;
  const called = new Map<string, number>();
  const targets = ['polling-2', 'listening-3'];
  const scripts = Object.values(expectedStarts(targets)).reduce(sum, 0);
  let undisturbed: Record<string, string> = {};

  beforeAll(async () => {
    stage = await Stage.open({ database });
    folder = join(stage.folder, 'starts');
    web = createServer((request, response) => {
      const round = request.url?.slice(1) ?? '';
      called.set(round, (called.get(round) ?? 0) + 1);
      request.resume().on('end', () => response.end('ok'));
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const webhook = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    await stage.addAgent('polling', { name: 'worker-1' });
    for (const name of targets)
      await stage.addAgent(name.startsWith('polling') ? 'polling' : 'listening', { name });
    const text = bigProcess({ targets }, { folder, webhook, pool: POOL });
    await stage.rest.post('/apply', { files: [{ path: 'big.yaml', text }] });
    for (const project of ['Small', 'Big']) await stage.rest.post('/releases', { project, version: '1.0.0' });
  }, 60_000);
  afterAll(async () => {
    web.close();
    await stage.close();
  }, 60_000);

  async function deploy(round: string): Promise<TaskBody> {
    return stage.rest.post<TaskBody>('/deployments', {
      ...{ project: 'Big', version: '1.0.0', environment: 'Test', tenant: 'Acme' },
      variables: { Round: round },
    });
  }

  /** Answers what it asks, and waits for its end, whoever is away meanwhile. */
  async function played(taskId: string): Promise<{ task: TaskBody; states: Record<string, string> }> {
    const task = await until(
      `run ${taskId} has ended`,
      async () => {
        if (!stage.server.running) return undefined;
        try {
          const tree = await stage.rest.get<Tree>(`/tasks/${taskId}/tree`);
          for (const one of tree.interruptions) if (one.endedAt === null) await answer(one);
          const now = await stage.rest.task(taskId);
          return ENDED.includes(now.state) ? now : undefined;
        } catch {
          // The server is gone in this very moment; it comes back.
          return undefined;
        }
      },
      { timeoutMs: LONGEST_RUN_MS, pauseMs: 100 },
    );
    const { activities } = await stage.rest.get<Tree>(`/tasks/${taskId}/tree`);
    for (const one of activities)
      if (one.state === 'failed') process.stderr.write(`${taskId} ${one.key} failed: ${one.message}\n`);
    return {
      task,
      states: Object.fromEntries(activities.map(({ key, state }) => [key, state])),
    };
  }

  async function answer({ id, kind, instructions }: Tree['interruptions'][number]): Promise<void> {
    // A webhook that was under way when the server died is never sent again by itself: people are asked.
    const cut = kind === 'guidedFailure' && instructions.includes('may have been received');
    await stage.rest.post(`/interruptions/${id}/answer`, {
      answer: cut ? 'ignore' : kind === 'manual' ? 'proceed' : 'fail',
    });
  }

  test(
    'a run that nothing disturbs',
    async () => {
      const { task, states } = await played((await deploy('calm')).id);
      expect(task).toMatchObject({ state: 'success', message: '' });
      expect(starts(folder, 'calm')).toEqual(expectedStarts(targets));
      expect(called.get('calm')).toBe(1);
      undisturbed = states;
    },
    LONGEST_RUN_MS,
  );

  for (const victim of ['server', 'agent'] as const) {
    test(
      `the ${victim} is killed at ${kills} random points`,
      async () => {
        const random = schedule(`deployment, ${victim} killed, ${database}`);
        for (let done = 0, n = 1; done < kills; n += 1) {
          const round = `${victim}-${n}`;
          const { id } = await deploy(round);
          const run = { over: false };
          const ended = played(id).finally(() => (run.over = true));
          ended.catch(() => undefined);
          // By how far the run has come, not by time: a kill makes it wait, and the later steps would see none.
          for (const point of random.points(killsARun, 0, scripts - 1)) {
            const started = (): number => Object.values(starts(folder, round)).reduce(sum, 0);
            await until(`${point} scripts were started`, () => run.over || started() >= point, {
              ...{ timeoutMs: LONGEST_RUN_MS, pauseMs: 5 },
            });
            if (run.over) break;
            await sleep(random.between(0, AFTER_START_MS));
            await kill(victim, random.pick(stage.agents), random.between(0, 500));
            done += 1;
          }
          const { task, states } = await ended;
          const wanted = { ...undisturbed };
          // The one thing that may differ, and is told: see `answer`.
          for (const [key, state] of Object.entries(states)) if (state === 'ignored') wanted[key] = 'ignored';
          expect({ round, task, states }).toMatchObject({ task: { state: 'success' }, states: wanted });
          expect(starts(folder, round)).toEqual(expectedStarts(targets));
          expect(called.get(round) ?? 0).toBeLessThanOrEqual(1);
        }
        const tables = await until('all leases are free', async () => {
          const now = await readTables(stage.store);
          return leftovers(now).length === 0 ? now : undefined;
        });
        expect(inconsistencies(tables)).toEqual([]);
        await expectNoLeaks(stage);
      },
      kills * 60_000,
    );
  }

  async function kill(victim: Victim, agent: StageAgent, awayMs: number): Promise<void> {
    const daemon = victim === 'server' ? stage.server : agent.daemon;
    await daemon.kill();
    await sleep(awayMs);
    if (victim === 'server') await stage.startServer();
    else agent.daemon.start();
  }
}

function sum(a: number, b: number): number {
  return a + b;
}
