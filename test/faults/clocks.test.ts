/**
 * Clocks set by 24 hours, or frozen, on either side: under running scripts,
 * and over a restart. No time-out, lease, health check, token or order of
 * things changes by it, and what is stored is as exact as ever. What a clock
 * may decide is whether a certificate is valid now: then both ends name the
 * certificate's times and their own.
 */
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';

import { checkLog, numberedLines } from '../support/log-oracle.ts';
import { faultNumbers, schedule } from '../support/faults.ts';
import type { FaultShim } from '../support/fault-shim.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import { inEachMode } from '../support/matrix.ts';
import { startProgram } from '../support/program.ts';
import { ENDED } from '../support/rest.ts';
import { SHIM_MISSING } from '../support/shim/build.ts';
import { POOL, Stage } from '../support/stage.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { until } from '../support/until.ts';

const NUMBERS = faultNumbers({
  // The decisions are the same in both modes, but for certificates: the short form takes one mode through all.
  short: { lines: 1_500, linesPerSecond: 1_000, timeOutMs: 2_500, allInEachMode: false },
  full: { lines: 40_000, linesPerSecond: 2_000, timeOutMs: 10_000, allInEachMode: true },
});
const DAY_MS = 24 * 60 * 60_000;
/** A time-out may be late by what a loaded machine takes to kill a script; never by what a clock was set. */
const LATE_MS = 15_000;
const ISO = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
const BOTH_TIMES = new RegExp(`valid from ${ISO} to ${ISO}, and the clock here shows ${ISO}`);

type Fault = (shim: FaultShim) => void;
const FAULTS: [string, Fault][] = [
  ['24 hours ahead', (shim) => shim.shiftClock(DAY_MS)],
  ['24 hours back', (shim) => shim.shiftClock(-DAY_MS)],
  ['frozen', (shim) => shim.freezeClock()],
];

const RESTARTS: [string, number][] = [
  ['ahead', DAY_MS],
  ['back', -DAY_MS],
];

