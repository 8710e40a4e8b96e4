/** Deleting a worker: refused while it is leased; by force also when nobody there answers any more. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { UNAVAILABLE_AFTER_MS } from '@longshore/server/limits';

import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';
import { openApiStage, type ApiStage, type PlayedAgent } from './api-stage.ts';

interface Failure {
  error: { code: string; message: string; detail: { leases: { taskId: string }[] } };
}
interface Named {
  id: string;
  state: string;
}

describe.each(DIALECTS)('on %s', (dialect) => {
  let stage: ApiStage;
  let agent: PlayedAgent;
  beforeEach(async () => {
    stage = await openApiStage(dialect);
    agent = await stage.addAgent('w1');
    agent.plays.set('for ever', { until: new Promise<void>(() => undefined) });
  }, 60_000);
  afterEach(() => stage.close());

  const busy = async (): Promise<string> => {
    const { body } = await stage.call<Named>('POST', '/tasks', {
      workers: ['w1'],
      script: { body: 'for ever' },
    });
    await until('it runs', async () => {
      const { body: attempts } = await stage.call<{ items: Named[] }>('GET', `/tasks/${body.id}/attempts`);
      return attempts.items[0]?.state === 'running';
    });
    return body.id;
  };

  /** As if it had been away for long already. */
  const awayForLong = async (): Promise<void> => {
    await agent.disconnect();
    await stage.store.write(async (tx) => {
      const worker = (await tx.workers.find(agent.agentId))!;
      const long = Date.now() - 2 * UNAVAILABLE_AFTER_MS;
      await tx.workers.update({ ...worker, lastSeenAt: long });
    });
  };

  const audit = async (): Promise<{ action: string; actor: string; detail: Record<string, unknown> }[]> =>
    (await stage.call<{ items: never[] }>('GET', '/audit')).body.items;

  test('refused while it is leased, and the error names what leases it', async () => {
    const task = await busy();
    const { status, body } = await stage.call<Failure>('DELETE', '/workers/w1');
    expect([status, body.error.code]).toEqual([409, 'conflict']);
    expect(body.error.message).toBe(`Worker "w1" is leased by task ${task}; force cancels what runs on it`);
    expect(body.error.detail.leases).toMatchObject([{ taskId: task }]);
    expect(agent.cancelled).toEqual([]);
    expect((await stage.call<{ enabled: boolean }>('GET', '/workers/w1')).body.enabled).toBe(true);
  });

  test('by force while it is away: what ran there is lost, by the word of the operator', async () => {
    const task = await busy();
    await awayForLong();
    expect((await stage.call('DELETE', '/workers/w1?force=true')).status).toBe(204);
    const ended = await stage.core.tasks.ended('default', task);
    expect(ended.state).toBe('cancelled');
    expect(ended.message).toContain('deleted by force by admin');
    const { body } = await stage.call<{ items: object[] }>('GET', `/tasks/${task}/attempts`);
    expect(body.items).toMatchObject([{ state: 'ended', outcome: { kind: 'lost' } }]);
    expect((await stage.call('GET', '/workers/w1')).status).toBe(404);
    expect((await stage.call<{ items: object[] }>('GET', '/leases')).body.items).toEqual([]);
    expect((await audit()).slice(0, 2)).toMatchObject([
      { action: 'worker.deleted', actor: 'admin', detail: { name: 'w1', forced: true, givenUp: [task] } },
      { action: 'worker.givenUp', actor: 'admin', detail: { name: 'w1', tasks: [task] } },
    ]);
    await expect(agent.connect()).rejects.toThrow('not registered');
  });

  test('by force while it is there, free: at once, and nothing is given up', async () => {
    expect((await stage.call('DELETE', '/workers/w1?force=true')).status).toBe(204);
    expect((await audit())[0]?.detail).toEqual({ name: 'w1', forced: true });
    expect(agent.closedWhy).not.toBe('');
  });

  test('by force while it is away for a moment only: it is waited for, and hears of the cancel', async () => {
    const task = await busy();
    await agent.disconnect();
    const deleted = stage.call('DELETE', '/workers/w1?force=true');
    await until('it is cancelling', async () => {
      const { body } = await stage.call<Named>('GET', `/tasks/${task}`);
      return body.state === 'cancelling';
    });
    await agent.connect();
    expect((await deleted).status).toBe(204);
    expect(agent.cancelled).toHaveLength(1);
    const { body } = await stage.call<{ items: object[] }>('GET', `/tasks/${task}/attempts`);
    expect(body.items).toMatchObject([{ outcome: { kind: 'cancelled' } }]);
  });

  test('a revoked worker that comes no more: what it had is lost, whoever revoked it', async () => {
    const task = await busy();
    await agent.disconnect();
    await stage.store.write(async (tx) => {
      const worker = (await tx.workers.find(agent.agentId))!;
      await tx.workers.update({ ...worker, revoked: true });
      stage.store.announce(tx, 'trust', worker.id);
    });
    expect((await stage.core.tasks.ended('default', task)).message).toContain('revoked');
  });
});
