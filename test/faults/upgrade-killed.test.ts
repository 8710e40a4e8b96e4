/** kill -9 of the link, or of the guard, at each phase of an upgrade: the worker is back by itself, in one of the two versions, and the next upgrade works. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { builtVersion, packageOf, writePackage } from '../support/agent-packages.ts';
import { faultNumbers } from '../support/faults.ts';
import { inEachMode } from '../support/matrix.ts';
import { isAlive, processesIn } from '../support/proc.ts';
import { ENDED, type AttemptBody } from '../support/rest.ts';
import { POOL, Stage } from '../support/stage.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { endLink, linkOf } from '../support/upgraded-agent.ts';
import { until } from '../support/until.ts';

/** By what the guard has said. */
const PHASES = ['Verifying the package', 'Self-test of version', 'Switching from version'];
const { modes, linkAfter, guardAfter } = faultNumbers({
  short: { modes: ['polling'], linkAfter: PHASES.slice(1), guardAfter: PHASES.slice(2) },
  full: { modes: ['polling', 'listening'], linkAfter: PHASES, guardAfter: PHASES },
});

inEachMode('an upgrade that is killed', (mode) => {
  if (!modes.includes(mode)) return;
  let stage: Stage;
  let agent: StageAgent;
  let n = 0;
  beforeAll(async () => {
    stage = await Stage.open();
    agent = await stage.addAgent(mode);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  /** Starts an upgrade to a version of its own, and waits until its guard has said this. */
  async function begin(phase: string): Promise<{ version: string; taskId: string; attempt: AttemptBody }> {
    const version = `9.6.${(n += 1)}`;
    const added = await stage.longshore([
      'agent-package',
      'add',
      writePackage(stage.folder, packageOf(version)),
    ]);
    expect(added.code).toBe(0);
    const started = await stage.longshore([
      ...['worker', 'upgrade', agent.name, '--to', version, '--yes', '--detach', '--confirm-within', '5s'],
    ]);
    const taskId = started.stdout.toString().trim();
    return { version, taskId, attempt: await stage.rest.outputHas(taskId, phase) };
  }

  /** It serves again, in one of the two; and another upgrade goes through. */
  async function expectWell(taskId: string, versions: string[]): Promise<void> {
    await until(
      'it is connected, in one of the versions',
      async () => {
        const worker = await stage.rest.get<{ version: string; connected: boolean }>(
          `/workers/${agent.name}`,
        );
        return worker.connected && versions.includes(worker.version);
      },
      { timeoutMs: 60_000 },
    );
    const { attempt } = await stage.rest.ended((await stage.rest.script('exit 4', { pool: POOL })).id);
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 4 });
    const { items } = await stage.rest.get<{ items: { taskId: string }[] }>('/leases');
    expect(items.filter((lease) => lease.taskId === taskId)).toEqual([]);
    if (!agent.daemon.running) {
      await endLink(agent.dataDir);
      agent.daemon.start();
      await agent.connected(stage);
    }
  }

  const runs = (): string => linkOf(agent.dataDir).version;

  test.each(linkAfter)(
    'the link, after "%s"',
    async (phase) => {
      const before = runs();
      const { version, taskId } = await begin(phase);
      await agent.daemon.kill();
      // As a service manager would.
      agent.daemon.start();
      const task = await stage.rest.inState(taskId, ENDED, { timeoutMs: 60_000 });
      const [attempt] = await stage.rest.attempts(taskId);
      expect(attempt?.outcome?.kind).toBe('exited');
      await expectWell(taskId, [task.state === 'success' ? version : before]);
    },
    120_000,
  );

  test.each(guardAfter)(
    'the guard, after "%s"',
    async (phase) => {
      const before = runs();
      const { version, taskId } = await begin(phase);
      for (const { pid, command } of processesIn(agent.dataDir))
        if (/ upgrade --data-dir /.test(command) && isAlive(pid)) process.kill(pid, 'SIGKILL');
      await stage.rest.inState(taskId, ENDED, { timeoutMs: 60_000 });
      await expectWell(taskId, [before, version]);
      // What it left half-way is in nobody's way.
      const { taskId: next, version: last } = await begin('Verifying');
      await stage.rest.inState(next, ['success'], { timeoutMs: 60_000 });
      await expectWell(next, [last]);
    },
    120_000,
  );

  test('at its end it is another version than it was built as', () => {
    expect(runs()).not.toBe(builtVersion());
  });
});
