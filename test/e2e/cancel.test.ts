/** Whatever a script does not to be ended: it is ended, nothing of it is left, the lease is free. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { inEachMode } from '../support/matrix.ts';
import { allProcesses } from '../support/proc.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const GRACE_MS = 500;
/** All are gone so long after the grace at the latest. */
const GONE_MS = 2_000;

/** Each leaves processes whose command line holds its mark. */
const ZOO: [name: string, script: (mark: string) => string][] = [
  [
    'one that ignores TERM',
    (mark) => `exec bash -c 'trap "" TERM; : ${mark}; echo ready; while :; do sleep 0.1; done'`,
  ],
  [
    'one that called setsid',
    (mark) => `setsid bash -c 'trap "" TERM HUP; : ${mark}; while :; do sleep 0.2; done' & echo ready; wait`,
  ],
  [
    'one with an emptied environment',
    (mark) =>
      `setsid env -i /bin/bash -c 'trap "" TERM; : ${mark}; while :; do /bin/sleep 0.2; done' & echo ready; wait`,
  ],
  [
    'one with a grandchild that holds stdout',
    (mark) => `(bash -c 'trap "" TERM; : ${mark}; while :; do sleep 0.2; done' &) ; echo ready; sleep 600`,
  ],
  [
    'one that forks twice and detaches',
    (mark) =>
      `(setsid nohup bash -c '(trap "" TERM HUP; : ${mark}; while :; do sleep 0.2; done) &' >/dev/null 2>&1 &); echo ready; sleep 600`,
  ],
];

function left(mark: string): string[] {
  return allProcesses()
    .filter(({ command }) => command.includes(mark))
    .map(({ pid, command }) => `${pid} ${command}`);
}

inEachMode('cancel', (mode) => {
  let stage: Stage;
  let cgroups = false;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.addAgent(mode);
    const worker = await stage.rest.get<{ facts: { cgroups: boolean } }>(`/workers/${mode}-1`);
    cgroups = worker.facts.cgroups;
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  test.each(ZOO)(
    '%s',
    async (_, script) => {
      const mark = `mark-${mode}-${Math.random().toString(36).slice(2)}`;
      const { id } = await stage.rest.script(script(mark), { pool: POOL, script: { graceMs: GRACE_MS } });
      const attempt = await stage.rest.outputHas(id, 'ready');
      await until('it has left something to end', () => left(mark).length > 0);

      const asked = performance.now();
      await stage.rest.post(`/tasks/${id}/cancel`, { reason: 'the test says so' });
      await until(`all of it is gone: ${left(mark).join(', ')}`, () => left(mark).length === 0, {
        timeoutMs: GRACE_MS + GONE_MS,
      });
      expect(performance.now() - asked).toBeLessThan(GRACE_MS + GONE_MS);

      const { task, attempt: ended } = await stage.rest.ended(id);
      expect([task.state, ended.id, ended.outcome?.kind]).toEqual(['cancelled', attempt.id, 'cancelled']);
      expect(ended.bestEffortCleanup).toBe(!cgroups);
      expect((await stage.rest.get<{ items: unknown[] }>('/leases')).items).toEqual([]);
    },
    60_000,
  );

  test('a fork bomb is bounded, and ended, where cgroups allow', async () => {
    if (!cgroups) {
      console.warn('SKIPPED: no cgroups here, so that a fork bomb could not be bounded');
      return;
    }
    const mark = `bomb-${mode}`;
    const { id } = await stage.rest.script(
      `echo ready; bomb() { bash -c ': ${mark}; sleep 60; :' & bomb; }; bomb 2>/dev/null`,
      { pool: POOL, script: { graceMs: GRACE_MS, maxProcesses: 40 } },
    );
    await until('it has reached its bound', () => left(mark).length >= 10, { timeoutMs: 30_000 });
    expect(left(mark).length).toBeLessThanOrEqual(40);
    await stage.rest.post(`/tasks/${id}/cancel`);
    await until('all of it is gone', () => left(mark).length === 0, { timeoutMs: GRACE_MS + GONE_MS });
    await stage.rest.ended(id);
  }, 60_000);

  test('Ctrl-C once asks for the end of the task, and the command ends with 130', async () => {
    const running = stage.start([
      'run',
      '--pool',
      POOL,
      '--grace',
      '1s',
      '--script',
      'echo ready; sleep 600',
    ]);
    await until('it runs', () => running.stdout().toString() === 'ready\n');
    running.child.kill('SIGINT');
    const ran = await running.ended;
    expect(ran.code).toBe(130);
    expect(ran.stderr).toMatch(/asking for the end/);
  }, 30_000);

  test('Ctrl-C twice leaves, and the server goes on ending it', async () => {
    const running = stage.start([
      'run',
      '--pool',
      POOL,
      '--grace',
      '3s',
      '--name',
      'left',
      '--script',
      "trap '' TERM; echo ready; while :; do sleep 0.1; done",
    ]);
    await until('it runs', () => running.stdout().toString() === 'ready\n');
    running.child.kill('SIGINT');
    await until('it has asked', () => running.stderr().includes('asking'));
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    const { items } = await stage.rest.get<{ items: { id: string; name: string }[] }>('/tasks?limit=5');
    const task = items.find(({ name }) => name === 'left');
    await stage.rest.inState(task!.id, ['cancelled']);
  }, 30_000);
});
