/**
 * An attempt moves to another worker only on a positive denial: each case of
 * it, and each case that is none, on a real store with an agent that says what
 * the case needs.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { FarAgent, openCoreStage, SPACE, type CoreStage, type StageNode } from '../support/core-stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

// The first use of PostgreSQL makes and starts a server.
jest.setTimeout(60_000);

const NO_WORD_MS = 300;

describe.each(DIALECTS)('an attempt moves on a positive denial alone (%s)', (dialect) => {
  let stage: CoreStage;
  let node: StageNode;
  let poolId: string;

  beforeAll(async () => {
    stage = await openCoreStage(dialect);
    node = await stage.node('node-1');
  });

  beforeEach(async () => {
    poolId = await node.addPool();
  });

  afterEach(async () => {
    expect(await node.core.leases.held(SPACE)).toEqual([]);
  });

  afterAll(async () => {
    await stage.close();
  });

  const connected = async (to: StageNode = node): Promise<FarAgent> => {
    const agent = new FarAgent(await node.addWorker(poolId));
    await agent.connect(to.core);
    return agent;
  };
  const pair = async (): Promise<FarAgent[]> => [await connected(), await connected()];
  /** Who was given the task's attempt, and who was not. */
  const given = async (agents: FarAgent[]): Promise<{ taker: FarAgent; other: FarAgent }> => {
    const taker = await until('one is given it', () => agents.find(({ starts }) => starts.length > 0));
    return { taker, other: agents.find((agent) => agent !== taker)! };
  };
  const attempts = async (id: string) => node.core.tasks.attempts(SPACE, id);
  const task = async (id: string) => node.core.tasks.get(SPACE, id);
  const waiting = async (id: string) =>
    until('it waits', async () => {
      const { state, waitReason } = await task(id);
      return state === 'waiting' ? waitReason : undefined;
    });

  test('refused: it moves', async () => {
    const agents = await pair();
    const id = await node.submit({ kind: 'pool', poolId });
    const { taker, other } = await given(agents);
    await taker.refuse(taker.starts[0]!);
    await until('the other one is given it', () => other.starts.length === 1);
    await other.finish(other.starts[0]!.attemptId);
    expect((await node.core.tasks.ended(SPACE, id)).state).toBe('success');
    expect((await attempts(id)).map(({ state }) => state)).toEqual(['denied', 'ended']);
    expect([taker.starts.length, other.starts.length]).toEqual([1, 1]);
  });

  test('the same incarnation does not list it, and it is still wanted: sent again, there', async () => {
    const agents = await pair();
    const id = await node.submit({ kind: 'pool', poolId });
    const { taker, other } = await given(agents);
    await taker.disconnect();
    await taker.connect(node.core);
    await until('it is sent again', () => taker.starts.length === 2);
    expect(taker.starts[0]?.attemptId).toBe(taker.starts[1]?.attemptId);
    expect(other.starts).toEqual([]);
    await taker.finish(taker.starts[0]!.attemptId);
    expect((await node.core.tasks.ended(SPACE, id)).state).toBe('success');
    expect(await attempts(id)).toHaveLength(1);
  });

  test('the same incarnation does not list it, and it is not wanted any more: denied, and the agent is to remember that', async () => {
    const agents = await pair();
    const id = await node.submit({ kind: 'pool', poolId });
    const { taker, other } = await given(agents);
    const { attemptId } = taker.starts[0]!;
    await taker.disconnect();
    await node.core.tasks.cancel(SPACE, id, 'me');
    expect((await task(id)).waitReason).toMatch(/^cancel will take effect when worker "w-.+" is back/);
    await taker.connect(node.core);
    expect(taker.verdicts).toEqual([{ attemptId, kind: 'cancel' }]);
    expect((await node.core.tasks.ended(SPACE, id)).state).toBe('cancelled');
    expect([taker.starts.length, other.starts.length]).toEqual([1, 0]);
    expect(await node.core.leases.held(SPACE)).toEqual([]);
  });

  test.each([
    ['its data store was wiped', { storeId: 'another' }],
    ['its machine was rebooted', { bootId: 'another' }],
    ['its script host is another one', { hostId: 'another' }],
  ])('another incarnation does not list it (%s): interrupted, never sent again', async (_what, lost) => {
    const agents = await pair();
    const id = await node.submit({ kind: 'pool', poolId });
    const { taker, other } = await given(agents);
    await taker.disconnect();
    taker.incarnation = { ...taker.incarnation, ...lost };
    await taker.connect(node.core);
    expect((await node.core.tasks.ended(SPACE, id)).state).toBe('failed');
    expect((await attempts(id)).map(({ outcome }) => outcome?.kind)).toEqual(['interrupted']);
    expect([taker.starts.length, other.starts.length]).toEqual([1, 0]);
  });

  test('accepted, then not listed: interrupted, whatever the incarnation', async () => {
    const agents = await pair();
    const id = await node.submit({ kind: 'pool', poolId });
    const { taker, other } = await given(agents);
    await taker.accept(taker.starts[0]!);
    await taker.disconnect();
    taker.attempts.clear();
    await taker.connect(node.core);
    expect((await node.core.tasks.ended(SPACE, id)).state).toBe('failed');
    expect((await attempts(id)).map(({ outcome }) => outcome?.kind)).toEqual(['interrupted']);
    expect([taker.starts.length, other.starts.length]).toEqual([1, 0]);
  });

  test('no answer: it waits, says why, and is lost at its time-out; its lease is held until then', async () => {
    const agents = await pair();
    const id = await node.submit({ kind: 'pool', poolId }, { timeoutMs: 5_000 });
    const { taker, other } = await given(agents);
    await taker.disconnect();
    expect(await waiting(id)).toMatch(/^worker "w-.+" may have started it, and is unreachable since /);
    expect(await node.core.leases.held(SPACE)).toMatchObject([
      { taskId: id, resource: { id: taker.worker.id } },
    ]);
    expect((await node.core.tasks.ended(SPACE, id)).state).toBe('timedOut');
    expect((await attempts(id)).map(({ outcome }) => outcome?.kind)).toEqual(['lost']);
    expect(await node.core.leases.held(SPACE)).toEqual([]);
    expect([taker.starts.length, other.starts.length]).toEqual([1, 0]);
  });

  test("no answer, and an operator's word on one attempt: that one moves, the rest waits", async () => {
    const agents = await pair();
    const id = await node.submit({ kind: 'workers', workerIds: agents.map(({ worker }) => worker.id) });
    await until('both are given it', () => agents.every(({ starts }) => starts.length === 1));
    for (const agent of agents) await agent.disconnect();
    await waiting(id);
    const [first, second] = agents.map(({ starts }) => starts[0]!.attemptId);
    await expect(
      node.core.tasks.didNotRun(SPACE, id, { by: 'me', attemptId: 'none-such' }),
    ).rejects.toMatchObject({ code: 'notFound' });
    await node.core.tasks.didNotRun(SPACE, id, { by: 'me', attemptId: first! });
    const states = new Map((await attempts(id)).map((attempt) => [attempt.id, attempt.state]));
    expect([states.get(first!), states.get(second!)]).toEqual(['denied', 'sending']);
    await agents[1]!.connect(node.core);
    await expect(
      node.core.tasks.didNotRun(SPACE, id, { by: 'me', attemptId: second! }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await until('it is sent again', () => agents[1]!.starts.length === 2);
    await agents[1]!.finish(second!);
    expect((await node.core.tasks.ended(SPACE, id)).state).toBe('failed');
    // It comes back, and is wrong about nothing: what it never got it does not run.
    await agents[0]!.connect(node.core);
    expect([agents[0]!.starts.length, agents[0]!.verdicts]).toEqual([1, []]);
  });

  test('no answer, and nobody says a word: never elsewhere', async () => {
    const agents = await pair();
    const id = await node.submit({ kind: 'pool', poolId });
    const { taker, other } = await given(agents);
    await taker.disconnect();
    await waiting(id);
    await new Promise((resolve) => setTimeout(resolve, NO_WORD_MS));
    await node.core.chores.lookAgain();
    await node.core.chores.reap();
    expect([(await task(id)).state, other.starts.length]).toEqual(['waiting', 0]);
    expect(await node.core.leases.held(SPACE)).toMatchObject([{ taskId: id }]);
    await node.core.tasks.didNotRun(SPACE, id, { by: 'me' });
    await until('the other one is given it', () => other.starts.length === 1);
    await other.finish(other.starts[0]!.attemptId);
    expect((await node.core.tasks.ended(SPACE, id)).state).toBe('success');
  });

  if (dialect === 'postgres')
    test("an operator's word through another node: the owner acts on it, and only where it can't ask", async () => {
      const elsewhere = await stage.node('node-2');
      const agents = await pair();
      const id = await node.submit({ kind: 'pool', poolId });
      const { taker, other } = await given(agents);
      await expect(elsewhere.core.tasks.didNotRun(SPACE, id, { by: 'me' })).rejects.toMatchObject({
        code: 'conflict',
      });
      await taker.disconnect();
      await waiting(id);
      await elsewhere.core.tasks.didNotRun(SPACE, id, { by: 'me' });
      await until('the other one is given it', () => other.starts.length === 1);
      expect((await task(id)).nodeId).toBe('node-1');
      const log = await node.core.tasks.log(SPACE, id, 0, 100);
      expect(log.map(({ text }) => text)).toContain('me says that it did not run');
      await other.finish(other.starts[0]!.attemptId);
      expect((await node.core.tasks.ended(SPACE, id)).state).toBe('success');
    });
});
