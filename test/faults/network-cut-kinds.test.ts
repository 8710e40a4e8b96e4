/**
 * Links that break in every other way: reset, closed, half closed, slow, late,
 * narrow, dead one way, flapping. Whatever they do, a script's log is exact,
 * live too, the script never waits, and it runs once.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import type { CutKind, Direction } from '../support/fault-proxy.ts';
import { faultNumbers, schedule } from '../support/faults.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import type { NumberedLines } from '../support/log-oracle.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import type { Dialect } from '../support/store.ts';
import { until } from '../support/until.ts';
import { WatchedScript } from '../support/watched-script.ts';

const { stores, flappingMs, narrowMs, latenciesMs, bothWays } = faultNumbers<{
  /** Of each group of faults. */
  stores: Record<'cuts' | 'late' | 'narrow' | 'oneWay', Dialect[]>;
  flappingMs: number;
  narrowMs: number;
  latenciesMs: number[];
  /** On each link one way, then the other; else one on the polling link and the other on the listening one. */
  bothWays: boolean;
}>({
  short: {
    stores: { cuts: ['sqlite'], late: ['postgres'], narrow: ['sqlite'], oneWay: ['postgres'] },
    flappingMs: 5_000,
    narrowMs: 16_000,
    latenciesMs: [2_000],
    bothWays: false,
  },
  full: {
    stores: {
      cuts: ['sqlite', 'postgres'],
      late: ['sqlite', 'postgres'],
      narrow: ['sqlite', 'postgres'],
      oneWay: ['sqlite', 'postgres'],
    },
    flappingMs: 120_000,
    narrowMs: 120_000,
    latenciesMs: [200, 2_000],
    bothWays: true,
  },
});
const DETECTED_WITHIN_MS = 15_000;
const NEVER_STOOD_STILL_MS = 3_000;
const NARROW_BYTES_PER_SECOND = 64 * 1024;
/** Of a cancel on a narrow line: to its script, on a loaded machine. */
const AT_ONCE_MS = 3_000;
const LINES_PER_SECOND = 200;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let runs = 0;

interface OnStage {
  stage: Stage;
  agents: StageAgent[];
}

/** One agent of each mode, each behind a proxy of its own. */
async function onStages(databases: readonly Dialect[], story: (on: OnStage) => Promise<void>): Promise<void> {
  await Promise.all(
    databases.map(async (database) => {
      const stage = await Stage.open({ database, proxied: true });
      try {
        const agents = [await stage.addAgent('polling'), await stage.addAgent('listening')];
        await story({ stage, agents });
        await expectNoLeaks(stage);
      } catch (thrown) {
        // What it says matters more than what can't be closed after it.
        await stage.close().catch(() => undefined);
        throw thrown;
      }
      await stage.close();
    }),
  );
}

/** A script on each agent for so long; what `fault` does to their links, they don't notice. */
async function unharmed(
  { stage, agents }: OnStage,
  { forMs, lines = {} }: { forMs: number; lines?: Partial<NumberedLines> },
  fault: (agent: StageAgent, script: WatchedScript) => Promise<void>,
): Promise<void> {
  const script: NumberedLines = {
    lines: (forMs * LINES_PER_SECOND) / 1000,
    linesPerSecond: LINES_PER_SECOND,
    exitCode: 5,
    ...lines,
  };
  await Promise.all(
    agents.map(async (agent) => {
      await agent.connected(stage);
      const more = { workers: [agent.name] };
      const one = await WatchedScript.start(stage, `run-${++runs}`, { lines: script, more });
      await until('it prints', () => one.follower.seen > 0, { timeoutMs: 60_000 });
      await fault(agent, one);
      await one.expectWhole({ timeoutMs: forMs + 120_000 });
      expect(one.longestPauseMs).toBeLessThan(NEVER_STOOD_STILL_MS);
      stage.proxyOf(agent).restore();
    }),
  );
}

/** Or all of it has come: on a slow machine its script may have ended before the last fault. */
async function goesOn(script: WatchedScript): Promise<void> {
  const { seen } = script.follower;
  const whole = (): boolean => script.follower.seen === script.wantedLines;
  await until('its output goes on', () => script.follower.seen > seen || whole(), { timeoutMs: 90_000 });
}

