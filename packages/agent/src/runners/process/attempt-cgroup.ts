/**
 * The cgroups of a host and of each of its attempts:
 *
 *   <own v2 cgroup>/longshore-<hostId>/<attemptId>     all processes of the attempt
 *   <own v1 pids cgroup>/longshore-<hostId>-<attemptId>   only with maxProcesses, where v2 has no pids controller
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Clock } from '@longshore/base';

import type { AttemptGroup, AttemptGroups } from '../../contract/attempt-group.ts';
import {
  killCgroup,
  makeCgroup,
  ownCgroups,
  removeCgroup,
  removeCgroupTree,
  setCgroup,
} from '../../machine/cgroups.ts';

/** Beyond this a process is stuck in the kernel, and the caller is told that it is not gone. */
const KILL_WITHIN_MS = 5000;

export class HostCgroup implements AttemptGroups {
  readonly folder: string;
  readonly #hostId: string;
  readonly #v1Pids: string | null;
  readonly #v2Pids: boolean;
  readonly #clock: Clock;

  private constructor(parts: {
    folder: string;
    hostId: string;
    v1Pids: string | null;
    v2Pids: boolean;
    clock: Clock;
  }) {
    this.folder = parts.folder;
    this.#hostId = parts.hostId;
    this.#v1Pids = parts.v1Pids;
    this.#v2Pids = parts.v2Pids;
    this.#clock = parts.clock;
  }

  /** Null where this process may not make cgroups. */
  static open(hostId: string, clock: Clock, mounts = ownCgroups()): HostCgroup | null {
    if (mounts.unified === null) return null;
    const folder = join(mounts.unified, `longshore-${hostId}`);
    if (!makeCgroup(folder)) return null;
    return new HostCgroup({
      folder,
      hostId,
      v1Pids: mounts.pids,
      v2Pids: enablePids(mounts.unified, folder, hostId),
      clock,
    });
  }

  /** Null where the leaf can't be made. */
  leaf(attemptId: string, maxProcesses: number): AttemptCgroup | null {
    const folder = join(this.folder, attemptId);
    if (!makeCgroup(folder)) return null;
    const clock = this.#clock;
    if (maxProcesses <= 0) return new AttemptCgroup(folder, { v1Pids: null, bounded: true, clock });
    if (this.#v2Pids && setCgroup(folder, 'pids.max', String(maxProcesses)))
      return new AttemptCgroup(folder, { v1Pids: null, bounded: true, clock });
    const v1Pids = this.#v1Leaf(attemptId, maxProcesses);
    return new AttemptCgroup(folder, { v1Pids, bounded: v1Pids !== null, clock });
  }

  close(): void {
    removeCgroupTree(this.folder);
  }

  #v1Leaf(attemptId: string, maxProcesses: number): string | null {
    if (this.#v1Pids === null) return null;
    const folder = join(this.#v1Pids, `longshore-${this.#hostId}-${attemptId}`);
    return makeCgroup(folder) && setCgroup(folder, 'pids.max', String(maxProcesses)) ? folder : null;
  }
}

export class AttemptCgroup implements AttemptGroup {
  readonly folder: string;
  readonly bounded: boolean;
  readonly #v1Pids: string | null;
  readonly #clock: Clock;

  constructor(
    folder: string,
    { v1Pids, bounded, clock }: { v1Pids: string | null; bounded: boolean; clock: Clock },
  ) {
    this.folder = folder;
    this.bounded = bounded;
    this.#v1Pids = v1Pids;
    this.#clock = clock;
  }

  /** Files of v1 groups that take the process. */
  get files(): string[] {
    return this.#v1Pids === null ? [] : [join(this.#v1Pids, 'cgroup.procs')];
  }

  /** Whether it was seen empty. */
  kill(): Promise<boolean> {
    return killCgroup(this.folder, { clock: this.#clock, withinMs: KILL_WITHIN_MS });
  }

  /** False while something of the attempt still runs in it. */
  remove(): boolean {
    if (!removeCgroup(this.folder)) return false;
    if (this.#v1Pids !== null) removeCgroup(this.#v1Pids);
    return true;
  }
}

/**
 * The pids controller for our leaves, where it was delegated to us. A v2 group
 * with controllers may not hold processes itself, so the host moves into a
 * leaf of its own first.
 */
function enablePids(own: string, folder: string, hostId: string): boolean {
  if (!hasPids(own)) return false;
  if (!hasPids(folder)) {
    const aside = join(own, `longshore-host-${hostId}`);
    if (!makeCgroup(aside) || !setCgroup(aside, 'cgroup.procs', String(process.pid))) return false;
    if (!setCgroup(own, 'cgroup.subtree_control', '+pids')) return false;
  }
  return setCgroup(folder, 'cgroup.subtree_control', '+pids');
}

function hasPids(folder: string): boolean {
  try {
    return readFileSync(join(folder, 'cgroup.controllers'), 'utf8').trim().split(' ').includes('pids');
  } catch {
    return false;
  }
}
