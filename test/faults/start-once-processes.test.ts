/**
 * Starts and their replies are lost at a random byte, between real processes
 * over real TLS: each script ran once, and each task has its true outcome.
 */
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { faultNumbers, schedule } from '../support/faults.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import { RunCounter } from '../support/run-counter.ts';
import { Stage } from '../support/stage.ts';
import type { StageAgent } from '../support/stage-agent.ts';

const { cuts, scriptsACut } = faultNumbers({
  short: { cuts: 4, scriptsACut: 5 },
  full: { cuts: 50, scriptsACut: 10 },
});
/** About what a batch of Starts, their replies and results are. */
const BYTES_TO_CUT_WITHIN = 12_000;
const A_BATCH_MS = 120_000;

test(
  `${cuts} times on each link, polling and listening, with ${scriptsACut} scripts under way`,
  async () => {
    const stage = await Stage.open({ proxied: true });
    try {
      const agents = [await stage.addAgent('polling'), await stage.addAgent('listening')];
      const counter = new RunCounter(join(stage.folder, 'runs'));
      await Promise.all(agents.map(async (agent) => cutAgainAndAgain(stage, agent, counter)));
      counter.expectEachOnce();
      // The last Release may have been cut.
      for (const agent of agents) await agent.connected(stage);
      await expectNoLeaks(stage);
    } catch (thrown) {
      // What it says matters more than what can't be closed after it.
      await stage.close().catch(() => undefined);
      throw thrown;
    }
    await stage.close();
  },
  cuts * A_BATCH_MS,
);

async function cutAgainAndAgain(stage: Stage, agent: StageAgent, counter: RunCounter): Promise<void> {
  const random = schedule(`start once, ${agent.mode}`);
  const proxy = stage.proxyOf(agent);
  let batches = 0;
  for (let cut = 1; cut <= cuts; cut++) {
    await agent.connected(stage);
    const direction = random.pick(['toListener', 'toDialler'] as const);
    const how = random.pick(['rst', 'fin'] as const);
    const broken = proxy.cutAfter(random.between(1, BYTES_TO_CUT_WITHIN), { direction, how });
    const link = { isBroken: false };
    void broken.then(() => (link.isBroken = true));
    do await batch(`${agent.mode}-${cut}-${++batches}`);
    while (!link.isBroken);
  }

  async function batch(called: string): Promise<void> {
    const names = Array.from({ length: scriptsACut }, (_, n) => `${called}-${n}`);
    const tasks = await Promise.all(
      names.map(async (name, n) =>
        stage.rest.script(counter.counted(name, `echo ${name}; exit ${n}`), { workers: [agent.name] }),
      ),
    );
    for (const [n, { id }] of tasks.entries()) {
      const { attempt } = await stage.rest.ended(id, { timeoutMs: A_BATCH_MS });
      expect(attempt.outcome).toEqual({ kind: 'exited', code: n });
      expect(await stage.rest.attempts(id)).toHaveLength(1);
    }
  }
}
