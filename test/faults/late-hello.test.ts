/**
 * A Hello may lie in the network while its agent is long at work over another
 * link, or has died; and two dials of one agent may cross. The session ticket
 * that such a Hello shows is dead, and still nobody was cloned.
 */
import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Goodbye_Reason } from '@longshore/protocol/gen/longshore/link/v1/link';

import { Agent } from '../integration/link-rig.ts';
import { openCoreStage, SPACE, type CoreStage, type StageNode } from '../support/core-stage.ts';
import { engineLink, type EngineLink } from '../support/engine-link.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

jest.setTimeout(60_000);

describe.each(DIALECTS)('a Hello that comes late (%s)', (dialect) => {
  let stage: CoreStage;
  let node: StageNode;
  let agentId: string;
  let agent: Agent;
  /** Two ways to one server node: its own address and that of a load balancer, say. */
  let ways: [EngineLink, EngineLink];

  beforeEach(async () => {
    stage = await openCoreStage(dialect);
    node = await stage.node('node-1');
    ({ id: agentId } = await node.addWorker(await node.addPool()));
    agent = new Agent(agentId);
    await agent.start();
    const link = { nodeId: 'node-1', agentId };
    ways = [engineLink(node.core.inbox, link), engineLink(node.core.inbox, link)];
    // From here on it has a ticket.
    const first = ways[0].dial(agent.engine);
    await until('a session is open', () => ways[0].session);
    ways[0].cut();
    await first;
  });

  afterEach(async () => {
    for (const way of ways) way.stop();
    await agent.remove();
    await stage.close();
  });

  const worker = async () => {
    const found = await node.store.read((tx) => tx.workers.find(agentId));
    if (found === undefined) throw new Error('the worker is gone');
    return found;
  };

  /** The tickets before are dead. */
  async function confirmed(): Promise<void> {
    await until('the newest ticket is confirmed', async () => {
      const ticket = await node.store.read((tx) => tx.tickets.get(agentId, 'node-1'));
      return ticket?.pending.length === 0;
    });
  }

  /** A script runs to its end on the link that there is. */
  async function works(): Promise<void> {
    agent.host.onStart = (attemptId) => agent.host.end(attemptId, { kind: 'exited', code: 0 });
    const id = await node.submit({ kind: 'workers', workerIds: [agentId] });
    expect((await node.core.tasks.ended(SPACE, id)).state).toBe('success');
  }

  test('of a link that the agent has given up: turned away, and the newer goes on', async () => {
    const arrival = Promise.withResolvers<void>();
    const late = ways[0].dial(agent.engine, arrival.promise);
    const newer = ways[1].dial(agent.engine);
    const session = await until('the newer link is at work', () => ways[1].session);
    await confirmed();
    arrival.resolve();
    expect((await late).agent).toMatchObject({ kind: 'goodbye', reason: Goodbye_Reason.REPLACED });
    expect(await worker()).toMatchObject({ locked: '', revoked: false });
    expect([session.over, ways[1].session]).toEqual([false, session]);
    await works();
    ways[1].stop();
    await newer;
  });

  test('of a link process that has died since: turned away, and the one that runs goes on', async () => {
    const arrival = Promise.withResolvers<void>();
    const late = ways[0].dial(agent.engine, arrival.promise);
    await setImmediate();
    ways[0].cut();
    await agent.engine.close();
    await agent.start();
    const newer = ways[1].dial(agent.engine);
    const session = await until('it is at work again', () => ways[1].session);
    await confirmed();
    arrival.resolve();
    await late;
    expect(await worker()).toMatchObject({ locked: '', revoked: false });
    expect([session.over, ways[1].session]).toEqual([false, session]);
    await works();
    ways[1].stop();
    await newer;
  });

  test('of another link of the same agent, dialled at the same moment: the newer goes on', async () => {
    const arrival = Promise.withResolvers<void>();
    const older = ways[0].dial(agent.engine);
    const newer = ways[1].dial(agent.engine, arrival.promise);
    let over = false;
    void older.then(() => (over = true));
    await until('the older is open, or over', () => over || ways[0].session);
    arrival.resolve();
    await until('the newer is open', () => ways[1].session);
    expect((await older).agent).toMatchObject({ kind: 'goodbye', reason: Goodbye_Reason.REPLACED });
    expect(await worker()).toMatchObject({ locked: '', revoked: false });
    await works();
    ways[1].stop();
    await newer;
  });
});
