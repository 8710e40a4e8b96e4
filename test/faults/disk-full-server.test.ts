/**
 * The server's disk becomes full at a random write: what people ask for is
 * refused with 507 and a reason, all else waits, and goes on by itself when
 * there is room again. No session ends, no script is disturbed, nothing is
 * lost, and the disk is not tried without a pause.
 */
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { expectAllThere, startBusy } from '../support/busy-disk.ts';
import { faultNumbers, schedule } from '../support/faults.ts';
import type { FaultShim } from '../support/fault-shim.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import { inEachMode } from '../support/matrix.ts';
import { RunCounter } from '../support/run-counter.ts';
import { SHIM_MISSING } from '../support/shim/build.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const NUMBERS = faultNumbers({
  short: { rounds: 1, lines: 1_500, linesPerSecond: 1_000, fullMs: 1_500, writesBefore: 120 },
  full: { rounds: 25, lines: 20_000, linesPerSecond: 4_000, fullMs: 8_000, writesBefore: 600 },
});
/** Of one full disk: the store, the journal and each of the round's two attempts try at most every second or so. */
const TRIES_PER_SECOND = 60;

if (SHIM_MISSING !== undefined) test.skip(`NOT RUN: ${SHIM_MISSING}`, () => undefined);
else
  inEachMode('the disk of the server is full', (mode) => {
    let stage: Stage;
    let counter: RunCounter;
    beforeAll(async () => {
      stage = await Stage.open({ shim: true });
      await stage.addAgent(mode);
      counter = new RunCounter(join(stage.folder, 'starts'));
    }, 60_000);
    afterAll(() => stage.close(), 60_000);

    const shimOf = (): FaultShim => {
      const shim = stage.servers[0]?.shim;
      if (shim === undefined) throw new Error('no server');
      return shim;
    };
    const readyz = async (): Promise<{ status: number; storage: string }> => {
      const answer = await fetch(`${stage.url}/readyz`);
      const { detail } = (await answer.json()) as { detail: { storage?: string } };
      return { status: answer.status, storage: detail.storage ?? '' };
    };

    test(
      'at a random write: a pause, and then all is there',
      async () => {
        const random = schedule(`server ${mode}`);
        const shim = shimOf();
        expect(shim.attached).toBeGreaterThan(0);
        for (let round = 1; round <= NUMBERS.rounds; round += 1) {
          const { lines, linesPerSecond } = NUMBERS;
          const scripts = await Promise.all(
            ['a', 'b'].map((which) =>
              startBusy(stage, {
                counter,
                name: `${mode}-${round}${which}`,
                lines: { lines, linesPerSecond },
              }),
            ),
          );
          const refusedBefore = shim.refused;
          shim.fillDisk({ afterWrites: random.between(0, NUMBERS.writesBefore), short: random.chance(0.5) });
          await until('the disk has refused a write', () => shim.refused > refusedBefore);

          const submission = await until('a submission is refused', async () => {
            const answer = await stage.rest.call('POST', '/tasks', { pool: POOL, script: { body: 'true' } });
            return answer.ok ? undefined : answer;
          });
          const { error } = (await submission.json()) as { error: { code: string; message: string } };
          expect([submission.status, error.code]).toEqual([507, 'noSpace']);
          expect(error.message).toMatch(/disk of the server's database is full/);
          await until('it is not ready, and says why', async () => {
            const { status, storage } = await readyz();
            return status === 503 && /full/.test(storage);
          });
          expect((await fetch(`${stage.url}/livez`)).status).toBe(200);

          const tries = shim.refused;
          const began = performance.now();
          await new Promise((resolve) => setTimeout(resolve, NUMBERS.fullMs));
          const seconds = (performance.now() - began) / 1000;
          expect((shim.refused - tries) / seconds).toBeLessThan(TRIES_PER_SECOND);

          shim.freeDisk();
          await until('it is ready again by itself', async () => (await readyz()).status === 200);
          for (const script of scripts) await expectAllThere(stage, script);
          const { id } = await stage.rest.script('echo again', { pool: POOL });
          expect((await stage.rest.ended(id)).task.state).toBe('success');
        }
        counter.expectEachOnce();
        await expectNoLeaks(stage);
        // One life of the server, and one session with its agent: nobody had to come again.
        const log = stage.server.log();
        expect(log.match(/"message":"the server is ready"/g)).toHaveLength(1);
        expect(log.match(/"message":"a session ended"/g)).toBeNull();
      },
      NUMBERS.rounds * 90_000,
    );
  });
