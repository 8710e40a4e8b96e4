/** The schedule of health checks, over the real core and store, with time moved by hand. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { silentLogger } from '@longshore/base';
import { ManualClock } from '@longshore/base/manual-clock';
import { outputText } from '@longshore/server/api/output';
import { createHealth, type Health } from '@longshore/server/app/machines/health';
import type { HealthRecord } from '@longshore/server/app/ports/machines';
import type { Outcome } from '@longshore/server/domain/outcome';
import type { Worker } from '@longshore/server/domain/worker';
import { HEALTH_SCHEDULE_BEAT_MS, UNAVAILABLE_AFTER_MS } from '@longshore/server/limits';
import { HealthSchedule } from '@longshore/server/loops/health-schedule';

import { FarAgent, openCoreStage, SPACE, type CoreStage, type StageNode } from '../support/core-stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

// The first use of PostgreSQL makes and starts a server.
jest.setTimeout(60_000);

const INTERVAL_MS = 60 * 60_000;

interface Tended {
  node: StageNode;
  health: Health;
  schedule: HealthSchedule;
}

describe.each(DIALECTS)('on %s', (dialect) => {
  let stage: CoreStage;
  let clock: ManualClock;
  let first: Tended;
  let poolId: string;
  const schedules: HealthSchedule[] = [];

  beforeEach(async () => {
    stage = await openCoreStage(dialect);
    clock = new ManualClock();
    first = await tended('node-1');
    poolId = await first.node.addPool();
    await first.node.store.write((tx) =>
      tx.health.putPolicy({
        ...{ spaceId: SPACE, id: 'p', name: 'Default', isDefault: true, healthCheckScript: 'look' },
        ...{ healthCheckIntervalMs: INTERVAL_MS, healthCheckTimeoutMs: 60_000 },
      }),
    );
  });
  afterEach(async () => {
    for (const schedule of schedules.splice(0)) await schedule.close();
    await stage.close();
  });

  async function tended(nodeId: string): Promise<Tended> {
    const node = await stage.node(nodeId, { clock });
    const health = createHealth({
      ...{ store: node.store, clock, logger: silentLogger, tasks: node.core.tasks },
      agents: { session: () => undefined, sessions: () => [] },
      outputText: outputText(node.logs),
    });
    const schedule = new HealthSchedule({
      ...{ store: node.store, clock, logger: silentLogger, health, nodeId, spaceId: SPACE },
    });
    schedules.push(schedule);
    return { node, health, schedule };
  }

  /** An agent that answers each check at once. */
  async function agentOn({ node }: Tended, worker: Worker, outcome?: Outcome): Promise<FarAgent> {
    const agent = new FarAgent(worker);
    agent.onStart = (start) => {
      void agent.accept(start).then(() => agent.finish(start.attemptId, outcome, ''));
    };
    await agent.connect(node.core);
    return agent;
  }

  const newWorker = (): Promise<Worker> => first.node.addWorker(poolId);
  const history = (worker: Worker): Promise<HealthRecord[]> =>
    first.node.store.read((tx) => tx.health.history(SPACE, worker.id, 50));
  const checks = async (worker: Worker): Promise<HealthRecord[]> =>
    (await history(worker)).filter(({ taskId }) => taskId !== '');
  const asked = async (): Promise<number> =>
    (await first.node.core.tasks.list(SPACE, { kind: 'health', limit: 100 })).length;
  const stored = (worker: Worker): Promise<Worker | undefined> =>
    first.node.store.read((tx) => tx.workers.find(worker.id));
  const hasChecks = (worker: Worker, n: number): Promise<true> =>
    until(`worker has had ${n} checks`, async () => (await checks(worker)).length === n);

  test('a worker is checked when it has come, and again after the interval, not before', async () => {
    const worker = await newWorker();
    await agentOn(first, worker);
    await first.schedule.start();
    await hasChecks(worker, 1);
    await until('the check is concluded', () => !first.health.underWay().has(worker.id));
    clock.advance(INTERVAL_MS - 2 * HEALTH_SCHEDULE_BEAT_MS);
    await first.schedule.settled();
    expect(await asked()).toBe(1);
    clock.advance(3 * HEALTH_SCHEDULE_BEAT_MS);
    await hasChecks(worker, 2);
    expect(await asked()).toBe(2);
    expect(await history(worker)).toMatchObject([
      { state: 'healthy', reason: 'The health script succeeded' },
      { state: 'healthy', reason: 'The health script succeeded' },
      { state: 'healthy', reason: 'Connected', taskId: '' },
    ]);
  });

  test('a machine in no pool, a deployment target and nothing else, is looked after as any worker', async () => {
    const machine = await first.node.addWorker(poolId, { poolIds: [] });
    const agent = await agentOn(first, machine);
    await first.schedule.start();
    await hasChecks(machine, 1);
    await agent.disconnect();
    await first.schedule.settled();
    clock.advance(UNAVAILABLE_AFTER_MS + HEALTH_SCHEDULE_BEAT_MS);
    await until('it is unavailable', async () => (await stored(machine))?.health === 'unavailable');
  });

  test('a policy that says never is kept; a check on demand is one all the same', async () => {
    await first.health.changePolicy({ spaceId: SPACE, actor: 'me' }, { healthCheckIntervalMs: 0 });
    const worker = await newWorker();
    await agentOn(first, worker, { kind: 'exited', code: 3 });
    await first.schedule.start();
    clock.advance(3 * INTERVAL_MS);
    await first.schedule.settled();
    expect(await asked()).toBe(0);
    await first.health.check({ spaceId: SPACE, actor: 'me' }, worker.name);
    await hasChecks(worker, 1);
    expect(await stored(worker)).toMatchObject({
      health: 'unhealthy',
      healthReason: 'The health script ended with exit code 3',
    });
  });

  test('one that stays away is unavailable after its grace, with the reason; back, it is healthy and checked', async () => {
    const worker = await newWorker();
    const agent = await agentOn(first, worker);
    await first.schedule.start();
    await hasChecks(worker, 1);
    await agent.disconnect();
    await first.schedule.settled();
    clock.advance(UNAVAILABLE_AFTER_MS - 1);
    await first.schedule.settled();
    expect((await stored(worker))?.health).toBe('healthy');
    clock.advance(1);
    await until('it is unavailable', async () => (await stored(worker))?.health === 'unavailable');
    clock.advance(60_000);
    await first.schedule.settled();
    await agent.connect(first.node.core);
    await until('it is healthy', async () => (await stored(worker))?.health === 'healthy');
    // Long before the interval is over: who was away may have changed.
    clock.advance(HEALTH_SCHEDULE_BEAT_MS);
    await hasChecks(worker, 2);
    expect((await history(worker)).map(({ state, reason }) => [state, reason])).toEqual([
      ['healthy', 'The health script succeeded'],
      ['healthy', 'Connected'],
      ['unavailable', 'No connection with its agent'],
      ['healthy', 'The health script succeeded'],
      ['healthy', 'Connected'],
    ]);
  });

  test('of all that saw the same, one claims the next check', async () => {
    const worker = await newWorker();
    const claim = (was: number | null, at: number): Promise<boolean> =>
      first.node.store.write((tx) => tx.health.claimCheck(SPACE, worker.id, { was, at }));
    expect(
      (await Promise.all([claim(null, 5), claim(null, 6), claim(null, 7)])).filter(Boolean),
    ).toHaveLength(1);
    const was = await first.node.store.read((tx) => tx.health.askedAt(SPACE, worker.id));
    expect((await Promise.all([claim(was, 8), claim(was, 9)])).filter(Boolean)).toHaveLength(1);
    expect(await claim(was, 10)).toBe(false);
  });

  // An embedded store has one node.
  if (dialect === 'sqlite') return;

  test('two nodes that look at once check each worker once', async () => {
    const second = await tended('node-2');
    const workers = await Promise.all(Array.from({ length: 6 }, newWorker));
    for (const worker of workers) for (const one of [first, second]) await agentOn(one, worker);
    await Promise.all([first.schedule.start(), second.schedule.start()]);
    for (const worker of workers) await hasChecks(worker, 1);
    await Promise.all([first.schedule.settled(), second.schedule.settled()]);
    expect(await asked()).toBe(workers.length);
    clock.advance(INTERVAL_MS + HEALTH_SCHEDULE_BEAT_MS);
    for (const worker of workers) await hasChecks(worker, 2);
    await Promise.all([first.schedule.settled(), second.schedule.settled()]);
    expect(await asked()).toBe(2 * workers.length);
  });
});
