/**
 * What a stage must not hold any more once its tasks have ended: processes of
 * scripts, leases and requests for them, workspaces, files that were deleted
 * and are still open, connections that one side has closed, control groups.
 *
 * Some of it is given back a moment after the task's end, so each is waited
 * for; what does not go is named. That no timer keeps a program alive is shown
 * by closing the stage: each must then end by itself.
 */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { readHostRecords } from '@longshore/agent/contract/host-record';

import { allProcesses, environmentOf, hostsIn, isHost } from './proc.ts';
import type { Daemon } from './program.ts';
import type { RestClient } from './rest.ts';
import { tcpTable } from './tcp-table.ts';
import { until } from './until.ts';

/** A stage, as far as it can leak. */
export interface Leaky {
  readonly folder: string;
  readonly rest: RestClient;
  readonly servers: readonly { readonly daemon: Pick<Daemon, 'running' | 'pid'> }[];
  readonly agents: readonly {
    readonly name: string;
    readonly dataDir: string;
    readonly daemon: Pick<Daemon, 'running' | 'pid'>;
  }[];
}

const FLEETING_FILE = /-(wal|shm|journal)$/;

type Look = () => string[] | Promise<string[]>;

/** @throws Error that names all that is left; every task of the stage must have ended */
export async function expectNoLeaks(stage: Leaky, { withinMs = 20_000 } = {}): Promise<void> {
  const looks: Record<string, Look> = {
    processes: () => scriptProcesses(stage),
    leases: () => leases(stage),
    workspaces: () => stage.agents.flatMap(workspaces),
    files: () => daemons(stage).flatMap(deletedFiles),
    sockets: () => daemons(stage).flatMap(halfClosed),
    cgroups: () => stage.agents.flatMap(attemptGroups),
  };
  const left: string[] = [];
  for (const [what, look] of Object.entries(looks)) {
    let seen: string[] = [];
    await until(
      `no ${what} are left`,
      async () => {
        seen = await look();
        return seen.length === 0;
      },
      { timeoutMs: withinMs },
    ).catch(() => left.push(...seen.map((one) => `${what}: ${one}`)));
  }
  if (left.length > 0) throw new Error(`left over:\n${left.join('\n')}`);
}

/** What scripts started, also where it has left its session and its folder: it still has their environment. */
export function scriptProcesses(stage: Leaky): string[] {
  const ours = new Set(daemons(stage));
  return allProcesses()
    .filter(({ pid, command, cwd }) => {
      if (pid === process.pid || ours.has(pid) || isHost(command)) return false;
      return cwd.startsWith(stage.folder) || hasInEnvironment(pid, stage.folder);
    })
    .map(({ pid, command }) => `${pid} ${command}`);
}

function hasInEnvironment(pid: number, text: string): boolean {
  try {
    const environment = environmentOf(pid);
    return environment.includes(text) && environment.includes('LONGSHORE_');
  } catch {
    return false; // it has ended, or is another user's
  }
}

/** Servers, agents and their hosts that run. */
function daemons(stage: Leaky): number[] {
  const started = [...stage.servers, ...stage.agents].map(({ daemon }) => daemon);
  return [
    ...started.filter(({ running }) => running).map(({ pid }) => pid),
    ...hostsIn(stage.folder).map(({ pid }) => pid),
  ];
}

async function leases(stage: Leaky): Promise<string[]> {
  const found: string[] = [];
  for (const path of ['/leases', '/leases/queue']) {
    const { items } = await stage.rest.get<{ items: { id: string; taskId: string }[] }>(path);
    found.push(...items.map(({ id, taskId }) => `${path} ${id} of task ${taskId}`));
  }
  return found;
}

function workspaces({ name, dataDir }: Leaky['agents'][number]): string[] {
  const folder = join(dataDir, 'attempts');
  const found = existsSync(folder) ? readdirSync(folder) : [];
  return found.map((attempt) => `${name} has ${attempt}`);
}

function deletedFiles(pid: number): string[] {
  return openOf(pid).filter((target) => {
    const file = / \(deleted\)$/.test(target) && target.startsWith('/');
    return file && !FLEETING_FILE.test(target.replace(/ \(deleted\)$/, ''));
  });
}

/** The far end has closed it, and this end has not noticed. */
function halfClosed(pid: number): string[] {
  const rows = new Map(tcpTable().map((row) => [row.inode, row]));
  return openOf(pid).flatMap((target) => {
    const row = rows.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '');
    return row?.state === 'closeWait' ? [`${pid} has ${row.localPort} to ${row.remotePort} half closed`] : [];
  });
}

function openOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => {
      try {
        return [readlinkSync(join(folder, fd))];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return [];
  }
}

/** Leaves of attempts below the control groups that its hosts made. */
function attemptGroups({ name, dataDir }: Leaky['agents'][number]): string[] {
  return readHostRecords(dataDir)
    .filter(({ cgroup }) => cgroup !== '' && existsSync(cgroup))
    .flatMap(({ cgroup }) =>
      readdirSync(cgroup, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${name} has ${join(cgroup, entry.name)}`),
    );
}
