/** The script goes on, and its true outcome is reported, whoever of us is restarted or killed meanwhile. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { inEachModeOnEachStore } from '../support/matrix.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

inEachModeOnEachStore('restarts', (mode, database) => {
  let stage: Stage;
  let go = 0;
  beforeAll(async () => {
    stage = await Stage.open({ database });
    await stage.addAgent(mode);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  /** Counts from 1 to 200 while it waits for `release`; says how often it was started. */
  function countingScript(): { body: string; release: () => void; expected: string } {
    const gate = join(stage.folder, `go-${++go}`);
    const body = `echo started >> ${gate}.starts; for n in $(seq 200); do echo "line $n"; done; until [ -e ${gate} ]; do sleep 0.05; done; for n in $(seq 201 400); do echo "line $n"; done; wc -l < ${gate}.starts; exit 9`;
    return {
      body,
      release: () => writeFileSync(gate, ''),
      expected: `${Array.from({ length: 400 }, (_, n) => `line ${n + 1}\n`).join('')}1\n`,
    };
  }

  async function started(taskId: string): Promise<void> {
    await stage.rest.outputHas(taskId, 'line 200\n');
  }

  async function expectExact(taskId: string, expected: string): Promise<void> {
    const { attempt } = await stage.rest.ended(taskId);
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 9 });
    expect((await stage.rest.bytes(`/attempts/${attempt.id}/output?stream=stdout`)).toString()).toBe(
      expected,
    );
    expect(await stage.rest.attempts(taskId)).toHaveLength(1);
  }

  test.each([
    ['is stopped', () => stage.server.stop()],
    ['is killed', () => stage.server.kill()],
  ])(
    'the server %s and started again',
    async (_, end) => {
      const { body, release, expected } = countingScript();
      const { id } = await stage.rest.script(body, { pool: POOL });
      await started(id);
      await end();
      await stage.startServer();
      release();
      await expectExact(id, expected);
    },
    60_000,
  );

  test('the script ends while the server is away', async () => {
    const { body, release, expected } = countingScript();
    const { id } = await stage.rest.script(
      body.replace(/exit 9$/, `touch ${stage.folder}/ended-away; exit 9`),
      { pool: POOL },
    );
    await started(id);
    await stage.server.kill();
    release();
    const { existsSync } = await import('node:fs');
    await until('the script has ended by itself', () => existsSync(`${stage.folder}/ended-away`));
    await stage.startServer();
    await expectExact(id, expected);
  }, 60_000);

  test.each([
    ['is stopped', () => stage.agents[0]!.daemon.stop()],
    ['is killed', () => stage.agents[0]!.daemon.kill()],
  ])(
    'the agent %s and started again',
    async (how, end) => {
      const agent = stage.agents[0]!;
      const { body, release, expected } = countingScript();
      const { id } = await stage.rest.script(body, { pool: POOL });
      await started(id);
      const host = agent.hostPid;
      await end();
      if (how === 'is stopped') {
        await until('the server has read its goodbye', () =>
          stage.server.log().includes('goodbye from the peer: shutdown'),
        );
      }
      agent.daemon.start();
      await agent.connected(stage);
      expect(agent.hostPid).toBe(host);
      release();
      await expectExact(id, expected);
    },
    60_000,
  );

  test('both are killed', async () => {
    const agent = stage.agents[0]!;
    const { body, release, expected } = countingScript();
    const { id } = await stage.rest.script(body, { pool: POOL });
    await started(id);
    await Promise.all([stage.server.kill(), agent.daemon.kill()]);
    release();
    agent.daemon.start();
    await stage.startServer();
    await expectExact(id, expected);
  }, 60_000);

  test('the command follows on from its cursor over a restart of the server', async () => {
    const { body, release, expected } = countingScript();
    const running = stage.start(['run', '--verbose', '--pool', POOL, '--script', body]);
    await until('the first lines are here', () => running.stdout().toString().includes('line 200\n'));
    await stage.server.kill();
    await until('it has noticed', () => running.stderr().includes('connection lost'));
    await stage.startServer();
    release();
    const ran = await running.ended;
    expect(ran.stdout.toString()).toBe(expected);
    expect(ran.code).toBe(9);
  }, 60_000);

  test('a queued task is still queued after a restart, and runs', async () => {
    const holder = countingScript();
    const first = await stage.rest.script(holder.body, { pool: POOL, leaseMode: 'exclusive' });
    await started(first.id);
    const second = await stage.rest.script('echo mine', { pool: POOL, leaseMode: 'exclusive' });
    await until(
      'it waits, and says why',
      async () => (await stage.rest.get<{ waitReason: string }>(`/tasks/${second.id}`)).waitReason !== '',
    );
    await stage.server.kill();
    await stage.startServer();
    holder.release();
    await expectExact(first.id, holder.expected);
    const { attempt } = await stage.rest.ended(second.id);
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 0 });
  }, 60_000);
});
