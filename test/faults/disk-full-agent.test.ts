/**
 * The disk of an agent becomes full at a random write of its link or its
 * script host: scripts wait and their tasks say so, what is new is refused and
 * goes elsewhere, a cancel takes effect, and when there is room again all goes
 * on by itself: each script ran once, its outcome is its own, and all that it
 * gave is there.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';

import { expectAllThere, startBusy, wordsOf } from '../support/busy-disk.ts';
import { faultNumbers, schedule } from '../support/faults.ts';
import { expectNoLeaks, scriptProcesses } from '../support/leak-check.ts';
import { inEachMode } from '../support/matrix.ts';
import { RunCounter } from '../support/run-counter.ts';
import { ENDED } from '../support/rest.ts';
import { SHIM_MISSING } from '../support/shim/build.ts';
import { POOL, Stage } from '../support/stage.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { until } from '../support/until.ts';

const NUMBERS = faultNumbers({
  short: { rounds: 1, lines: 3_000, linesPerSecond: 1_000, fullMs: 1_000, writesBefore: 60 },
  full: { rounds: 25, lines: 20_000, linesPerSecond: 4_000, fullMs: 8_000, writesBefore: 600 },
});
/** Each of the attempts tries about once a second, the link writes acknowledged offsets every 5 s. */
const TRIES_PER_SECOND = 40;

if (SHIM_MISSING !== undefined) test.skip(`NOT RUN: ${SHIM_MISSING}`, () => undefined);
else
  inEachMode('the disk of an agent is full', (mode) => {
    let stage: Stage;
    let agent: StageAgent;
    let counter: RunCounter;
    beforeAll(async () => {
      stage = await Stage.open();
      agent = await stage.addAgent(mode, { shim: 'host' });
      counter = new RunCounter(join(stage.folder, 'starts'));
    }, 60_000);
    // One that failed must not leave it full for the next.
    afterEach(() => agent.shim.freeDisk());
    afterAll(() => stage.close(), 60_000);

    test(
      'at a random write: its scripts wait, and then all is there',
      async () => {
        const random = schedule(`agent ${mode}`);
        const { shim } = agent;
        // Its link and its script host.
        expect(shim.attached).toBeGreaterThanOrEqual(2);
        for (let round = 1; round <= NUMBERS.rounds; round += 1) {
          const { lines, linesPerSecond } = NUMBERS;
          // Else one might be over before the disk is full.
          const hold = { before: 100, file: join(stage.folder, `${mode}-${round}.go`) };
          const scripts = await Promise.all(
            ['a', 'b'].map((which) =>
              startBusy(stage, {
                counter,
                name: `${mode}-${round}${which}`,
                lines: { lines, linesPerSecond, hold },
              }),
            ),
          );
          for (const { taskId } of scripts) await stage.rest.outputHas(taskId, '0000000001 ');
          const refusedBefore = shim.refused;
          shim.fillDisk({ afterWrites: random.between(0, NUMBERS.writesBefore), short: random.chance(0.5) });
          writeFileSync(hold.file, '');
          await until('the disk has refused a write', () => shim.refused > refusedBefore);
          for (const { taskId } of scripts)
            await until('the task says what it waits for', async () =>
              (await wordsOf(stage, taskId)).some((text) =>
                /^The script waits: .*full|outcome can't be written/.test(text),
              ),
            );
          const tries = shim.refused;
          const began = performance.now();
          await new Promise((resolve) => setTimeout(resolve, NUMBERS.fullMs));
          const seconds = (performance.now() - began) / 1000;
          expect((shim.refused - tries) / seconds).toBeLessThan(TRIES_PER_SECOND);
          for (const { taskId } of scripts) expect((await stage.rest.task(taskId)).state).toBe('executing');
          shim.freeDisk();
          for (const script of scripts) await expectAllThere(stage, script);
        }
        counter.expectEachOnce();
        await expectNoLeaks(stage);
        expect(agent.daemon.log().match(/"message":"a session ended"/g)).toBeNull();
      },
      NUMBERS.rounds * 90_000,
    );

    test('what is new is refused as such: it goes elsewhere, or ends with the reason', async () => {
      const { shim } = agent;
      shim.fillDisk();
      const alone = await stage.rest.script('echo ran', { pool: POOL });
      const failed = await stage.rest.inState(alone.id, ENDED);
      expect(failed.state).toBe('failed');
      expect(failed.message).toMatch(/diskFull|disk is full|no space left/i);
      const other = await stage.addAgent(mode, { name: `${mode}-roomy` });
      const tasks = await Promise.all([1, 2, 3, 4].map(() => stage.rest.script('echo ran', { pool: POOL })));
      let refused = 0;
      for (const { id } of tasks) {
        expect((await stage.rest.inState(id, ENDED)).state).toBe('success');
        const attempts = await stage.rest.attempts(id);
        expect(attempts.at(-1)).toMatchObject({
          workerName: other.name,
          outcome: { kind: 'exited', code: 0 },
        });
        for (const denied of attempts.slice(0, -1)) {
          refused += 1;
          expect(denied).toMatchObject({
            workerName: agent.name,
            state: 'denied',
            outcome: { kind: 'refused', reason: 'diskFull' },
          });
        }
      }
      expect(refused).toBeGreaterThan(0);
      shim.freeDisk();
      await stage.rest.patch(`/workers/${other.name}`, { enabled: false });
      const again = await stage.rest.script('echo again', { pool: POOL });
      expect((await stage.rest.ended(again.id)).attempt).toMatchObject({
        workerName: agent.name,
        outcome: { kind: 'exited', code: 0 },
      });
      await expectNoLeaks(stage);
    }, 60_000);

    test('a script that fills the disk can be cancelled, and its end is told when it can be written', async () => {
      const { shim } = agent;
      const { id } = await stage.rest.script(
        'echo begun; while :; do echo more; read -r -t 0.01 <> <(:); done',
        {
          pool: POOL,
        },
      );
      await stage.rest.outputHas(id, 'begun\n');
      shim.fillDisk();
      await until('it waits', async () =>
        (await wordsOf(stage, id)).some((text) => /^The script waits/.test(text)),
      );
      const before = scriptProcesses(stage);
      expect(before.length).toBeGreaterThan(0);
      await stage.rest.post(`/tasks/${id}/cancel`);
      await until('the script is gone', () => scriptProcesses(stage).length === 0);
      expect((await stage.rest.task(id)).state).toBe('cancelling');
      shim.freeDisk();
      const { task, attempt } = await stage.rest.ended(id);
      expect([task.state, attempt.outcome?.kind]).toEqual(['cancelled', 'cancelled']);
      await expectNoLeaks(stage);
    }, 60_000);
  });
