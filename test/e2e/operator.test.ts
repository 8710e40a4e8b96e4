/** What an operator does over REST, and what is said to one who may not: pools, workers, policy, locks. */
import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { answers, freePort } from '../support/ports.ts';
import { isAlive } from '../support/proc.ts';
import { Daemon, startProgram } from '../support/program.ts';
import { ENDED } from '../support/rest.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

interface Failure {
  error: {
    code: string;
    message: string;
    fields: { field: string; expected: string }[];
    detail: Record<string, unknown>;
  };
}
interface Worker {
  id: string;
  name: string;
  mode: string;
  connected: boolean;
  health: string;
  pools: { name: string }[];
  slots: number;
  labels: Record<string, string>;
}

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
  await stage.addAgent('polling', { name: 'w1', slots: 2 });
}, 60_000);
afterAll(() => stage.close(), 60_000);

interface Answer<T> {
  status: number;
  body: T;
}

async function call<T = Failure>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const answer = await stage.rest.call(method, path, body);
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as never };
}

/** A script that runs until its file is there. */
async function busy(name: string, more: { script?: object } & Record<string, unknown> = {}) {
  const go = join(stage.folder, `go-${name}`);
  const { id } = await stage.rest.script(`echo ready; until [ -e ${go} ]; do sleep 0.05; done`, {
    pool: POOL,
    name,
    ...more,
  });
  return {
    id,
    ready: () => stage.rest.outputHas(id, 'ready\n'),
    end: () => writeFileSync(go, ''),
  };
}

describe('worker pools', () => {
  test('one in use is not deleted, and the error lists what uses it', async () => {
    const [first, second, third] = [await busy('one'), await busy('two'), await busy('three')];
    await first.ready();
    await second.ready();
    await stage.rest.inState(third.id, ['queued']);
    const { status, body } = await call('DELETE', `/pools/${POOL}`);
    expect([status, body.error.code]).toEqual([409, 'conflict']);
    expect(body.error.message).toBe(
      `Worker pool "${POOL}" is in use by worker "w1", task "three", task "two", task "one"`,
    );
    expect(body.error.detail['usedBy']).toEqual([
      { kind: 'worker', id: expect.any(String), name: 'w1' },
      ...[third, second, first].map(({ id }, i) => ({ kind: 'task', id, name: ['three', 'two', 'one'][i] })),
    ]);
    for (const task of [first, second, third]) task.end();
    for (const { id } of [first, second, third])
      expect((await stage.rest.inState(id, ENDED)).state).toBe('success');
  }, 60_000);

  test('the default pool is not deleted; an empty one is', async () => {
    const { status, body } = await call('DELETE', '/pools/default%20worker%20pool');
    expect([status, body.error.message]).toEqual([
      409,
      'Worker pool "Default Worker Pool" is the default pool and can\'t be deleted; make another one the default first',
    ]);
    expect((await call('POST', '/pools', { name: 'empty' })).status).toBe(201);
    expect((await call('DELETE', '/pools/empty')).status).toBe(204);
    expect((await call('GET', '/pools/empty')).status).toBe(404);
  });
});

describe('a listening agent', () => {
  test('is added by its pairing string, once, and runs a script', async () => {
    const folder = join(stage.folder, 'listening');
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const args = ['--data-dir', join(folder, 'data')];
    const configured = await startProgram('agent', ['configure', ...args, '--listen', address]).ended;
    const pairing = /lsp_\S+/.exec(configured.stdout.toString())?.[0];
    const asked = { pairing, name: 'l1', pools: [POOL], slots: 3, labels: { zone: 'a' }, address };
    const absent = await call('POST', '/workers', asked);
    expect([absent.status, absent.body.error.code]).toEqual([503, 'unavailable']);

    const daemon = new Daemon('agent', {
      args: ['run', ...args, '--log-format', 'json'],
      logFile: join(stage.folder, 'l1.log'),
    });
    daemon.start();
    try {
      await until('it listens', () => answers(port));
      const wrong = await call('POST', '/workers', { ...asked, pairing: 'lsp_nonsense' });
      expect([wrong.status, wrong.body.error.code]).toEqual([400, 'invalid']);
      const nowhere = await call('POST', '/workers', { ...asked, pools: ['nowhere'] });
      expect([nowhere.status, nowhere.body.error.fields[0]?.field]).toEqual([400, 'pools[0]']);
      const added = await call<Worker>('POST', '/workers', asked);
      expect([added.status, added.body]).toMatchObject([
        201,
        { name: 'l1', mode: 'listening', slots: 3, labels: { zone: 'a' }, pools: [{ name: POOL }] },
      ]);
      await until('it is connected', async () => (await stage.rest.get<Worker>('/workers/l1')).connected);
      const { id } = await stage.rest.script('echo from l1', { workers: ['l1'] });
      const { attempt } = await stage.rest.ended(id);
      expect((await stage.rest.bytes(`/attempts/${attempt.id}/output`)).toString()).toBe('from l1\n');
      const again = await call('POST', '/workers', { ...asked, name: 'l2' });
      expect(again.status).toBeGreaterThanOrEqual(400);
      expect((await call('GET', '/workers/l2')).status).toBe(404);
    } finally {
      await daemon.stop();
    }
  }, 60_000);
});

