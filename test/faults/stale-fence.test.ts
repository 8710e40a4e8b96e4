/**
 * A server node that is stopped is taken for dead, and another goes on with its
 * tasks. When it is continued nothing that it still believes counts: its
 * commands are refused with an audit event, it draws no output to itself, it
 * overwrites nothing, and it finds out that its tasks are others'.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ManualClock } from '@longshore/base';
import { NODE_DEAD_AFTER_MS } from '@longshore/server/limits';
import type { Task } from '@longshore/server/domain/task';

import { Agent } from '../integration/link-rig.ts';
import { openCoreStage, SPACE, type CoreStage, type StageNode } from '../support/core-stage.ts';
import { engineLink, type EngineLink } from '../support/engine-link.ts';
import { faultNumbers } from '../support/faults.ts';
import { checkLog, numberedLines } from '../support/log-oracle.ts';
import { RunCounter } from '../support/run-counter.ts';
import { Stage } from '../support/stage.ts';
import { AGENT_MODES, BACK_WITHIN_MS } from '../support/stage-agent.ts';
import { until } from '../support/until.ts';

jest.setTimeout(600_000);

describe('an owner that was taken for dead', () => {
  let stage: CoreStage;
  let nodes: StageNode[];
  let clock: ManualClock;
  let agent: Agent;
  let links: EngineLink[];
  let task: Task;
  let attemptId = '';

  beforeAll(async () => {
    stage = await openCoreStage('postgres');
    clock = new ManualClock(Date.now());
    nodes = [await stage.node('node-1'), await stage.node('node-2', { clock })];
    const [first] = nodes as [StageNode];
    const worker = await first.addWorker(await first.addPool(), { slots: 4 });
    agent = new Agent(worker.id);
    await agent.start();
    links = nodes.map(({ core }, i) =>
      engineLink(core.inbox, { nodeId: `node-${i + 1}`, agentId: worker.id }),
    );
    for (const link of links) await connect(link);
    const id = await first.submit({ kind: 'workers', workerIds: [worker.id] });
    attemptId = await until('it has started', () => agent.host.started[0]);
    agent.host.write(attemptId, Buffer.from('one\n'));
    agent.host.tell(attemptId);
    await until('its first output is stored', async () => (await first.logs.length(attemptId)) > 0);
    task = await first.core.tasks.get(SPACE, id);
    await takeOver();
  });

  afterAll(async () => {
    for (const link of links) link.stop();
    await agent.remove();
    await stage.close();
  });

  async function connect(link: EngineLink): Promise<void> {
    void link.dial(agent.engine);
    await until('the session is open', () => link.session !== undefined);
  }

  /** Node 1 beats no more; to node 2 that is all that it can see of it. */
  async function takeOver(): Promise<void> {
    const [, heir] = nodes as [StageNode, StageNode];
    await heir.core.chores.judge();
    clock.advance(NODE_DEAD_AFTER_MS);
    const before = links[1]?.session;
    await heir.core.chores.judge();
    expect(await heir.core.tasks.get(SPACE, task.id)).toMatchObject({ nodeId: 'node-2' });
    await until('the agent is asked anew', () => links[1]?.session !== before);
    if (links[1]?.session === undefined) await connect(links[1]!);
    await until(
      'the agent has stored the higher fence',
      () => (agent.engine.attempts()[0]?.fence?.n ?? 0) > task.fence.n,
    );
  }

  test.each(['cancel', 'release'] as const)(
    'its %s is refused, with an audit event, and it drops the task',
    async (command) => {
      const [owner] = nodes as [StageNode];
      const session = links[0]!.session!;
      if (command === 'cancel') session.cancel(attemptId, task.fence, 'a word of the owner before');
      else session.release(attemptId, task.fence);
      const event = await until('it stands in the audit trail', async () => {
        const events = await owner.store.read((tx) => tx.audit.list(SPACE, 10));
        return events.find(
          ({ action, detail }) => action === 'command.refused' && detail['command'] === command,
        );
      });
      expect(event).toMatchObject({
        actor: `agent ${session.agentId}`,
        subject: attemptId,
        detail: {
          reason: 'staleFence',
          nodeId: 'node-1',
          taskId: task.id,
          storedFence: { n: task.fence.n + 1 },
        },
      });
      expect(agent.host.cancelled).toEqual([]);
      expect(agent.engine.attempts()).toHaveLength(1);
      expect(owner.core.figures().owned).toBe(0);
    },
  );

  test('an agent that comes to it again hears that the attempt is another node’s, and its output goes on to that one', async () => {
    const [owner, heir] = nodes as [StageNode, StageNode];
    links[0]!.cut();
    await until('the line is cut', () => links[0]!.session === undefined);
    await connect(links[0]!);
    agent.host.write(attemptId, Buffer.from('two\n'));
    agent.host.end(attemptId, { kind: 'exited', code: 3 });
    expect(await heir.core.tasks.ended(SPACE, task.id)).toMatchObject({ state: 'failed', nodeId: 'node-2' });
    const [attempt] = await heir.core.tasks.attempts(SPACE, task.id);
    expect(attempt).toMatchObject({ complete: true, outcome: { kind: 'exited', code: 3 } });
    expect(attempt!.fence.n).toBe(task.fence.n + 1);
    expect(owner.core.figures().owned).toBe(0);
    expect(await heir.core.leases.held(SPACE)).toEqual([]);
    expect(await owner.core.chores.beat()).toBe(false);
  });
});

