import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { encodeRecords } from '@longshore/protocol/spool-record';
import type { Attempt } from '@longshore/server/domain/attempt';

import {
  FarAgent,
  openCoreStage,
  reportOf,
  SCRIPT,
  SPACE,
  type CoreStage,
  type StageNode,
} from '../support/core-stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

// The first use of PostgreSQL makes and starts a server.
jest.setTimeout(60_000);

describe.each(DIALECTS)('the core on %s', (dialect) => {
  let stage: CoreStage;
  let node: StageNode;
  let poolId: string;

  beforeEach(async () => {
    stage = await openCoreStage(dialect);
    node = await stage.node('node-1');
    poolId = await node.addPool();
  });

  afterEach(async () => {
    await stage.close();
  });

  const connected = async (): Promise<FarAgent> => {
    const agent = new FarAgent(await node.addWorker(poolId));
    await agent.connect(node.core);
    return agent;
  };
  const stateOf = async (id: string): Promise<string> => (await node.core.tasks.get(SPACE, id)).state;

  test('a script on a pool: lease, start, output, outcome, success, release', async () => {
    const agent = await connected();
    const id = await node.submit({ kind: 'pool', poolId });
    await until('it starts', () => agent.starts.length === 1);
    const [start] = agent.starts;
    expect(start).toMatchObject({ taskId: id, spec: { body: 'echo hi' } });
    expect(await node.core.leases.held(SPACE)).toMatchObject([
      { taskId: id, mode: 'shared', resource: { id: agent.worker.id } },
    ]);
    await agent.accept(start!);
    await agent.finish(start!.attemptId);
    const task = await node.core.tasks.get(SPACE, id);
    expect(task).toMatchObject({ state: 'success', nodeId: 'node-1' });
    expect(await node.core.leases.held(SPACE)).toEqual([]);
    expect(await node.core.leases.history(SPACE, { taskId: id, limit: 5 })).toMatchObject([
      { releaseReason: 'exit code 0' },
    ]);
    expect(agent.commands).toMatchObject([{ command: 'release', attemptId: start!.attemptId }]);
    const attempts = await node.core.tasks.attempts(SPACE, id);
    expect(attempts).toMatchObject([
      { state: 'ended', complete: true, outcome: { kind: 'exited', code: 0 } },
    ]);
    const log = await node.core.tasks.log(SPACE, id, 0, 100);
    expect(log[0]?.text).toContain('fewest leases');
  });

  const seen = (agent: FarAgent): Promise<unknown> =>
    node.store.read(async (tx) => {
      const worker = await tx.workers.find(agent.worker.id);
      return { connectedAt: worker?.connectedAt, nodes: await tx.nodes.sessionsWith(agent.worker.id) };
    });

  test('a session that ends while it takes the place of another is the end of both', async () => {
    const agent = await connected();
    const id = await node.submit({ kind: 'pool', poolId }, { timeoutMs: 500 });
    await until('it starts', () => agent.starts.length === 1);
    await agent.accept(agent.starts[0]!);
    const before = agent.session;
    const cut = new Error('cut before its inventory was answered');
    const listed = async (): Promise<void> => {
      before.close('replaced', '');
      await node.core.inbox.closed(before, 'replaced');
      agent.session.close('shutdown', '');
      await agent.disconnect();
      throw cut;
    };
    await expect(agent.connect(node.core, { listed })).rejects.toBe(cut);
    expect(await seen(agent)).toEqual({ connectedAt: null, nodes: [] });
    // Its machine never comes back: with its time-out the task has an end.
    await until('it is given up', async () => (await stateOf(id)) === 'timedOut');
    expect(await node.core.leases.held(SPACE)).toEqual([]);
  });

  test('a session that ends while it is being opened gets no work', async () => {
    const agent = await connected();
    const listed = async (): Promise<void> => {
      const { session } = agent;
      const opened = node.core.inbox.opened(session);
      session.close('shutdown', '');
      await node.core.inbox.closed(session, 'cut');
      await opened;
      throw new Error('cut');
    };
    await expect(agent.connect(node.core, { listed })).rejects.toThrow('cut');
    expect(await seen(agent)).toEqual({ connectedAt: null, nodes: [] });
    await node.submit({ kind: 'pool', poolId });
    await setImmediate();
    expect(agent.starts).toEqual([]);
    expect(await node.core.leases.held(SPACE)).toEqual([]);
  });

  test('an agent is heard on its own attempts only', async () => {
    const agent = await connected();
    const id = await node.submit({ kind: 'pool', poolId });
    await until('it starts', () => agent.starts.length === 1);
    const { attemptId } = agent.starts[0]!;
    await agent.accept(agent.starts[0]!);
    const liar = await connected();
    const { inbox } = node.core;
    const record = encodeRecords('stdout', 1, Buffer.from('not mine'));
    const success = { kind: 'exited', code: 0 } as const;
    const report = reportOf(Buffer.alloc(0));
    const chunk = { index: 0, offset: 0, content: record, last: true, digest: '', error: '' };
    const forbidden = { code: 'forbidden' };
    await expect(inbox.output(liar.session, attemptId, 0, record, null)).rejects.toMatchObject(forbidden);
    await expect(inbox.outputMissing(liar.session, attemptId, 0, 500)).rejects.toMatchObject(forbidden);
    await expect(inbox.outcome(liar.session, attemptId, success, report)).rejects.toMatchObject(forbidden);
    await expect(inbox.artifact(liar.session, attemptId, chunk)).rejects.toMatchObject(forbidden);
    await expect(inbox.events(liar.session, attemptId, [])).rejects.toMatchObject(forbidden);
    await expect(inbox.phaseChanged(liar.session, attemptId, 'ended')).rejects.toMatchObject(forbidden);
    // Listed, as by a data directory that was registered anew, it is told that nobody knows it there.
    const outcome = { outcome: success, report };
    const summary = { ...agent.attempts.get(attemptId)!, phase: 'ended' as const, outcome };
    expect(await inbox.inventory(liar.session, [summary])).toEqual([{ attemptId, kind: 'unknown' }]);
    expect(await stateOf(id)).toBe('executing');
    await agent.finish(attemptId);
    expect(await stateOf(id)).toBe('success');
    await expect(inbox.outcome(liar.session, attemptId, success, report)).rejects.toMatchObject(forbidden);
    expect(await inbox.inventory(liar.session, [summary])).toEqual([{ attemptId, kind: 'unknown' }]);
    // Its own, once complete, takes no more.
    const length = await node.logs.length(attemptId);
    await expect(inbox.output(agent.session, attemptId, length, record, null)).rejects.toMatchObject(
      forbidden,
    );
    expect(await node.logs.length(attemptId)).toBe(length);
  });

  test('who sees an outcome can read all of the output', async () => {
    const agent = await connected();
    const records = Array.from({ length: 40 }, (_, i) =>
      encodeRecords('stdout', i, Buffer.alloc(60_000, 'x')),
    );
    agent.onStart = ({ attemptId }) => {
      const { inbox } = node.core;
      let offset = 0;
      for (const record of records) {
        void inbox.output(agent.session, attemptId, offset, record, null);
        offset += record.length;
      }
      const report = reportOf(Buffer.concat(records));
      void inbox.outcome(agent.session, attemptId, { kind: 'exited', code: 0 }, report);
    };
    for (let i = 0; i < 5; i++) {
      const id = await node.submit({ kind: 'pool', poolId });
      // Asked for, as over REST: who waits for its end hears of it later.
      while ((await stateOf(id)) !== 'success') await setImmediate();
      const [attempt] = await node.core.tasks.attempts(SPACE, id);
      expect(await node.logs.length(attempt!.id)).toBe(attempt!.outputLength);
    }
  });

  test('a failing script fails its task', async () => {
    const agent = await connected();
    agent.onStart = (start) => void agent.finish(start.attemptId, { kind: 'exited', code: 3 });
    const id = await node.submit({ kind: 'pool', poolId });
    expect(await node.core.tasks.ended(SPACE, id)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('exit code 3'),
    });
  });

  test('full workers: the queue shows place and reason, and goes on in ticket order', async () => {
    const agent = await connected();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push(await node.submit({ kind: 'pool', poolId }));
    await until('two start', () => agent.starts.length === 2);
    const queue = await node.core.leases.queue(SPACE);
    expect(queue.map(({ request, place }) => [request.taskId, place])).toEqual([
      [ids[2], 1],
      [ids[3], 2],
      [ids[4], 3],
    ]);
    expect(queue[0]?.reason).toContain('full');
    expect(await node.core.tasks.get(SPACE, ids[3]!)).toMatchObject({ state: 'queued', place: 2 });
    agent.onStart = (start) => void agent.finish(start.attemptId);
    for (const start of agent.starts.slice(0, 2)) await agent.finish(start.attemptId);
    for (const id of ids) await node.core.tasks.ended(SPACE, id);
    expect(agent.starts.map((start) => start.taskId)).toEqual(ids);
  });

  test('no worker that could take it: fails at once, and says why for each', async () => {
    const agent = new FarAgent(await node.addWorker(poolId, { enabled: false }));
    await agent.connect(node.core);
    const id = await node.submit({ kind: 'pool', poolId });
    const task = await node.core.tasks.ended(SPACE, id);
    expect(task.state).toBe('failed');
    expect(task.message).toContain(`1 disabled (${agent.worker.name}: disabled)`);
    const tool = await connected();
    const wanting = await node.submit({ kind: 'pool', poolId }, { tools: ['kubectl'] });
    expect((await node.core.tasks.ended(SPACE, wanting)).message).toContain(
      `${tool.worker.name}: has no kubectl`,
    );
  });

  test('refused: moves to the next worker, and fails with the reasons when all refuse', async () => {
    const [first, second] = [await connected(), await connected()];
    first.onStart = (start) => void first.refuse(start);
    second.onStart = (start) => void second.refuse(start);
    const id = await node.submit({ kind: 'pool', poolId });
    const task = await node.core.tasks.ended(SPACE, id);
    expect([first.starts.length, second.starts.length]).toEqual([1, 1]);
    expect(task).toMatchObject({ state: 'failed', message: expect.stringContaining('2 denied it') });
    expect(await node.core.leases.held(SPACE)).toEqual([]);
  });

  test('several workers are leased all or nothing, and the task ends with the last', async () => {
    const [first, second] = [await connected(), await connected()];
    const workerIds = [first.worker.id, second.worker.id];
    const alone = await node.submit(
      { kind: 'workers', workerIds: [second.worker.id] },
      { leaseMode: 'exclusive' },
    );
    await until('the exclusive one starts', () => second.starts.length === 1);
    const both = await node.submit({ kind: 'workers', workerIds });
    expect(await node.core.tasks.get(SPACE, both)).toMatchObject({ state: 'queued', place: 1 });
    expect(first.starts).toEqual([]);
    await second.finish(second.starts[0]!.attemptId);
    await node.core.tasks.ended(SPACE, alone);
    await until('both start', () => first.starts.length === 1 && second.starts.length === 2);
    await first.finish(first.starts[0]!.attemptId, { kind: 'exited', code: 4 });
    expect(await stateOf(both)).toBe('executing');
    await second.finish(second.starts[1]!.attemptId);
    expect(await node.core.tasks.ended(SPACE, both)).toMatchObject({
      state: 'failed',
      message: `exit code 4 on ${first.worker.name}`,
    });
  });

  test('cancel: in the queue, and while it runs', async () => {
    const agent = await connected();
    const running = [
      await node.submit({ kind: 'pool', poolId }),
      await node.submit({ kind: 'pool', poolId }),
    ];
    const queued = await node.submit({ kind: 'pool', poolId });
    expect(await node.core.tasks.cancel(SPACE, queued, 'me')).toMatchObject({ state: 'cancelled' });
    await until('both start', () => agent.starts.length === 2);
    await agent.accept(agent.starts[0]!);
    expect(await node.core.tasks.cancel(SPACE, running[0]!, 'me')).toMatchObject({ state: 'cancelling' });
    await until('the agent hears it', () => agent.commands.some(({ command }) => command === 'cancel'));
    await agent.finish(agent.starts[0]!.attemptId, { kind: 'cancelled' });
    expect(await node.core.tasks.ended(SPACE, running[0]!)).toMatchObject({ state: 'cancelled' });
    await agent.finish(agent.starts[1]!.attemptId);
    expect(await stateOf(running[1]!)).toBe('success');
    expect(await node.core.leases.queue(SPACE)).toEqual([]);
  });

  test('a restart of the server: the task is taken up where it stood, with a higher fence', async () => {
    const agent = await connected();
    const id = await node.submit({ kind: 'pool', poolId });
    await until('it starts', () => agent.starts.length === 1);
    const [start] = agent.starts;
    await agent.accept(start!);
    // No goodbye: as after a kill.
    const next = await stage.node('node-1');
    expect(await next.core.leases.held(SPACE)).toHaveLength(1);
    await agent.connect(next.core);
    expect(agent.verdicts).toMatchObject([{ kind: 'keep', fromOffset: 0, fromEvent: 0 }]);
    const adopt = agent.commands.find(({ command }) => command === 'adopt');
    expect(adopt?.fence.n).toBeGreaterThan(start!.fence.n);
    await agent.finish(start!.attemptId);
    expect(await next.core.tasks.ended(SPACE, id)).toMatchObject({ state: 'success' });
    expect(agent.starts).toHaveLength(1);
    expect(await next.core.leases.held(SPACE)).toEqual([]);
  });

  test('an inventory that lay in the network until a newer session was at work denies nothing', async () => {
    const agent = await connected();
    const before = agent.session;
    await agent.connect(node.core);
    const id = await node.submit({ kind: 'pool', poolId });
    await until('it starts', () => agent.starts.length === 1);
    await agent.accept(agent.starts[0]!);
    before.close('replaced', 'as the directory does when the newer one is welcomed');
    expect(await node.core.inbox.inventory(before, [])).toEqual([]);
    await agent.finish(agent.starts[0]!.attemptId);
    expect(await node.core.tasks.ended(SPACE, id)).toMatchObject({ state: 'success' });
  });

  test('a Start that got lost is sent again to the same incarnation; to another it never is', async () => {
    const agent = await connected();
    const id = await node.submit({ kind: 'pool', poolId });
    await until('it is sent', () => agent.starts.length === 1);
    // The frame was lost with the session: the agent never had it.
    await agent.disconnect();
    await agent.connect(node.core);
    await until('it is sent again', () => agent.starts.length === 2);
    expect(agent.starts[1]?.attemptId).toBe(agent.starts[0]?.attemptId);
    await agent.disconnect();
    agent.incarnation = { ...agent.incarnation, bootId: 'another' };
    await agent.connect(node.core);
    expect(await node.core.tasks.ended(SPACE, id)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('interrupted'),
    });
    expect(agent.starts).toHaveLength(2);
    // And a Start that another node sends late finds a tombstone.
    expect(agent.verdicts).toMatchObject([{ attemptId: agent.starts[0]?.attemptId, kind: 'cancel' }]);
  });

  test('an outcome that came while the server was away is taken from the inventory', async () => {
    const agent = await connected();
    const id = await node.submit({ kind: 'pool', poolId });
    await until('it starts', () => agent.starts.length === 1);
    await agent.accept(agent.starts[0]!);
    const next = await stage.node('node-1');
    const known = agent.attempts.get(agent.starts[0]!.attemptId)!;
    Object.assign(known, {
      phase: 'ended',
      outcome: { outcome: { kind: 'exited', code: 0 }, report: reportOf(Buffer.alloc(0)) },
    });
    await agent.connect(next.core);
    expect(agent.verdicts).toMatchObject([{ kind: 'release' }]);
    expect(await next.core.tasks.ended(SPACE, id)).toMatchObject({ state: 'success' });
  });

  test('unreachable past the time-out: lost, the lease is free, the worker quarantined until it is back and clean', async () => {
    const agent = await connected();
    const id = await node.submit({ kind: 'pool', poolId }, { timeoutMs: 600 });
    await until('it starts', () => agent.starts.length === 1);
    await agent.accept(agent.starts[0]!);
    await agent.disconnect();
    const task = await node.core.tasks.ended(SPACE, id);
    expect(task).toMatchObject({ state: 'timedOut', message: expect.stringContaining('lost') });
    expect(await node.core.leases.held(SPACE)).toEqual([]);
    const worker = (): Promise<{ quarantined: string } | undefined> =>
      node.store.read((tx) => tx.workers.find(agent.worker.id));
    expect((await worker())?.quarantined).not.toBe('');
    await agent.connect(node.core);
    expect(agent.verdicts).toMatchObject([{ kind: 'cancel' }]);
    expect((await worker())?.quarantined).not.toBe('');
    await agent.finish(agent.starts[0]!.attemptId, { kind: 'cancelled' });
    await until('it is released', () => agent.attempts.size === 0);
    expect((await worker())?.quarantined).toBe('');
    expect(await stateOf(id)).toBe('timedOut');
  });

  /** A script that is given up while its agent is cut off, where it then ends by itself. */
  async function endsGivenUp(agent: FarAgent): Promise<{ id: string; attemptId: string; records: Buffer }> {
    const id = await node.submit({ kind: 'pool', poolId }, { timeoutMs: 600 });
    await until('it starts', () => agent.starts.length === 1);
    const { attemptId } = agent.starts[0]!;
    await agent.accept(agent.starts[0]!);
    await agent.disconnect();
    expect(await node.core.tasks.ended(SPACE, id)).toMatchObject({ state: 'timedOut' });
    const records = encodeRecords('stdout', 1, Buffer.from('after all\n'));
    const outcome = { outcome: { kind: 'exited', code: 5 } as const, report: reportOf(records) };
    Object.assign(agent.attempts.get(attemptId)!, {
      ...{ phase: 'ended', outputLength: records.length, outcome },
    });
    return { id, attemptId, records };
  }

  const tellings = async (attemptId: string): Promise<string[]> =>
    (await node.store.read((tx) => tx.audit.list(SPACE, 1000)))
      .filter(({ subject }) => subject === attemptId)
      .map(({ action }) => action);

  test('the output of what ended after it was given up is kept by its agent until all of it is stored', async () => {
    const agent = await connected();
    const { id, attemptId, records } = await endsGivenUp(agent);
    for (let time = 1; time <= 2; time++) {
      await agent.connect(node.core);
      expect(agent.verdicts).toMatchObject([{ kind: 'keep', fromOffset: 0 }]);
      // Nothing of it runs any more, so new work may come.
      expect(await quarantineOf(agent)).toBe('');
      // Its link goes again before a byte came.
      await agent.disconnect();
    }
    await agent.connect(node.core);
    await agent.finish(attemptId, { kind: 'exited', code: 5 }, 'after all\n');
    expect(agent.attempts.size).toBe(0);
    expect(await node.logs.read(attemptId, 0, 1000)).toEqual(records);
    expect(await tellings(attemptId)).toEqual(['attempt.endedAfterLost']);
    expect((await node.core.tasks.attempts(SPACE, id))[0]).toMatchObject({
      ...{ state: 'ended', outcome: { kind: 'lost' }, complete: true, outputLength: records.length },
    });
    expect(await stateOf(id)).toBe('timedOut');
  });

  test('an outcome that comes without the output before it does not let go of that', async () => {
    const agent = await connected();
    const { attemptId, records } = await endsGivenUp(agent);
    await agent.connect(node.core);
    const outcome = { kind: 'exited', code: 5 } as const;
    await node.core.inbox.outcome(agent.session, attemptId, outcome, reportOf(records));
    expect(agent.attempts.size).toBe(1);
    await agent.finish(attemptId, outcome, 'after all\n');
    expect(agent.attempts.size).toBe(0);
    expect(await tellings(attemptId)).toEqual(['attempt.endedAfterLost']);
  });

  const quarantineOf = async (agent: FarAgent): Promise<string> =>
    (await node.store.read((tx) => tx.workers.find(agent.worker.id)))?.quarantined ?? 'not there';

  test('what was given up comes back while its task goes on: its output is kept, and nothing else is taken from it', async () => {
    const [agent, other] = [await connected(), await connected()];
    const workerIds = [agent.worker.id, other.worker.id];
    const id = await node.submit({ kind: 'workers', workerIds }, { timeoutMs: 600 });
    await until('both start', () => agent.starts.length + other.starts.length === 2);
    for (const one of [agent, other]) await one.accept(one.starts[0]!);
    await agent.disconnect();
    const { attemptId } = agent.starts[0]!;
    const known = async (): Promise<Attempt | undefined> =>
      (await node.core.tasks.attempts(SPACE, id)).find((one) => one.id === attemptId);
    await until('it is given up', async () => (await known())?.outcome?.kind === 'lost');
    await agent.connect(node.core);
    expect(agent.verdicts).toMatchObject([{ attemptId, kind: 'cancel' }]);
    await agent.finish(attemptId, { kind: 'cancelled' }, 'late\n', [
      { n: 1, atOffset: 0, time: 1, kind: 'setVariable', name: 'Late', value: 'x', sensitive: false },
    ]);
    expect(agent.attempts.size).toBe(0);
    expect((await node.logs.read(attemptId, 0, 1000)).toString()).toContain('late');
    expect(await node.store.read((tx) => tx.attempts.events(SPACE, attemptId, 0))).toEqual([]);
    expect(await known()).toMatchObject({
      ...{ outcome: { kind: 'lost' }, complete: true, outputLength: await node.logs.length(attemptId) },
    });
    expect(await quarantineOf(agent)).toBe('');
    expect(await stateOf(id)).toBe('cancelling');
    await other.finish(other.starts[0]!.attemptId, { kind: 'timedOut' }, '');
    expect(await stateOf(id)).toBe('timedOut');
  });

  test('of two that were given up on one worker, both must be gone before it takes leases again', async () => {
    const agent = await connected();
    const ids = [1, 2].map(() => node.submit({ kind: 'pool', poolId }, { timeoutMs: 600 }));
    await until('both start', () => agent.starts.length === 2);
    const [first, second] = agent.starts;
    await agent.accept(first!);
    await agent.accept(second!);
    await agent.disconnect();
    for (const id of ids) await node.core.tasks.ended(SPACE, await id);
    await agent.connect(node.core);
    await agent.finish(first!.attemptId, { kind: 'cancelled' });
    await until('the first is released', () => agent.attempts.size === 1);
    expect(await quarantineOf(agent)).not.toBe('');
    await agent.finish(second!.attemptId, { kind: 'cancelled' });
    await until('the second is released', () => agent.attempts.size === 0);
    expect(await quarantineOf(agent)).toBe('');
  });

  test('an agent that says that it is quarantined gets no script until it says otherwise', async () => {
    const [agent, other] = [await connected(), await connected()];
    await node.core.inbox.quarantined(agent.session, 'leftovers of host 1');
    expect(await quarantineOf(agent)).toBe('leftovers of host 1');
    await node.submit({ kind: 'pool', poolId });
    await until('the other one gets it', () => other.starts.length === 1);
    await agent.disconnect();
    agent.quarantined = 'leftovers of host 2';
    await agent.connect(node.core);
    await node.core.inbox.quarantined(agent.session, '');
    expect(await quarantineOf(agent)).toBe('');
    await node.submit({ kind: 'workers', workerIds: [agent.worker.id] });
    await until('it starts', () => agent.starts.length === 1);
  });

  test('what an agent says of its quarantine stands when what was given up there is gone, and the other way round', async () => {
    const agent = await connected();
    const id = await node.submit({ kind: 'pool', poolId }, { timeoutMs: 600 });
    await until('it starts', () => agent.starts.length === 1);
    const [start] = agent.starts;
    await agent.accept(start!);
    await agent.disconnect();
    await node.core.tasks.ended(SPACE, id);
    agent.quarantined = 'leftovers';
    await agent.connect(node.core);
    expect(await quarantineOf(agent)).toContain('was given up');
    await agent.finish(start!.attemptId, { kind: 'cancelled' });
    await until('it is released', () => agent.attempts.size === 0);
    expect(await quarantineOf(agent)).toBe('leftovers');
    await node.core.inbox.quarantined(agent.session, '');
    expect(await quarantineOf(agent)).toBe('');
  });

  test('a quarantine ends with what was given up, while its task still waits for another worker', async () => {
    const [away, here] = [await connected(), await connected()];
    const workerIds = [away.worker.id, here.worker.id];
    const id = await node.submit({ kind: 'workers', workerIds }, { timeoutMs: 600 });
    await until('both start', () => away.starts.length === 1 && here.starts.length === 1);
    await away.accept(away.starts[0]!);
    await here.accept(here.starts[0]!);
    await away.disconnect();
    await until('it is given up', async () => (await quarantineOf(away)) !== '');
    expect(await stateOf(id)).toBe('cancelling');
    await away.connect(node.core);
    await away.finish(away.starts[0]!.attemptId, { kind: 'cancelled' });
    await until('it is released', () => away.attempts.size === 0);
    expect(await quarantineOf(away)).toBe('');
    await here.finish(here.starts[0]!.attemptId, { kind: 'cancelled' });
    expect(await node.core.tasks.ended(SPACE, id)).toMatchObject({ state: 'timedOut' });
  });

  test("an operator's word that it did not run lets the action move on", async () => {
    const [first, second] = [await connected(), await connected()];
    const id = await node.submit({ kind: 'pool', poolId });
    const taker = await until('one starts it', () =>
      [first, second].find((agent) => agent.starts.length === 1),
    );
    const other = taker === first ? second : first;
    await taker.disconnect();
    await expect(node.core.tasks.didNotRun(SPACE, 'no-such', { by: 'me' })).rejects.toMatchObject({
      code: 'notFound',
    });
    await node.core.tasks.didNotRun(SPACE, id, { by: 'me' });
    await until('the other one starts it', () => other.starts.length === 1);
    await other.finish(other.starts[0]!.attemptId);
    expect(await node.core.tasks.ended(SPACE, id)).toMatchObject({ state: 'success' });
  });

  test('an exclusive request settles on one worker and is not overtaken there', async () => {
    const agent = await connected();
    const first = await node.submit({ kind: 'pool', poolId });
    const alone = await node.submit({ kind: 'pool', poolId }, { leaseMode: 'exclusive' });
    const later = await node.submit({ kind: 'pool', poolId });
    await until('the first starts', () => agent.starts.length === 1);
    expect((await node.core.leases.queue(SPACE)).map(({ request }) => request.barrier?.id)).toEqual([
      agent.worker.id,
      undefined,
    ]);
    agent.onStart = (start) => void agent.finish(start.attemptId);
    await agent.finish(agent.starts[0]!.attemptId);
    for (const id of [first, alone, later]) await node.core.tasks.ended(SPACE, id);
    expect(agent.starts.map((start) => start.taskId)).toEqual([first, alone, later]);
  });

  test('a dead ticket locks the identity', async () => {
    const agent = await connected();
    await expect(agent.connect(node.core, { ticket: 'of-a-clone' })).rejects.toThrow('locked');
    expect(agent.commands.map(({ command }) => command)).toContain('close locked');
    await expect(agent.connect(node.core)).rejects.toThrow('locked');
    expect(await node.store.read((tx) => tx.audit.list(SPACE, 10))).toMatchObject([
      { action: 'worker.locked' },
    ]);
  });

  test('sensitive values are sealed at rest, sent in clear, and masked for readers', async () => {
    const agent = await connected();
    const script = { ...SCRIPT, variables: [{ name: 'key', value: 'hunter2', sensitive: true }] };
    const id = await node.submit({ kind: 'pool', poolId }, { script });
    await until('it starts', () => agent.starts.length === 1);
    expect(agent.starts[0]?.spec.variables).toEqual([{ name: 'key', value: 'hunter2', sensitive: true }]);
    const stored = await node.store.read((tx) => tx.tasks.get(SPACE, id));
    expect(JSON.stringify(stored)).not.toContain('hunter2');
    const { attemptId } = agent.starts[0]!;
    await agent.accept(agent.starts[0]!);
    const event = {
      n: 1,
      atOffset: 0,
      time: 1,
      kind: 'setVariable',
      name: 'out',
      value: 'swordfish',
      sensitive: true,
    } as const;
    expect(await node.core.inbox.events(agent.session, attemptId, [event])).toBe(1);
    expect(await node.core.tasks.variables(SPACE, id)).toMatchObject([{ name: 'out', value: '********' }]);
    const rows = await node.store.read((tx) => tx.attempts.events(SPACE, attemptId, 0));
    expect(JSON.stringify(rows)).not.toContain('swordfish');
  });

  test('a segment that is not what its digest says is refused and cut off', async () => {
    const agent = await connected();
    await node.submit({ kind: 'pool', poolId });
    await until('it starts', () => agent.starts.length === 1);
    const { attemptId } = agent.starts[0]!;
    await agent.accept(agent.starts[0]!);
    const records = encodeRecords('stdout', 1, Buffer.from('hello\n'));
    const wrong = node.core.inbox.output(agent.session, attemptId, 0, records, 'ab'.repeat(32));
    await expect(wrong).rejects.toMatchObject({ code: 'corrupt', detail: { from: 0 } });
    const right = reportOf(records).segmentDigests[0]!;
    expect(await node.core.inbox.output(agent.session, attemptId, 0, records, right)).toBe(records.length);
    expect(await node.core.inbox.output(agent.session, attemptId, 0, records, right)).toBe(records.length);
  });

  test('segments that follow on at once are each held against their own digest', async () => {
    const agent = await connected();
    await node.submit({ kind: 'pool', poolId });
    await until('it starts', () => agent.starts.length === 1);
    const { attemptId } = agent.starts[0]!;
    await agent.accept(agent.starts[0]!);
    const segments = ['one\n', 'two\n', 'three\n'].map((text) =>
      encodeRecords('stdout', 1, Buffer.from(text)),
    );
    let offset = 0;
    const stored = segments.map((records) => {
      const at = offset;
      offset += records.length;
      return node.core.inbox.output(
        agent.session,
        attemptId,
        at,
        records,
        reportOf(records).segmentDigests[0]!,
      );
    });
    expect(await Promise.all(stored)).toHaveLength(3);
    const attempt = await node.store.read((tx) => tx.attempts.get(SPACE, attemptId));
    expect(attempt).toMatchObject({ verifiedLength: offset, outputLength: expect.any(Number) });
    expect(attempt?.segmentDigests).toEqual(segments.map((records) => reportOf(records).segmentDigests[0]));
  });
});
