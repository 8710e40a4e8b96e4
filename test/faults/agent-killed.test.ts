/**
 * The agent's link process is killed with -9 at random points of a script's
 * life. The script never notices: its real exit code arrives, each of its lines
 * is stored once and in order, a reader who follows live sees the same, and the
 * output goes on within 5 s of the link's restart.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { faultNumbers, schedule } from '../support/faults.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import { LiveFollower } from '../support/live-follower.ts';
import { checkLog, numberedLines, type NumberedLines } from '../support/log-oracle.ts';
import { inFaultMatrix } from '../support/matrix.ts';
import { RunCounter } from '../support/run-counter.ts';
import { AGENT_MODES } from '../support/stage-agent.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const { kills, lines, linesPerSecond, longestAwayMs, longAwayMs } = faultNumbers({
  short: { kills: 3, lines: 3_000, linesPerSecond: 4_000, longestAwayMs: 300, longAwayMs: 9_000 },
  full: { kills: 100, lines: 20_000, linesPerSecond: 8_000, longestAwayMs: 2_000, longAwayMs: 120_000 },
});
const GOES_ON_WITHIN_MS = 5_000;
const A_SCRIPT_MS = 60_000;

inFaultMatrix('the link process is killed', (mode, database) => {
  const random = schedule(`link killed, ${mode}, ${database}`);
  let stage: Stage;
  let counter: RunCounter;
  const tookMs: number[] = [];

  beforeAll(async () => {
    stage = await Stage.open({ database });
    await stage.addAgent(mode);
    counter = new RunCounter(join(stage.folder, 'runs'));
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  test(
    `at ${kills} random points of a script's life`,
    async () => {
      for (let n = 1; n <= kills; n++) await killedOnce(n);
      counter.expectEachOnce();
      await expectNoLeaks(stage);
      const slowest = Math.max(...tookMs);
      process.stderr.write(
        `${mode}, ${database}: ${kills} kills, went on ${slowest.toFixed(0)} ms after the restart at the slowest\n`,
      );
    },
    kills * A_SCRIPT_MS,
  );

  async function killedOnce(n: number): Promise<void> {
    const [agent] = stage.agents;
    if (agent === undefined) throw new Error('no agent');
    await agent.connected(stage);
    const script: NumberedLines = { lines, linesPerSecond, exitCode: random.between(1, 120) };
    const { id } = await stage.rest.script(counter.counted(`run-${n}`, numberedLines(script)), {
      pool: POOL,
    });
    const follower = new LiveFollower(stage, id, script);
    try {
      await atRandomPoint(follower);
      await agent.daemon.kill();
      if (random.chance(0.5)) follower.cut();
      await new Promise((resolve) => setTimeout(resolve, random.between(0, longestAwayMs)));
      const before = follower.seen;
      const restarted = performance.now();
      agent.daemon.start();
      await until(
        `run ${n} goes on`,
        async () => {
          agent.daemon.mustRun();
          return follower.seen > before || (await ended(id));
        },
        { timeoutMs: A_SCRIPT_MS },
      );
      const took = performance.now() - restarted;
      tookMs.push(took);
      expect(took).toBeLessThan(GOES_ON_WITHIN_MS);
      if (random.chance(0.5)) follower.cut();
      const { attempt } = await stage.rest.ended(id, { timeoutMs: A_SCRIPT_MS });
      expect(attempt.outcome).toEqual({ kind: 'exited', code: script.exitCode });
      expect(await stage.rest.attempts(id)).toHaveLength(1);
      await follower.expectAll();
      const [stdout, stderr] = await Promise.all(
        ['stdout', 'stderr'].map((stream) =>
          stage.rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`),
        ),
      );
      checkLog({ stdout: stdout!, stderr: stderr! }, script);
    } finally {
      follower.stop();
    }
  }

  /** Mostly while it prints; sometimes around its start, when nothing has been seen of it. */
  async function atRandomPoint(follower: LiveFollower): Promise<void> {
    if (random.chance(0.2)) {
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 150)));
      return;
    }
    const point = random.between(1, 2 * lines);
    await until(`line ${point} is seen`, () => follower.seen >= point, { timeoutMs: A_SCRIPT_MS });
  }

  async function ended(taskId: string): Promise<boolean> {
    return (await stage.rest.attempts(taskId)).some(({ complete }) => complete);
  }
});

test('a link process that is killed before its script host has read the Start: the script runs once, and ends as it does', async () => {
  await using stage = await Stage.open();
  const counter = new RunCounter(join(stage.folder, 'runs'));
  for (const mode of AGENT_MODES) {
    const agent = await stage.addAgent(mode);
    await stage.rest.ended((await stage.rest.script('true', { workers: [agent.name] })).id);
    process.kill(agent.hostPid, 'SIGSTOP');
    const body = counter.counted(mode, 'exit 23');
    const { id } = await stage.rest.script(body, { workers: [agent.name] });
    await until('its workspace is laid', () => readdirSync(join(agent.dataDir, 'attempts')).length > 0);
    await agent.daemon.kill();
    agent.daemon.start();
    process.kill(agent.hostPid, 'SIGCONT');
    const { attempt } = await stage.rest.ended(id);
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 23 });
    expect(await stage.rest.attempts(id)).toHaveLength(1);
  }
  counter.expectEachOnce();
  await expectNoLeaks(stage);
}, 120_000);

test(
  'a link process that was away for long: the output of its scripts goes on within 5 s of its return',
  async () => {
    await using stage = await Stage.open();
    const agents = [await stage.addAgent('polling'), await stage.addAgent('listening')];
    const script: NumberedLines = {
      lines: 1_000 * Math.ceil((longAwayMs * 2) / 1000),
      linesPerSecond: 1_000,
    };
    const tasks = await Promise.all(
      agents.map(async ({ name }) => stage.rest.script(numberedLines(script), { workers: [name] })),
    );
    const followers = tasks.map(({ id }) => new LiveFollower(stage, id, script));
    await until('both are seen', () => followers.every(({ seen }) => seen > 0));
    await Promise.all(agents.map(({ daemon }) => daemon.kill()));
    await new Promise((resolve) => setTimeout(resolve, longAwayMs));
    const before = followers.map(({ seen }) => seen);
    const restarted = performance.now();
    for (const { daemon } of agents) daemon.start();
    await until('both go on', () => followers.every(({ seen }, n) => seen > before[n]!));
    expect(performance.now() - restarted).toBeLessThan(GOES_ON_WITHIN_MS);
    for (const { id } of tasks) await stage.rest.call('POST', `/tasks/${id}/cancel`);
    for (const follower of followers) follower.stop();
    for (const { id } of tasks) await stage.rest.ended(id);
  },
  longAwayMs + 60_000,
);
