/**
 * A script host is killed, and a process of its script does not die, as one
 * that is stuck in the kernel. Nothing is called `interrupted` while it is
 * there, the lease is held, and the server is told that the worker is in
 * quarantine and why; that ends by itself when the process is gone, or by an
 * operator's word.
 *
 * The process is made undying by the v1 freezer: even KILL waits until it is thawed.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { expectNoLeaks } from '../support/leak-check.ts';
import { Machine, noMachines } from '../support/machine.ts';
import { isAlive } from '../support/proc.ts';
import { RunCounter } from '../support/run-counter.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const FREEZER = '/sys/fs/cgroup/freezer';
const NO_FREEZER = whyNoFreezer();
if (NO_FREEZER !== undefined) console.warn(`undying processes: SKIPPED: ${NO_FREEZER}`);
/** What a dead host left behind is looked at for so long before the worker is quarantined. */
const QUARANTINED_WITHIN_MS = 30_000;

interface Undying {
  agent: StageAgent;
  taskId: string;
  pid: number;
  melt: () => void;
}

(NO_FREEZER === undefined ? describe : describe.skip)('a process that does not die', () => {
  let stage: Stage;
  let counter: RunCounter;
  const groups: string[] = [];

  beforeAll(async () => {
    stage = await Stage.open();
    counter = new RunCounter(join(stage.folder, 'runs'));
    const machine = new Machine(join(stage.folder, 'machine'), { cgroups: false });
    await stage.addAgent('polling', { name: 'polling' });
    await stage.addAgent('listening', { name: 'listening' });
    await stage.addAgent('polling', { name: 'bare', machine });
  }, 60_000);
  afterAll(async () => {
    for (const group of groups) thaw(group);
    await stage.close();
    for (const group of groups) if (existsSync(group)) rmdirSync(group);
  }, 60_000);

  test('holds everything up until it is gone', async () => {
    const undying = await Promise.all(stage.agents.map(async (agent) => frozenScript(agent, 'gone')));
    await Promise.all(undying.map(expectQuarantined));
    for (const { pid, melt } of undying) {
      expect(isAlive(pid)).toBe(true);
      melt();
    }
    await Promise.all(undying.map((one) => expectSettled(one, { vouched: false })));
    counter.expectEachOnce();
    await expectNoLeaks(stage);
  }, 120_000);

  test('is vouched for by an operator: the worker goes on without its end', async () => {
    const [agent] = stage.agents;
    const one = await frozenScript(agent!, 'vouched');
    await expectQuarantined(one);
    const ran = await stage.longshore(['worker', 'unlock', one.agent.name]);
    expect(ran.code).toBe(0);
    await expectSettled(one, { vouched: true });
    expect(isAlive(one.pid)).toBe(true);
    one.melt();
    counter.expectEachOnce();
  }, 120_000);

  /** Runs a script, freezes it, and kills its host. */
  async function frozenScript(agent: StageAgent, name: string): Promise<Undying> {
    const file = join(stage.folder, `${agent.name}-${name}.pid`);
    const { id } = await stage.rest.script(
      counter.counted(`${agent.name}-${name}`, `echo $$ > ${file}; while :; do sleep 1; done`),
      { workers: [agent.name] },
    );
    // The file is there before its pid is; and group 0 would be this very process.
    const pid = await until(
      'it runs',
      () => existsSync(file) && (Number(readFileSync(file, 'utf8')) || undefined),
    );
    const group = join(FREEZER, `longshore-test-${process.pid}-${groups.length}`);
    groups.push(group);
    mkdirSync(group);
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    writeFileSync(join(group, 'freezer.state'), 'FROZEN');
    await until('it is frozen', () => readFileSync(join(group, 'freezer.state'), 'utf8').trim() === 'FROZEN');
    process.kill(agent.hostPid, 'SIGKILL');
    return { agent, taskId: id, pid, melt: () => thaw(group) };
  }

  async function quarantineOf({ name }: StageAgent): Promise<string> {
    return (await stage.rest.get<{ quarantined: string }>(`/workers/${name}`)).quarantined;
  }

  async function expectQuarantined({ agent, taskId }: Undying): Promise<void> {
    const reason = await until(
      `${agent.name} is quarantined`,
      async () => (await quarantineOf(agent)) || undefined,
      {
        timeoutMs: QUARANTINED_WITHIN_MS,
      },
    );
    expect(reason).toContain('may still run');
    expect((await stage.rest.attempts(taskId)).map(({ outcome }) => outcome)).toEqual([null]);
    const { items } = await stage.rest.get<{ items: { taskId: string }[] }>('/leases');
    expect(items.filter((lease) => lease.taskId === taskId)).toHaveLength(1);
    const shown = await stage.longshore(['worker', 'show', agent.name]);
    expect(shown.stdout.toString()).toContain('quarantined');
    // Another link process comes to the same conclusion.
    await agent.daemon.kill();
    agent.daemon.start();
    await until('its new link is connected', async () => {
      agent.daemon.mustRun();
      return (await stage.rest.get<{ connected: boolean }>(`/workers/${agent.name}`)).connected;
    });
    expect(await quarantineOf(agent)).toContain('may still run');
  }

  async function expectSettled({ agent, taskId }: Undying, { vouched }: { vouched: boolean }): Promise<void> {
    const { task, attempt } = await stage.rest.ended(taskId, { timeoutMs: QUARANTINED_WITHIN_MS });
    expect(task.state).toBe('failed');
    expect(attempt.outcome?.kind).toBe('interrupted');
    expect(attempt.bestEffortCleanup).toBe(vouched || agent.name === 'bare');
    await until(`${agent.name} is no longer quarantined`, async () => (await quarantineOf(agent)) === '');
    const next = await stage.rest.script('exit 5', { workers: [agent.name] });
    expect((await stage.rest.ended(next.id)).attempt.outcome).toEqual({ kind: 'exited', code: 5 });
  }
});

function thaw(group: string): void {
  if (existsSync(group)) writeFileSync(join(group, 'freezer.state'), 'THAWED');
}

function whyNoFreezer(): string | undefined {
  const tried = join(FREEZER, `longshore-test-${process.pid}`);
  try {
    mkdirSync(tried);
    rmdirSync(tried);
  } catch (thrown) {
    return `no group can be made in the v1 freezer: ${String(thrown)}`;
  }
  return noMachines();
}
