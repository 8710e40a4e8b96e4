/**
 * A server that is stopped in order says goodbye to agents of both modes, their
 * scripts go on, and they are back soon after it is: they expect it, however
 * long the wait between their tries had grown before.
 */
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { faultNumbers, schedule } from '../support/faults.ts';
import { RunCounter } from '../support/run-counter.ts';
import { ScriptLoad } from '../support/script-load.ts';
import { AGENT_MODES, type StageAgent } from '../support/stage-agent.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const { stops, scripts, downMs } = faultNumbers({
  short: { stops: 1, scripts: 10, downMs: 5000 },
  full: { stops: 5, scripts: 100, downMs: 45_000 },
});
/** From its port's answer on: the longest wait between two tries while it is expected, and the session's start. */
const BACK_WITHIN_MS = 5000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
  for (const mode of AGENT_MODES) await stage.addAgent(mode, { slots: Math.max(64, scripts) });
}, 60_000);
afterAll(() => stage.close(), 60_000);

test(
  `goodbye is heard by both, and both are back at once: ${stops} times`,
  async () => {
    const counter = new RunCounter(join(stage.folder, 'starts'));
    for (let stop = 1; stop <= stops; stop++) {
      const load = new ScriptLoad({
        ...{ counter, pool: POOL, schedule: schedule(`stop ${stop}`), prefix: `stop-${stop}-` },
        rest: () => stage.rest,
        shortestMs: 100,
        longestMs: downMs + 2000,
        linesPerSecond: 10,
      });
      await load.submit(scripts);
      const heard = stage.agents.map(goodbyes);
      expect(await stage.server.stop()).toBe(true);
      for (const [index, agent] of stage.agents.entries())
        await until(`${agent.name} has heard the goodbye`, () => goodbyes(agent) === heard[index]! + 1);
      const away = performance.now() + downMs;
      await until('it has been away for its time', () => performance.now() >= away, {
        timeoutMs: downMs + 10_000,
      });
      await stage.startServer();
      const returned = performance.now();
      await Promise.all(stage.agents.map((agent) => agent.connected(stage)));
      expect(performance.now() - returned).toBeLessThan(BACK_WITHIN_MS);
      await load.expectExact();
    }
  },
  stops * (downMs + 60_000),
);

function goodbyes({ daemon }: StageAgent): number {
  return daemon.log().split('"end":"goodbye from the peer: shutdown').length - 1;
}
