/** A pool is upgraded one worker at a time, whatever becomes of the server meanwhile, and no further than the first worker that can't be. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { packageOf, writePackage } from '../support/agent-packages.ts';
import { faultNumbers, schedule } from '../support/faults.ts';
import { POOL, Stage } from '../support/stage.ts';
import type { Dialect } from '../support/store.ts';
import { until } from '../support/until.ts';

interface PastLease {
  mode: string;
  taskId: string;
  grantedAt: number;
  releasedAt: number;
}

const DATABASES: readonly Dialect[] = ['sqlite', 'postgres'];

/** In the short form PostgreSQL has a part only where the store is asked to remember. */
const { everywhere } = faultNumbers({ short: { everywhere: false }, full: { everywhere: true } });

describe.each(DATABASES)('a pool on %s', (database) => {
  let stage: Stage;
  const names = ['first', 'second', 'third'];
  beforeAll(async () => {
    stage = await Stage.open({ database });
    await stage.addAgent('polling', { name: 'first' });
    await stage.addAgent('listening', { name: 'second' });
    await stage.addAgent('polling', { name: 'third' });
  }, 90_000);
  afterAll(() => stage.close(), 60_000);

  const versions = async (): Promise<string[]> =>
    Promise.all(
      names.map(async (name) => (await stage.rest.get<{ version: string }>(`/workers/${name}`)).version),
    );

  /** Checks of health take leases too. */
  const leasesOf = async (taskId: string): Promise<unknown[]> =>
    (await stage.rest.get<{ items: { taskId: string }[] }>('/leases')).items.filter(
      (lease) => lease.taskId === taskId,
    );

  async function upgrade(bytes: Buffer): Promise<string> {
    const added = await stage.longshore(['agent-package', 'add', writePackage(stage.folder, bytes)]);
    expect(added.code).toBe(0);
    const started = await stage.longshore(['worker', 'upgrade', '--pool', POOL, '--yes', '--detach']);
    expect(started.stderr).toBe('');
    return started.stdout.toString().trim();
  }

  test('one worker at a time, while each runs a script, and a server that is killed goes on where it stood', async () => {
    const draws = schedule(`pool ${database}`);
    const scripts = await Promise.all(
      names.map((name) => stage.rest.script('sleep 600', { workers: [name] })),
    );
    for (const { id } of scripts) await stage.rest.inState(id, ['executing']);
    const taskId = await upgrade(packageOf('9.4.0'));
    for (const name of names.slice(0, 2)) {
      await until(
        `${name} is being upgraded`,
        async () => {
          const { upgrading } = await stage.rest.get<{ upgrading: string }>(`/workers/${name}`);
          return upgrading === taskId;
        },
        { timeoutMs: 90_000 },
      );
      await new Promise((resolve) => setTimeout(resolve, draws.between(0, 1500)));
      await stage.server.kill();
      await stage.startServer();
    }
    const task = await stage.rest.inState(taskId, ['success', 'failed', 'cancelled', 'timedOut'], {
      timeoutMs: 150_000,
    });
    expect(task).toMatchObject({ state: 'success', message: 'Upgraded to 9.4.0: first, second, third' });
    expect(await versions()).toEqual(['9.4.0', '9.4.0', '9.4.0']);

    // No two of its leases at the same time; the scripts were not waited for.
    const { items } = await stage.rest.get<{ items: PastLease[] }>(`/leases/history?task=${taskId}`);
    expect(items.map(({ mode }) => mode)).toEqual(['maintenance', 'maintenance', 'maintenance']);
    const inOrder = items.toSorted((a, b) => a.grantedAt - b.grantedAt);
    for (const [i, lease] of inOrder.slice(1).entries())
      expect(lease.grantedAt).toBeGreaterThanOrEqual(inOrder[i]?.releasedAt ?? Infinity);
    for (const { id } of scripts) {
      // The last one's agent may have come back this very moment: that its script is no longer waited for comes next.
      await stage.rest.inState(id, ['executing']);
      await stage.rest.post(`/tasks/${id}/cancel`);
      await stage.rest.ended(id);
    }
    expect(await leasesOf(taskId)).toEqual([]);
  }, 400_000);

  if (database === 'postgres' && !everywhere) return;

  test('the first worker that can not be upgraded ends it, and it says which were and which were not', async () => {
    const before = `if (process.argv[2] === 'self-test' && process.argv.join(' ').includes('/second/')) process.exit(3);`;
    const taskId = await upgrade(packageOf('9.5.0', { before }));
    const task = await stage.rest.inState(taskId, ['success', 'failed'], { timeoutMs: 60_000 });
    expect(task.state).toBe('failed');
    expect(task.message).toMatch(
      /^Upgraded to 9\.5\.0: first\. Not upgraded: second \(exit code 1: version 9\.5\.0 failed its self-test.*\)\. Not begun: third$/,
    );
    expect(await versions()).toEqual(['9.5.0', '9.4.0', '9.4.0']);
    expect(await leasesOf(taskId)).toEqual([]);
  }, 90_000);

  test('a pool with a worker that is away is refused as a whole, and by name', async () => {
    const [first, , third] = stage.agents;
    await third?.daemon.stop();
    await until(
      'third is not connected',
      async () => !(await stage.rest.get<{ connected: boolean }>('/workers/third')).connected,
    );
    const { code, stderr } = await stage.longshore([
      'worker',
      'upgrade',
      '--pool',
      POOL,
      '--to',
      '9.5.0',
      '--yes',
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/worker "third": it is not connected/);
    expect(stderr).not.toMatch(/worker "first"/);
    first?.daemon.mustRun();
    third?.daemon.start();
    await third?.connected(stage);
  }, 60_000);
});