describe('an owner that has not heard of it yet', () => {
  test('neither answers an inventory from its memory, nor overwrites what the new owner wrote', async () => {
    const stage = await openCoreStage('postgres');
    const clock = new ManualClock(Date.now());
    const [owner, heir] = [await stage.node('node-1'), await stage.node('node-2', { clock })];
    const worker = await owner.addWorker(await owner.addPool(), { slots: 4 });
    const agent = new Agent(worker.id);
    await agent.start();
    const link = engineLink(owner.core.inbox, { nodeId: 'node-1', agentId: worker.id });
    void link.dial(agent.engine);
    await until('the session is open', () => link.session !== undefined);
    const id = await owner.submit({ kind: 'workers', workerIds: [worker.id] });
    const attemptId = await until('it has started', () => agent.host.started[0]);
    await until(
      'that is stored',
      async () => (await owner.core.tasks.attempts(SPACE, id))[0]?.state === 'accepted',
    );
    await heir.core.chores.judge();
    clock.advance(NODE_DEAD_AFTER_MS);
    await heir.core.chores.judge();
    const taken = (await heir.core.tasks.attempts(SPACE, id))[0]!;
    const session = link.session!;

    // What it heard of before its agents' sessions ended: a phase, and an outcome.
    await owner.core.inbox.phaseChanged(session, attemptId, 'running');
    await owner.core.close();
    expect((await heir.core.tasks.attempts(SPACE, id))[0]).toEqual(taken);
    link.stop();
    await agent.remove();
    await stage.close();
  });

  test('an inventory makes it look who owns the task', async () => {
    const stage = await openCoreStage('postgres');
    const clock = new ManualClock(Date.now());
    const [owner, heir] = [await stage.node('node-1'), await stage.node('node-2', { clock })];
    const worker = await owner.addWorker(await owner.addPool(), { slots: 4 });
    const agent = new Agent(worker.id);
    await agent.start();
    const link = engineLink(owner.core.inbox, { nodeId: 'node-1', agentId: worker.id });
    void link.dial(agent.engine);
    await until('the session is open', () => link.session !== undefined);
    await owner.submit({ kind: 'workers', workerIds: [worker.id] });
    const attemptId = await until('it has started', () => agent.host.started[0]);
    await heir.core.chores.judge();
    clock.advance(NODE_DEAD_AFTER_MS);
    await heir.core.chores.judge();

    const verdicts = await owner.core.inbox.inventory(link.session!, [
      {
        attemptId,
        fence: { generation: 0, n: 1 },
        phase: 'running',
        outputLength: 0,
        eventCount: 0,
        outcome: null,
      },
    ]);
    expect(verdicts).toEqual([{ attemptId, kind: 'notMine' }]);
    expect(owner.core.figures().owned).toBe(0);
    link.stop();
    await agent.remove();
    await stage.close();
  });
});

const { rounds } = faultNumbers({ short: { rounds: 1 }, full: { rounds: 5 } });
const LINES = { lines: 300, linesPerSecond: 15, exitCode: 7 };

test('the process of an owner, stopped until its tasks were taken over and then continued', async () => {
  const stage = await Stage.open({ database: 'postgres' });
  try {
    await stage.addServer();
    for (const mode of AGENT_MODES) await stage.addAgent(mode);
    const counter = new RunCounter(`${stage.folder}/starts`);
    for (let round = 0; round < rounds; round++) await stopAndContinue(stage, counter, round);
    counter.expectEachOnce();
  } finally {
    await stage.close();
  }
});

async function stopAndContinue(stage: Stage, counter: RunCounter, round: number): Promise<void> {
  const owner = stage.servers[round % 2]!;
  const heir = stage.servers[(round + 1) % 2]!;
  const rest = stage.restOf(heir);
  for (const agent of stage.agents) {
    for (const server of stage.servers)
      await until(
        `${agent.name} has a session with ${server.name}`,
        async () => {
          const { id } = await stage.restOf(server).script('true', { workers: [agent.name] });
          return (await rest.ended(id)).task.nodeId === server.name;
        },
        { timeoutMs: BACK_WITHIN_MS },
      );
  }
  const ids = await Promise.all(
    stage.agents.map(async ({ name }) => {
      const body = counter.counted(`stopped-${round}-${name}`, numberedLines(LINES));
      return (await stage.restOf(owner).script(body, { workers: [name] })).id;
    }),
  );
  for (const id of ids) {
    await rest.outputHas(id, 'o 0000000010 ');
    expect((await rest.task(id)).nodeId).toBe(owner.name);
  }
  process.kill(owner.daemon.pid, 'SIGSTOP');
  // It reads this when it is continued: by then it may not cancel anything.
  const late = ids.map((id) =>
    stage
      .restOf(owner)
      .call('POST', `/tasks/${id}/cancel`, {})
      .catch(() => undefined),
  );
  for (const id of ids)
    await until(`${heir.name} has taken ${id} over`, async () => (await rest.task(id)).nodeId === heir.name, {
      timeoutMs: 60_000,
    });
  process.kill(owner.daemon.pid, 'SIGCONT');
  await until('the one that was stopped ends by itself', () => !owner.daemon.running);
  expect(owner.daemon.log()).toContain('was taken for dead, or runs twice');
  await Promise.all(late);
  for (const id of ids) {
    const { task, attempt } = await rest.ended(id, { timeoutMs: 120_000 });
    expect([task.nodeId, attempt.outcome]).toEqual([heir.name, { kind: 'exited', code: 7 }]);
    const output = (stream: string) => rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`);
    checkLog({ stdout: await output('stdout'), stderr: await output('stderr') }, LINES);
    expect(await rest.attempts(id)).toHaveLength(1);
  }
  expect((await rest.get<{ items: unknown[] }>('/leases')).items).toEqual([]);
  await owner.start();
}
