import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { Machine, noMachines } from './machine.ts';
import { isAlive } from './proc.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const why = noMachines();
const inMachine = why === undefined ? test : test.skip;
if (why !== undefined) console.warn(`SKIPPED: ${why}`);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-machine-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function inside(machine: Machine, script: string): string {
  const [command = '', ...args] = machine.command;
  const ran = spawnSync(command, [...args, '/bin/sh', '-c', script]);
  if (ran.status !== 0) throw new Error(String(ran.stderr));
  return String(ran.stdout).trim();
}

inMachine('the boot is its own, stays, and is another after a reboot; ours is untouched', async () => {
  const ours = readFileSync(BOOT_ID, 'utf8').trim();
  const machine = new Machine(join(folder, 'machine'));
  const first = inside(machine, `cat ${BOOT_ID}`);
  expect(inside(machine, `cat ${BOOT_ID}`)).toBe(first);
  await machine.reboot(join(folder, 'data'));
  expect([first, ours]).not.toContain(inside(machine, `cat ${BOOT_ID}`));
  expect(readFileSync(BOOT_ID, 'utf8').trim()).toBe(ours);
});

inMachine('a reboot ends what the agent started, also what left its session and folder', async () => {
  const machine = new Machine(join(folder, 'machine'));
  const dataDir = join(folder, 'data');
  const child = spawn('setsid', ['sleep', '1000'], {
    cwd: '/',
    env: { ...process.env, LONGSHORE_VARIABLES: join(dataDir, 'x') },
    stdio: 'ignore',
  });
  await new Promise((resolve) => child.once('spawn', resolve));
  await machine.reboot(dataDir);
  expect(isAlive(child.pid ?? 0)).toBe(false);
});

inMachine('without control groups none is mounted', () => {
  const count = "grep -c ' - cgroup2 ' /proc/self/mountinfo || true";
  expect(inside(new Machine(join(folder, 'bare'), { cgroups: false }), count)).toBe('0');
});