if (SHIM_MISSING !== undefined) test.skip(`NOT RUN: ${SHIM_MISSING}`, () => undefined);
else
  inEachMode('clocks that are wrong', (mode) => {
    let stage: Stage;
    let agent: StageAgent;
    beforeAll(async () => {
      stage = await Stage.open({ shim: true });
      agent = await stage.addAgent(mode, { shim: 'host' });
      expect(agent.shim.attached).toBeGreaterThanOrEqual(2);
    }, 60_000);
    afterAll(() => stage.close(), 60_000);

    const serverShim = (): FaultShim => {
      const shim = stage.servers[0]?.shim;
      if (shim === undefined) throw new Error('no server');
      return shim;
    };
    const right = (): void => {
      for (const shim of [serverShim(), agent.shim]) {
        shim.shiftClock(0);
        shim.thawClock();
      }
    };
    afterEach(right);

    const sides = schedule(`clocks ${mode}`).shuffled(['server', 'agent'] as const);
    const shimOf = (side: 'server' | 'agent'): FaultShim => (side === 'server' ? serverShim() : agent.shim);

    const all = NUMBERS.allInEachMode || mode === 'polling';
    test.each(all ? FAULTS : FAULTS.slice(0, 1))(
      '%s, under running scripts: each goes on, times out when it should, and is stored exactly',
      async (_what, fault) => {
        const { lines, linesPerSecond, timeOutMs } = NUMBERS;
        const wanted = { lines, linesPerSecond, exitCode: 3 };
        const talks = await stage.rest.script(numberedLines(wanted), { pool: POOL });
        await stage.rest.outputHas(talks.id, '0000000001 ');
        const began = performance.now();
        const short = await stage.rest.script('sleep 600', { pool: POOL, timeoutMs: timeOutMs });
        const patient = await stage.rest.script('sleep 600', { pool: POOL, timeoutMs: DAY_MS / 2 });
        await until('all run', async () => {
          const states = await Promise.all(
            [short, patient].map(async ({ id }) => (await stage.rest.attempts(id))[0]?.state),
          );
          return states.every((state) => state === 'running');
        });
        const { token } = await stage.rest.post<{ token: string }>('/tokens', { pools: [POOL] });
        for (const side of sides) fault(shimOf(side));

        const timedOut = await stage.rest.ended(short.id, { timeoutMs: timeOutMs + LATE_MS });
        expect(performance.now() - began).toBeGreaterThanOrEqual(timeOutMs - 50);
        expect(timedOut.task.state).toBe('timedOut');
        const { attempt } = await stage.rest.ended(talks.id, { timeoutMs: 120_000 });
        expect(attempt.outcome).toEqual({ kind: 'exited', code: 3 });
        const [stdout, stderr] = await Promise.all(
          ['stdout', 'stderr'].map((stream) =>
            stage.rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`),
          ),
        );
        checkLog({ stdout: stdout ?? Buffer.alloc(0), stderr: stderr ?? Buffer.alloc(0) }, wanted);

        // What is new is placed and ends as ever, and stands before what is old.
        const next = await stage.rest.script('echo next', { pool: POOL });
        expect((await stage.rest.ended(next.id)).task.state).toBe('success');
        const { items } = await stage.rest.get<{ items: { id: string }[] }>('/tasks?limit=2');
        expect(items.map(({ id }) => id)).toEqual([next.id, patient.id]);
        // A token of an hour is good, whatever the server's clock was set to since it was made.
        const registered = await startProgram(
          'agent',
          ['register', '--data-dir', join(stage.folder, `late-${next.id}`), '--name', `late-${next.id}`],
          { env: { LONGSHORE_TOKEN: token } },
        ).ended;
        expect(registered.stderr).toBe('');
        expect(registered.code).toBe(0);

        expect((await stage.rest.task(patient.id)).state).toBe('executing');
        await stage.rest.post(`/tasks/${patient.id}/cancel`);
        expect((await stage.rest.ended(patient.id)).task.state).toBe('cancelled');
        await expectNoLeaks(stage);
        // Nobody was taken for dead by a clock.
        expect(agent.daemon.log().match(/"message":"a session ended"/g)).toBeNull();
      },
      120_000 + NUMBERS.lines,
    );

    test.each(all ? RESTARTS : RESTARTS.slice(1))(
      'the server is restarted with its clock 24 hours %s: time-outs, tokens and order go on as they were',
      async (_what, by) => {
        const { timeOutMs } = NUMBERS;
        const began = performance.now();
        const [short, long] = [
          await stage.rest.script('sleep 600', { pool: POOL, timeoutMs: timeOutMs + 5_000 }),
          await stage.rest.script('sleep 600', { pool: POOL, timeoutMs: DAY_MS / 2 }),
        ];
        await until('both run', async () => {
          const states = await Promise.all(
            [short, long].map(async ({ id }) => (await stage.rest.attempts(id))[0]?.state),
          );
          return states.every((state) => state === 'running');
        });
        const { token } = await stage.rest.post<{ token: string }>('/tokens', { pools: [POOL] });
        await stage.server.kill();
        for (const side of sides) shimOf(side).shiftClock(by);
        await stage.startServer();
        // Set back, the agent's certificate is not valid yet: it is away, and hears of the time-out when it is back.
        if (by > 0) await agent.connected(stage);
        const overdue = by > 0 ? ['timedOut'] : ['timedOut', 'cancelling'];
        await stage.rest.inState(short.id, overdue, { timeoutMs: timeOutMs + 5_000 + LATE_MS });
        expect(performance.now() - began).toBeGreaterThanOrEqual(timeOutMs + 4_900);
        expect(ENDED).not.toContain((await stage.rest.task(long.id)).state);
        const next = await stage.rest.script('echo next', { pool: POOL });
        const { items } = await stage.rest.get<{ items: { id: string }[] }>('/tasks?limit=2');
        expect(items.map(({ id }) => id)).toEqual([next.id, long.id]);
        // By a clock in whose time the server's certificates are valid: that is not what is tested here.
        const registered = await startProgram(
          'agent',
          ['register', '--data-dir', join(stage.folder, `late-${next.id}`), '--name', `late-${next.id}`],
          { env: { ...(by > 0 ? agent.shim.env() : {}), LONGSHORE_TOKEN: token } },
        ).ended;
        expect([registered.code, registered.stderr]).toEqual([0, '']);

        right();
        if (by > 0)
          await until('the server has made itself a certificate of now', () =>
            /this node makes itself another certificate/.test(stage.server.log()),
          );
        await agent.connected(stage);
        await stage.rest.post(`/tasks/${long.id}/cancel`);
        await stage.rest.ended(long.id);
        await stage.rest.inState(short.id, ['timedOut']);
        expect((await stage.rest.ended(next.id)).task.state).toBe('success');
        await expectNoLeaks(stage);
      },
      120_000,
    );

    test('a certificate that is not valid yet is refused, and both ends name both times', async () => {
      // With certificates of now.
      await stage.server.stop();
      await stage.startServer();
      await agent.connected(stage);
      await agent.daemon.stop();
      // Below the certificates' beginning, which is an hour before they were made.
      agent.shim.shiftClock(-DAY_MS);
      agent.daemon.start();
      await until('the agent says so', () => BOTH_TIMES.test(agent.daemon.log()));
      if (mode === 'listening')
        await until(
          'the server says so',
          () => /the server is not let in/.test(stage.server.log()) && BOTH_TIMES.test(stage.server.log()),
        );
      right();
      await agent.connected(stage);

      await agent.daemon.stop();
      await stage.server.stop();
      serverShim().shiftClock(-DAY_MS);
      await stage.startServer();
      agent.daemon.start();
      await until('the server says so', () => BOTH_TIMES.test(stage.server.log()));
      if (mode === 'polling')
        await until('the agent says so', () => /the agent is not let in/.test(agent.daemon.log()));
      right();
      await agent.connected(stage);
    }, 120_000);
  });
