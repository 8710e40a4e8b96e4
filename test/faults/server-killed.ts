/**
 * A server that is killed (KILL) while many scripts run, stays away, and comes
 * back, again and again: at random points, and exactly between a commit and
 * what follows from it. Every script is started once, has its true outcome and
 * its exact log; tables agree; agents don't grow meanwhile.
 */
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { faultNumbers, schedule, type Schedule } from '../support/faults.ts';
import { residentBytes } from '../support/proc.ts';
import { RunCounter } from '../support/run-counter.ts';
import { ScriptLoad } from '../support/script-load.ts';
import { SHIM_MISSING } from '../support/shim/build.ts';
import { AGENT_MODES } from '../support/stage-agent.ts';
import { POOL, Stage } from '../support/stage.ts';
import { inconsistencies, leftovers } from '../support/store-check.ts';
import { readTables } from '../support/store-tables.ts';
import type { Dialect } from '../support/store.ts';
import { until } from '../support/until.ts';

const { rounds, scripts, downMs, linesPerSecond } = faultNumbers({
  short: { rounds: 3, scripts: 24, downMs: 2000, linesPerSecond: 20 },
  full: { rounds: 20, scripts: 200, downMs: 60_000, linesPerSecond: 5 },
});
/** Scripts end before the server goes, while it is away, and after it has come back. */
const SHORTEST_MS = 100;
const LONGEST_MS = downMs + 3000;
/** Within the first sessions caches fill; what grows on from there is a leak. */
const GROWTH_LIMIT_BYTES = 40 * 1024 * 1024;

if (SHIM_MISSING !== undefined) console.warn(`SKIPPED: kills between a commit and a send: ${SHIM_MISSING}`);

/** Agents of both modes at once: a kill costs its time but once. */
export function serverKilled(database: Dialect): void {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      ...{ database, shim: SHIM_MISSING === undefined },
      // All of them at once: none waits for another's end.
      env: { LONGSHORE_TASK_CAP: String(scripts) },
    });
    for (const mode of AGENT_MODES) await stage.addAgent(mode, { slots: scripts });
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  test(
    `${rounds} times, for ${downMs / 1000} s each, with ${scripts} scripts`,
    async () => {
      const random = schedule(`server-killed ${database}`);
      const counter = new RunCounter(join(stage.folder, 'starts'));
      const sizes: number[][] = [];
      for (let round = 1; round <= rounds; round++) {
        const load = new ScriptLoad({
          ...{ counter, schedule: random, pool: POOL, linesPerSecond },
          rest: () => stage.rest,
          shortestMs: SHORTEST_MS,
          longestMs: LONGEST_MS,
          prefix: `round-${round}-`,
        });
        await killDuring(load.submit(scripts), { stage, random, database, round });
        const away = performance.now() + downMs;
        await until('it has been away for its time', () => performance.now() >= away, {
          timeoutMs: downMs + 10_000,
        });
        expect(inconsistencies(await readTables(stage.store))).toEqual([]);
        await stage.startServer();
        await load.expectExact({ timeoutMs: LONGEST_MS + 60_000 });
        const tables = await until('all leases are free', async () => {
          const now = await readTables(stage.store);
          return leftovers(now).length === 0 ? now : undefined;
        });
        expect(inconsistencies(tables)).toEqual([]);
        sizes.push(
          stage.agents.map(({ daemon, hostPid }) => residentBytes(daemon.pid) + residentBytes(hostPid)),
        );
      }
      console.info(
        `MB of each agent after each kill: ${JSON.stringify(sizes.map((each) => each.map(megabytes)))}`,
      );
      const grown = sizes.at(-1)!.map((size, index) => size - sizes[0]![index]!);
      expect(Math.max(...grown)).toBeLessThan(GROWTH_LIMIT_BYTES);
    },
    rounds * (downMs * 2 + 120_000),
  );
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

interface Kill {
  stage: Stage;
  random: Schedule;
  database: Dialect;
  round: number;
}

/** Each second kill is exactly between a commit and what follows from it. */
async function killDuring(submitted: Promise<void>, { stage, random, database, round }: Kill): Promise<void> {
  const [server] = stage.servers;
  const gone = (): boolean => !stage.server.running;
  if (SHIM_MISSING !== undefined || round % 2 === 0) {
    const at = performance.now() + random.between(0, 1500);
    await until('the moment of the kill', () => performance.now() >= at);
    await stage.server.kill();
  } else if (database === 'sqlite') {
    server!.shim.killAfterSync(random.between(1, 10));
    await until('it has died right after a sync', gone);
  } else {
    server!.shim.killAfterRead('COMMIT\0', random.between(1, 20));
    await until('it has died when it was told of a commit', gone);
  }
  await submitted;
}
