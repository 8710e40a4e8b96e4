/**
 * A worker's machine loses its power while scripts run: every process is gone
 * at once, and the boot is another. What was under way is `interrupted`, never
 * started again, and the machine takes work as soon as its agent is back.
 */
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { expectNoLeaks } from '../support/leak-check.ts';
import { Machine, noMachines } from '../support/machine.ts';
import { RunCounter } from '../support/run-counter.ts';
import { AGENT_MODES } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';

const NO_MACHINES = noMachines();
if (NO_MACHINES !== undefined) console.warn(`reboots: SKIPPED: ${NO_MACHINES}`);

(NO_MACHINES === undefined ? describe : describe.skip)('a machine that is started anew', () => {
  test('what it ran is interrupted, and runs no second time', async () => {
    await using stage = await Stage.open();
    const counter = new RunCounter(join(stage.folder, 'runs'));
    for (const mode of AGENT_MODES) {
      const machine = new Machine(join(stage.folder, `machine-${mode}`));
      const agent = await stage.addAgent(mode, { name: mode, machine });
      const { id } = await stage.rest.script(counter.counted(mode, 'echo up; while :; do sleep 1; done'), {
        workers: [mode],
      });
      await stage.rest.outputHas(id, 'up\n');
      await machine.reboot(agent.dataDir);
      await agent.daemon.kill(); // it is dead: until this is known here
      agent.daemon.start();
      const { task, attempt } = await stage.rest.ended(id);
      expect(task.state).toBe('failed');
      expect(attempt.outcome).toMatchObject({
        kind: 'interrupted',
        detail: expect.stringContaining('started anew'),
      });
      expect(await stage.rest.attempts(id)).toHaveLength(1);
      await agent.connected(stage);
      const next = await stage.rest.script('exit 4', { workers: [mode] });
      expect((await stage.rest.ended(next.id)).attempt.outcome).toEqual({ kind: 'exited', code: 4 });
    }
    counter.expectEachOnce();
    await expectNoLeaks(stage);
  }, 120_000);
});