test.concurrent(
  'reset, closed, half closed either way, flapping',
  async () => {
    const random = schedule('cuts');
    await onStages(stores.cuts, async (on) => {
      const { stage } = on;
      const cuts: { how: CutKind; toward: Direction }[] = [
        { how: 'rst', toward: 'toListener' },
        { how: 'fin', toward: 'toListener' },
        { how: 'half-close', toward: 'toListener' },
        { how: 'half-close', toward: 'toDialler' },
      ];
      await unharmed(on, { forMs: 6_000 }, async (agent, script) => {
        for (const { how, toward } of cuts) {
          const proxy = stage.proxyOf(agent);
          await until('it has a link', () => proxy.connections > 0, { timeoutMs: 60_000 });
          const before = proxy.accepted;
          proxy.cut(how, { toward });
          await until('a new one is made', () => proxy.accepted > before, { timeoutMs: 60_000 });
          await goesOn(script);
        }
      });
      await unharmed(on, { forMs: flappingMs + 2_000 }, async (agent, script) => {
        const proxy = stage.proxyOf(agent);
        const end = performance.now() + flappingMs;
        while (performance.now() < end) {
          await sleep(random.between(50, 1_500));
          if (random.chance(0.5)) proxy.cut(random.pick(['rst', 'fin']));
          proxy.blackHole();
          await sleep(random.between(50, 1_500));
          proxy.heal();
        }
        await goesOn(script);
      });
    });
  },
  flappingMs * 2 + 240_000,
);

test(`late by ${latenciesMs.join(' ms, then ')} ms: links that live, and links that are made`, async () => {
  await onStages(stores.late, async (on) => {
    for (const latencyMs of latenciesMs) {
      await unharmed(on, { forMs: 3_000 + 6 * latencyMs }, async (agent, script) => {
        const proxy = on.stage.proxyOf(agent);
        proxy.latency(latencyMs);
        await goesOn(script);
        proxy.cut('rst');
        await goesOn(script);
      });
    }
  });
}, 240_000);

test.concurrent(
  `a line of 64 KB/s and a script that prints more: heartbeats and a cancel go through at once`,
  async () => {
    await onStages(stores.narrow, async ({ stage, agents }) => {
      await Promise.all(agents.map(async (agent) => narrow(stage, agent)));
    });
  },
  narrowMs + 240_000,
);

async function narrow(stage: Stage, agent: StageAgent): Promise<void> {
  const proxy = stage.proxyOf(agent);
  const ended = join(stage.folder, `${agent.name}.ended`);
  const { id } = await stage.rest.script(
    // Some megabytes at once, more than the line takes in a minute; then on and on.
    `trap 'touch ${ended}; exit 3' TERM; head -c 4000000 /dev/urandom | base64; while :; do head -c 50000 /dev/urandom | base64; sleep 0.05; done`,
    { workers: [agent.name] },
  );
  proxy.bandwidth(NARROW_BYTES_PER_SECOND);
  const sessionsBefore = sessionsEnded(agent);
  const began = performance.now();
  while (performance.now() - began < narrowMs) {
    const { id: small } = await stage.rest.script('echo small', { workers: [agent.name] });
    const { attempt } = await stage.rest.ended(small);
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 0 });
    await sleep(500);
  }
  expect(sessionsEnded(agent)).toBe(sessionsBefore);
  const asked = performance.now();
  await stage.rest.post(`/tasks/${id}/cancel`);
  await until('its script hears of it', () => existsSync(ended));
  const tookMs = performance.now() - asked;
  process.stderr.write(`${agent.name}: a cancel took ${tookMs.toFixed(0)} ms on a line that is full\n`);
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
  proxy.restore();
  const { task } = await stage.rest.ended(id, { timeoutMs: 120_000 });
  expect(task.state).toBe('cancelled');
}

function sessionsEnded(agent: StageAgent): number {
  return agent.daemon.log().split('"a session ended"').length - 1;
}

test('dead one way only, either way: both ends notice within 15 s', async () => {
  await onStages(stores.oneWay, async (on) => {
    const { stage } = on;
    for (const turn of bothWays ? [true, false] : [true]) {
      // About as long as it takes until it is noticed.
      await unharmed(on, { forMs: DETECTED_WITHIN_MS }, async (agent, script) => {
        const proxy = stage.proxyOf(agent);
        const fromAgent = turn === (agent.mode === 'polling');
        const direction = fromAgent ? stage.fromAgent(agent) : other(stage.fromAgent(agent));
        const before = sessionsEnded(agent);
        const began = performance.now();
        const noticed = async (look: () => Promise<boolean> | boolean): Promise<number> => {
          await until('it is noticed', look, { timeoutMs: 2 * DETECTED_WITHIN_MS });
          return performance.now() - began;
        };
        proxy.blackHole(direction);
        const [byServer, byAgent] = await Promise.all([
          noticed(
            async () => !(await stage.rest.get<{ connected: boolean }>(`/workers/${agent.name}`)).connected,
          ),
          noticed(() => sessionsEnded(agent) > before),
        ]);
        process.stderr.write(
          `${agent.name}, ${fromAgent ? 'from' : 'to'} the agent: noticed by the server after ${byServer.toFixed(0)} ms, by the agent after ${byAgent.toFixed(0)} ms\n`,
        );
        expect(byServer).toBeLessThan(DETECTED_WITHIN_MS);
        expect(byAgent).toBeLessThan(DETECTED_WITHIN_MS);
        proxy.heal();
        await goesOn(script);
      });
    }
  });
}, 240_000);

function other(direction: Direction): Direction {
  return direction === 'toListener' ? 'toDialler' : 'toListener';
}
