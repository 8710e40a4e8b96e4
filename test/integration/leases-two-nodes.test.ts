import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { ManualClock } from '@longshore/base';
import { compareFences } from '@longshore/server/domain/fence';
import { NODE_DEAD_AFTER_MS } from '@longshore/server/limits';
import type { ScriptSpec } from '@longshore/server/domain/script';

import { FarAgent, openCoreStage, SPACE, type CoreStage, type StageNode } from '../support/core-stage.ts';
import { until } from '../support/until.ts';

// The first use of PostgreSQL makes and starts a server.
jest.setTimeout(60_000);

describe('two nodes on one PostgreSQL', () => {
  let stage: CoreStage;
  let nodes: StageNode[];
  let clock: ManualClock;

  beforeAll(async () => {
    stage = await openCoreStage('postgres');
    clock = new ManualClock(Date.now());
    nodes = [await stage.node('node-1'), await stage.node('node-2', { clock })];
  });

  afterAll(async () => {
    await stage.close();
  });

  /** One machine, which has a session with each node. */
  async function machine(poolId: string, slots: number): Promise<FarAgent[]> {
    const worker = await nodes[0]!.addWorker(poolId, { slots });
    const sides = nodes.map(() => new FarAgent(worker));
    await Promise.all(sides.map((side, i) => side.connect(nodes[i]!.core)));
    return sides;
  }

  test('never two exclusive holders, never more than the slots, and fences only rise', async () => {
    const slots = 2;
    const poolId = await nodes[0]!.addPool();
    const machines = [await machine(poolId, slots), await machine(poolId, slots)];
    let wrong = '';
    for (const sides of machines) {
      // What runs on the machine, whichever node sent it; the script's text is its mode.
      const running = new Map<string, string>();
      for (const agent of sides) {
        agent.onStart = (start) => {
          running.set(start.attemptId, start.spec.body);
          const modes = [...running.values()];
          if (modes.length > slots || (modes.includes('exclusive') && modes.length > 1)) wrong = modes.join();
          setImmediate(() => {
            running.delete(start.attemptId);
            void agent.finish(start.attemptId, { kind: 'exited', code: 0 }, '');
          });
        };
      }
    }
    const asks = fc.sample(
      fc.tuple(fc.constantFrom('shared' as const, 'shared' as const, 'exclusive' as const), fc.nat(1)),
      60,
    );
    const submitted = asks.map(async ([leaseMode, at]) => {
      const task = await nodes[at]!.core.tasks.submit(SPACE, {
        kind: 'script',
        name: leaseMode,
        spec: { target: { kind: 'pool', poolId }, script: scriptOf(leaseMode), leaseMode, tools: [] },
        timeoutMs: 0,
        createdBy: 'a test',
      });
      return { at, id: task.id };
    });
    for (const { at, id } of await Promise.all(submitted)) {
      expect(await nodes[at]!.core.tasks.ended(SPACE, id)).toMatchObject({ state: 'success' });
    }
    expect(wrong).toBe('');
    expect(await nodes[0]!.core.leases.held(SPACE)).toEqual([]);
    const histories = (machines as [FarAgent, FarAgent][]).map(([{ worker }]) =>
      nodes[0]!.core.leases.history(SPACE, { resourceId: worker.id, limit: 1000 }),
    );
    // Granted one after another whoever granted: each fence once, none ever again.
    const fences = (await Promise.all(histories)).flat().map(({ fence }) => fence.n);
    expect(fences.sort((x, y) => x - y)).toEqual(fences.map((_, i) => i + 1));
  });

  test('a task is cancelled through the node that does not own it', async () => {
    const poolId = await nodes[0]!.addPool();
    const [first] = await machine(poolId, 1);
    const id = await nodes[0]!.submit({ kind: 'pool', poolId });
    const owner = await until(
      'a node owns it',
      async () => (await nodes[0]!.core.tasks.get(SPACE, id)).nodeId ?? undefined,
    );
    const other = owner === 'node-1' ? nodes[1]! : nodes[0]!;
    const seen: string[] = [];
    other.core.tasks.watch(SPACE, id, (change) => {
      if (change.kind === 'task') seen.push(change.task.state);
    });
    await other.core.tasks.cancel(SPACE, id, 'me');
    const agent = await until('the owner tells the agent', () =>
      first!.commands.some(({ command }) => command === 'cancel') ? first : undefined,
    );
    await agent.finish(agent.starts[0]!.attemptId, { kind: 'cancelled' });
    await until('the other node’s follower sees the end', () => seen.includes('cancelled'));
  });

  test('a dead node: the other takes its task over, asks the agent, and finishes it', async () => {
    const poolId = await nodes[0]!.addPool();
    const [first, second] = await machine(poolId, 1);
    const id = await nodes[0]!.submit({ kind: 'pool', poolId });
    await until('it starts', () => first!.starts.length === 1);
    const start = first!.starts[0]!;
    await first!.accept(start);
    const judge = nodes[1]!.core.chores;
    await judge.judge();
    clock.advance(NODE_DEAD_AFTER_MS - 1);
    await judge.judge();
    expect(await nodes[0]!.core.tasks.get(SPACE, id)).toMatchObject({ nodeId: 'node-1' });
    clock.advance(1);
    await judge.judge();
    const taken = await nodes[1]!.core.tasks.get(SPACE, id);
    expect(taken.nodeId).toBe('node-2');
    expect(compareFences(taken.fence, start.fence)).toBeGreaterThan(0);
    expect(await nodes[1]!.core.leases.held(SPACE)).toMatchObject([{ taskId: id, nodeId: 'node-2' }]);
    // It is asked by a new session.
    await until('its session is closed', () =>
      second!.commands.some(({ command }) => command === 'close shutdown'),
    );
    await second!.disconnect();
    second!.attempts.set(start.attemptId, { ...first!.attempts.get(start.attemptId)! });
    await second!.connect(nodes[1]!.core);
    expect(second!.verdicts).toMatchObject([{ kind: 'keep' }]);
    // The one that was taken for dead may write nothing more of it, and must stop.
    // (It may have found out by a phase that it wrote before; then the attempt is not its own.)
    await expect(first!.finish(start.attemptId)).rejects.toMatchObject({
      code: expect.stringMatching(/^(conflict|notFound)$/),
    });
    expect(await nodes[0]!.core.chores.beat()).toBe(false);
    await second!.finish(start.attemptId);
    expect(await nodes[1]!.core.tasks.ended(SPACE, id)).toMatchObject({ state: 'success' });
    expect(second!.starts).toEqual([]);
  });
});

