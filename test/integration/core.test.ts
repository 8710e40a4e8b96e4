import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { FarAgent, openCoreStage, SPACE, type CoreStage, type StageNode } from '../support/core-stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

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

  test('a failing script fails its task', async () => {
    const agent = await connected();
    agent.onStart = (start) => void agent.finish(start.attemptId, { kind: 'exited', code: 3 });
    const id = await node.submit({ kind: 'pool', poolId });
    expect(await node.core.tasks.ended(SPACE, id)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('exit code 3'),
    });
  });
});
