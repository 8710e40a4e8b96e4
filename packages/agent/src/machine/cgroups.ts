/**
 * Control groups: a folder whose processes can be counted and killed as one,
 * whatever they did to their session, group or environment.
 *
 * Always true: only folders that we made are killed or removed; where a group
 * can't be made (no v2 mount, no delegation), callers go on without.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Clock, isErrno, sleep } from '@longshore/base';

import { signal } from './processes.ts';

export interface CgroupMounts {
  /** The caller's own folder in the v2 hierarchy. */
  unified: string | null;
  /** The same in the v1 `pids` hierarchy. */
  pids: string | null;
}

const POLL_MS = 4;

/** From /proc/self/mountinfo and /proc/self/cgroup. */
export function ownCgroups(
  mountinfo = readText('/proc/self/mountinfo'),
  own = readText('/proc/self/cgroup'),
): CgroupMounts {
  const paths = new Map<string, string>();
  for (const line of own.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  const found: CgroupMounts = { unified: null, pids: null };
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '/', mount] = left.split(' ');
    const [type, , options = ''] = right.split(' ');
    // Absolute, as the kernel gives them.
    if (mount?.startsWith('/') !== true) continue;
    if (type === 'cgroup2') found.unified ??= within(mount, root, paths.get(''));
    if (type === 'cgroup' && options.split(',').includes('pids'))
      found.pids ??= within(mount, root, paths.get('pids'));
  }
  return found;
}

/** Makes the folder; false where that is not allowed. */
export function makeCgroup(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    return isErrno(error, 'EEXIST');
  }
}

/** Writes a control file; false where that is refused. */
export function setCgroup(folder: string, file: string, value: string): boolean {
  try {
    writeFileSync(join(folder, file), value);
    return true;
  } catch {
    return false;
  }
}

/** Removes an empty group; false while something runs in it. */
export function removeCgroup(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return isErrno(error, 'ENOENT');
  }
}

/** Whether nothing runs in the group or below it. */
export function isEmptyCgroup(folder: string): boolean {
  try {
    return /^populated 0$/m.test(readFileSync(join(folder, 'cgroup.events'), 'utf8'));
  } catch (error) {
    return isErrno(error, 'ENOENT', 'ENODEV');
  }
}

/**
 * KILL to all in a v2 group and below it.
 *
 * @returns whether it was seen empty within `withinMs`
 */
export async function killCgroup(
  folder: string,
  { clock, withinMs }: { clock: Clock; withinMs: number },
): Promise<boolean> {
  const deadline = clock.monotonic() + withinMs;
  for (;;) {
    // Kernels before 5.14 have no cgroup.kill: then one by one, until none is left.
    if (!isEmptyCgroup(folder) && !setCgroup(folder, 'cgroup.kill', '1')) killEach(folder);
    if (isEmptyCgroup(folder)) return true;
    if (clock.monotonic() >= deadline) return false;
    await sleep(clock, POLL_MS);
  }
}

/** Removes a group with all that is below it; what still runs stays. */
export function removeCgroupTree(folder: string): void {
  for (const child of childrenOf(folder)) removeCgroupTree(child);
  removeCgroup(folder);
}

function killEach(folder: string): void {
  for (const child of childrenOf(folder)) killEach(child);
  for (const pid of readText(join(folder, 'cgroup.procs')).split('\n')) {
    if (Number(pid) > 1) signal(Number(pid), 'SIGKILL');
  }
}

function childrenOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

/** Where our path stands below a mount that may show a part of the tree only. */
function within(mount: string, root: string, path: string | undefined): string | null {
  // Of a group outside of our namespace: none that we can reach.
  if (path === undefined || path.split('/').includes('..')) return null;
  if (root === '/') return join(mount, path);
  if (path === root || path.startsWith(`${root}/`)) return join(mount, path.slice(root.length));
  return path === '/' ? mount : null;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