test('a task that is taken over while its agent’s inventory is answered: the agent is asked again', async () => {
  const stage = await openCoreStage('postgres');
  try {
    const clock = new ManualClock(Date.now());
    const [one, two] = [await stage.node('node-1'), await stage.node('node-2', { clock })];
    const poolId = await one.addPool();
    const worker = await one.addWorker(poolId);
    const [toOne, toTwo] = [new FarAgent(worker), new FarAgent(worker)];
    await toOne.connect(one.core);
    const id = await one.submit({ kind: 'pool', poolId });
    await until('it starts', () => toOne.starts.length === 1);
    const start = toOne.starts[0]!;
    await toOne.accept(start);
    toTwo.attempts.set(start.attemptId, { ...toOne.attempts.get(start.attemptId)! });
    await two.core.chores.judge();
    await toTwo.connect(two.core, {
      listed: async () => {
        clock.advance(NODE_DEAD_AFTER_MS);
        await two.core.chores.judge();
      },
    });
    expect(toTwo.verdicts).toMatchObject([{ kind: 'notMine' }]);
    expect(toTwo.commands).toMatchObject([{ command: 'close shutdown' }]);
    await toTwo.disconnect();
    await toTwo.connect(two.core);
    expect(toTwo.verdicts).toMatchObject([{ kind: 'keep' }]);
    await toTwo.finish(start.attemptId);
    expect(await two.core.tasks.ended(SPACE, id)).toMatchObject({ state: 'success' });
  } finally {
    await stage.close();
  }
});

function scriptOf(body: string): ScriptSpec {
  return {
    ...{
      interpreter: 'bash',
      body,
      arguments: [],
      environment: {},
      variables: [],
      files: [],
      timeoutMs: 0,
      graceMs: 0,
    },
    ...{ isolation: null, terminal: null, runAs: '', maxProcesses: 0, outputQuotaBytes: 0 },
  };
}
