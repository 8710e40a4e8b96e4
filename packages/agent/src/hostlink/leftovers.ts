/**
 * What a dead script host left behind: processes of attempts that have no
 * outcome, its cgroups, its folders with the socket and the secrets.
 *
 * Always true: nothing is touched before the host's process is proven dead;
 * a process of an attempt that ended by itself before is left alone, as the
 * living host would have done.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Clock } from '@longshore/base';

import { ATTEMPT_TAG, HOST_TAG, type HostRecord } from '../contract/host-record.ts';
import { attemptsFolder, workspacePaths } from '../contract/workspace.ts';
import { LEFTOVERS_TIMEOUT_MS } from '../limits.ts';
import { killCgroup, ownCgroups, removeCgroup, removeCgroupTree } from '../machine/cgroups.ts';
import { bootId, sweep } from '../machine/processes.ts';

/** Whether `killLeftovers` proves that all is gone: without cgroups it looks everywhere, and can't see everything. */
export function canProve({ cgroup, process }: HostRecord): boolean {
  return cgroup !== '' || process.bootId !== bootId();
}

/** @returns empty when all is seen to be gone; else what is not */
export async function killLeftovers(dataDir: string, record: HostRecord, clock: Clock): Promise<string> {
  const remains = record.process.bootId === bootId() ? await killProcesses(dataDir, record, clock) : '';
  if (remains !== '') return remains;
  removeCgroups(record);
  for (const folder of [record.secrets, dirname(record.socket)]) {
    if (basename(folder).startsWith('longshore-')) rmSync(folder, { recursive: true, force: true });
  }
  return '';
}

async function killProcesses(dataDir: string, record: HostRecord, clock: Clock): Promise<string> {
  if (record.cgroup === '') {
    const spared = endedAttempts(dataDir).map((attemptId) => `${ATTEMPT_TAG}=${attemptId}`);
    const gone = await sweep({ tag: `${HOST_TAG}=${record.hostId}`, spared }, clock);
    return gone ? '' : `processes of script host ${record.hostId} go on after KILL`;
  }
  for (const attemptId of attemptsBelow(record.cgroup)) {
    if (existsSync(workspacePaths(dataDir, attemptId).outcome)) continue;
    const leaf = join(record.cgroup, attemptId);
    if (!(await killCgroup(leaf, { clock, withinMs: LEFTOVERS_TIMEOUT_MS })))
      return `processes of attempt ${attemptId} go on after KILL`;
  }
  return '';
}

function endedAttempts(dataDir: string): string[] {
  return attemptsBelow(attemptsFolder(dataDir)).filter((id) =>
    existsSync(workspacePaths(dataDir, id).outcome),
  );
}

function attemptsBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function removeCgroups(record: HostRecord): void {
  if (record.cgroup === '') return;
  removeCgroupTree(record.cgroup);
  const { pids } = ownCgroups();
  if (pids === null || !existsSync(pids)) return;
  for (const name of readdirSync(pids)) {
    if (name.startsWith(`longshore-${record.hostId}-`)) removeCgroup(join(pids, name));
  }
}
