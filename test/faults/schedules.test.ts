/**
 * The pure state machines (attempt, task, lease, inventory, fence on the
 * server; start, verdict, recovery on the agent) under a simulated clock and
 * network, by random schedules: agents' links and hosts that die, machines
 * that reboot, lost memories, cut and held lines, nodes that die, are stopped
 * between a commit and its send, and are taken over from.
 */
import { expect, test } from '@jest/globals';

import { faultNumbers, faultSeed } from '../support/faults.ts';
import { runSchedule } from './schedules/schedule.ts';
import { runSessionSchedule } from './schedules/session-schedule.ts';

const { schedules, sessions } = faultNumbers({
  short: { schedules: 10_000, sessions: 2_000 },
  full: { schedules: 100_000, sessions: 100_000 },
});

test(`${schedules} random schedules: nothing starts twice, no outcome is untrue, no lease is left`, () => {
  const seed = faultSeed();
  let tasks = 0;
  let happenings = 0;
  for (let n = 0; n < schedules; n++) {
    const ran = runSchedule((seed + n) >>> 0);
    tasks += ran.tasks;
    happenings += ran.happenings;
  }
  // Each had something to do: some four tasks, and things that happened to them.
  expect(tasks).toBeGreaterThan(3 * schedules);
  expect(happenings).toBeGreaterThan(20 * schedules);
}, 600_000);

test(`${sessions} random schedules of a session: in order, ended once, and noticed in time`, async () => {
  const seed = faultSeed();
  let frames = 0;
  for (let n = 0; n < sessions; n++) frames += (await runSessionSchedule((seed + n) >>> 0)).frames;
  expect(frames).toBeGreaterThan(5 * sessions);
}, 600_000);
