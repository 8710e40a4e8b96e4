/**
 * A machine for one agent, as far as processes can tell: a mount namespace in
 * which the test says which boot this is, and whether there are control groups.
 * Its programs are started through it and stay in it.
 */
import { randomUUID } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { readHostRecords } from '@longshore/agent/contract/host-record';

import { DIRECT, type Passage } from './passage.ts';
import { allProcesses, environmentOf, isAlive, processesIn } from './proc.ts';
import { until } from './until.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const ENTER = ['unshare', '--mount', '--propagation', 'private'];

export class Machine implements Passage {
  readonly root = DIRECT.root;
  readonly node = DIRECT.node;
  readonly #folder: string;
  readonly #cgroups: boolean;
  #boots = 0;

  /** @param folder is made; not one that the agent uses */
  constructor(folder: string, { cgroups = true }: { cgroups?: boolean } = {}) {
    this.#folder = folder;
    this.#cgroups = cgroups;
    mkdirSync(folder, { recursive: true });
    this.#boot();
  }

  get command(): string[] {
    const mounts = this.#cgroups ? [] : cgroupMounts();
    const steps = [
      `mount --bind "$0" ${BOOT_ID}`,
      ...mounts.map((mount) => `umount -l '${mount}'`),
      'exec "$@"',
    ];
    return [...ENTER, '/bin/sh', '-c', steps.join(' && '), this.#bootFile];
  }

  /**
   * The machine loses its power and starts again: every process of the agent
   * and its scripts is gone at once, what lay in memory too, and the boot is another.
   */
  async reboot(dataDir: string): Promise<void> {
    const processes = (): number[] => [
      ...new Set([...processesIn(dataDir).map(({ pid }) => pid), ...startedBelow(dataDir)]),
    ];
    // Stopped first, so that none of them sees another one's end.
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
      for (const pid of processes()) {
        try {
          process.kill(pid, signal);
        } catch {
          // it has ended meanwhile
        }
      }
    }
    await until('nothing of the machine runs', () => processes().every((pid) => !isAlive(pid)));
    for (const { socket, secrets } of readHostRecords(dataDir)) {
      for (const folder of [dirname(socket), secrets]) rmSync(folder, { recursive: true, force: true });
    }
    this.#boot();
  }

  get #bootFile(): string {
    return join(this.#folder, `boot-${this.#boots}`);
  }

  #boot(): void {
    this.#boots += 1;
    writeFileSync(this.#bootFile, `${randomUUID()}\n`);
  }
}

/** Why there can be none here; undefined: there can. */
export function noMachines(): string | undefined {
  const tried = spawnSync(ENTER[0] ?? '', [
    ...ENTER.slice(1),
    '/bin/sh',
    '-c',
    `mount --bind /dev/null ${BOOT_ID}`,
  ]);
  return tried.status === 0 ? undefined : `no mount namespace can be made here: ${String(tried.stderr)}`;
}

function cgroupMounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' - cgroup2 '))
    .map((line) => line.split(' ')[4] ?? '');
}

/** Scripts' processes that left the folder, by their environment. */
function startedBelow(dataDir: string): number[] {
  return allProcesses()
    .filter(({ pid }) => {
      try {
        return environmentOf(pid).includes(dataDir);
      } catch {
        return false; // gone, or another user's
      }
    })
    .map(({ pid }) => pid)
    .filter((pid) => pid !== process.pid);
}
