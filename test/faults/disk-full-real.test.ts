/**
 * A file system that is really full (a small tmpfs, which takes root), with the
 * floors that an agent keeps: its script waits while there is room only for
 * what must be told, says so, and goes on when there is room again.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { expectAllThere, startBusy, wordsOf } from '../support/busy-disk.ts';
import { faultNumbers } from '../support/faults.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import { isAlive } from '../support/proc.ts';
import { RunCounter } from '../support/run-counter.ts';
import { POOL, Stage } from '../support/stage.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { until } from '../support/until.ts';

const MIB = 1024 ** 2;
/** Above the agent's floor (256 MiB) by what one script writes before it is looked at again (16 MiB), and some. */
const SIZE_MIB = 340;
const NUMBERS = faultNumbers({
  short: { lines: 45_000, lineBytes: 512 },
  full: { lines: 60_000, lineBytes: 512 },
});

const MOUNTS = ((): string | undefined => {
  if (process.getuid?.() !== 0) return 'a tmpfs can be mounted by root only';
  const probe = join(tmpdir(), `longshore-mount-${process.pid}`);
  mkdirSync(probe);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]);
  if (status === 0) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  return status === 0 ? undefined : 'no tmpfs can be mounted here';
})();

if (MOUNTS !== undefined) test.skip(`NOT RUN: ${MOUNTS}`, () => undefined);
else {
  let stage: Stage;
  let agent: StageAgent;
  let disk: string;
  beforeAll(async () => {
    stage = await Stage.open();
    disk = join(stage.folder, 'small');
    mkdirSync(disk);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'tmpfs', disk]).status).toBe(0);
    agent = await stage.addAgent('polling', { name: 'small' });
  }, 60_000);
  afterAll(async () => {
    // Before the stage removes its folder, nothing may hold the file system.
    const { hostPid } = agent;
    await agent.daemon.stop();
    process.kill(hostPid, 'SIGTERM');
    await until('its script host is gone', () => !isAlive(hostPid));
    expect(spawnSync('umount', [disk]).status).toBe(0);
    await stage.close();
  }, 60_000);

  const freeMib = (): number => {
    const { bavail, bsize } = statfsSync(disk);
    return (bavail * bsize) / MIB;
  };

  test('an agent on a file system that fills up: the script waits at the floor, and goes on with room', async () => {
    const counter = new RunCounter(join(stage.folder, 'starts'));
    // Somebody else's file: what is left above the floor is less than the script's output.
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(Math.floor((freeMib() - 262) * MIB)));
    const script = await startBusy(stage, { counter, name: 'floor', lines: NUMBERS });
    await until('the task says what it waits for', async () =>
      (await wordsOf(stage, script.taskId)).some((text) =>
        /^The script waits: the disk of the machine is full/.test(text),
      ),
    );
    expect(freeMib()).toBeGreaterThan(128);
    const refused = await stage.rest.script('echo no', { pool: POOL });
    const { state, message } = await stage.rest.inState(refused.id, ['failed']);
    expect(state).toBe('failed');
    expect(message).toMatch(/diskFull.*bytes are free/);
    expect((await stage.rest.task(script.taskId)).state).toBe('executing');
    rmSync(ballast);
    await expectAllThere(stage, script);
    expect((await wordsOf(stage, script.taskId)).join('\n')).toMatch(/There is room for output again/);
    counter.expectEachOnce();
    await expectNoLeaks(stage);
  }, 120_000);
}