describe('locks', () => {
  test('a named lock is held by one script at a time; who waits says for whom', async () => {
    const isolation = { name: 'the web site', mode: 'writer' };
    const first = await busy('holder', { workers: ['w1'], pool: undefined, script: { isolation } });
    const holder = await first.ready();
    const second = await stage.rest.script('echo mine', { workers: ['w1'], script: { isolation } });
    await until(
      'it waits for the lock',
      async () => (await stage.rest.attempts(second.id))[0]?.state === 'waiting',
    );
    const followed = stage.longshore(['task', 'log', '-f', second.id]);
    first.end();
    expect((await stage.rest.ended(second.id)).attempt.outcome).toEqual({ kind: 'exited', code: 0 });
    const { stdout, stderr } = await followed;
    expect(`${stdout.toString()}${stderr}`).toContain(
      `Waits for the lock "the web site", held by ${holder.id}`,
    );
  }, 60_000);
});

describe('the machine policy', () => {
  test.each([
    [{ healthCheckIntervalMs: 5000 }, 'healthCheckIntervalMs', /0 \(never\) or at least 60000/],
    [{ healthCheckTimeoutMs: 5 }, 'healthCheckTimeoutMs', /at least 1000/],
    [{ healthCheckTimeoutMs: 4_000_000 }, 'healthCheckTimeoutMs', /at most 3600000/],
    [{ healthCheckScript: 'x'.repeat(1_000_001) }, 'healthCheckScript', /at most 1000000/],
    [{ healthCheckScrip: '' }, 'healthCheckScrip', /did you mean "healthCheckScript"/],
  ])('what is wrong is told by field', async (change, field, expected) => {
    const before = await stage.rest.get<object>('/policies/default');
    const { status, body } = await call('PATCH', '/policies/default', change);
    expect(status).toBe(400);
    expect(body.error.fields.find((one) => one.field === field)?.expected).toMatch(expected);
    expect(await stage.rest.get('/policies/default')).toEqual(before);
  });

  test('the command shows and changes it', async () => {
    const file = join(stage.folder, 'health.sh');
    writeFileSync(file, 'exit 0\n');
    const changed = await stage.longshore(['policy', 'update', '--interval', '10m', '--script-file', file]);
    expect([changed.code, changed.stderr]).toEqual([0, '']);
    const { stdout } = await stage.longshore(['policy', 'show', '--output', 'json']);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      healthCheckIntervalMs: 600_000,
      healthCheckScript: 'exit 0\n',
    });
    expect((await stage.longshore(['policy', 'show'])).stdout.toString()).toMatch(/interval\s+10m/);
    const wrong = await stage.longshore(['policy', 'update', '--interval', '5s']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/0 \(never\) or at least 60000/);
  });

  test('a change takes effect on the next check: its script, and its time-out', async () => {
    await stage.rest.patch('/policies/default', {
      healthCheckScript: 'echo "about to sleep" >&2; sleep 600',
      healthCheckTimeoutMs: 1000,
    });
    const check = await stage.rest.post<{ id: string }>('/workers/w1/health-check');
    await stage.rest.inState(check.id, ENDED);
    const worker = await until('it is unhealthy', async () => {
      const shown = await stage.rest.get<Worker & { healthReason: string }>('/workers/w1');
      return shown.health === 'unhealthy' ? shown : undefined;
    });
    expect(worker.healthReason).toBe('The health script took too long: about to sleep');
    await stage.rest.patch('/policies/default', { healthCheckScript: '', healthCheckTimeoutMs: 60_000 });
    await stage.rest.post('/workers/w1/health-check');
    await until(
      'it is healthy',
      async () => (await stage.rest.get<Worker>('/workers/w1')).health === 'healthy',
    );
  }, 60_000);
});

describe('deleting a worker', () => {
  test('is refused while it is leased; by force it cancels what runs, and the agent is let in no more', async () => {
    const agent = await stage.addAgent('polling', { name: 'd1' });
    const task = await busy('leaser', { workers: ['d1'], pool: undefined });
    await task.ready();
    const { status, body } = await call('DELETE', '/workers/d1');
    expect([status, body.error.message]).toEqual([
      409,
      `Worker "d1" is leased by task ${task.id}; force cancels what runs on it`,
    ]);
    expect((await call('DELETE', '/workers/d1?force=true')).status).toBe(204);
    const { task: ended, attempt } = await stage.rest.ended(task.id);
    expect([ended.state, attempt.outcome?.kind]).toEqual(['cancelled', 'cancelled']);
    expect((await call('GET', '/workers/d1')).status).toBe(404);
    await until('the agent stops', () => !agent.daemon.running);
  }, 60_000);

  test('by force while its machine is away: what ran there is lost by the word of the operator', async () => {
    const agent = await stage.addAgent('polling', { name: 'd2' });
    const alive = join(stage.folder, 'alive');
    const { id } = await stage.rest.script(`echo $$ > ${alive}; echo ready; exec sleep 600`, {
      workers: ['d2'],
    });
    await stage.rest.outputHas(id, 'ready\n');
    await agent.daemon.kill();
    expect((await call('DELETE', '/workers/d2?force=true')).status).toBe(204);
    const task = await stage.rest.inState(id, ENDED);
    expect([task.state, task.message]).toEqual([
      'cancelled',
      expect.stringMatching(/^lost: .*deleted by force by admin/),
    ]);
    expect(await stage.rest.attempts(id)).toMatchObject([{ state: 'ended', outcome: { kind: 'lost' } }]);
    expect((await call<{ items: object[] }>('GET', '/leases')).body.items).toEqual([]);
    // Nobody claimed more than is known: the script runs on until somebody goes there.
    const pid = Number(readFileSync(alive, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
    const { body } = await call<{ items: { action: string; detail: object }[] }>('GET', '/audit');
    expect(body.items[0]).toMatchObject({
      action: 'worker.deleted',
      // A health check that was under way is given up with it.
      detail: { name: 'd2', forced: true, givenUp: expect.arrayContaining([id]) as unknown },
    });
  }, 60_000);
});
