/**
 * How a link was started, so that it can be started again where nobody else
 * does: its arguments, environment and folder, from /proc. Nothing of it
 * touches a disk, for the environment may hold a token.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

import { AppError } from '@longshore/base';

import type { ProcessIdentity } from '../contract/host-record.ts';
import { LINK_TAG } from '../contract/link-tag.ts';
import { identityOf } from '../machine/processes.ts';

export interface HowItRuns {
  process: ProcessIdentity;
  /** Node and its flags. */
  node: string[];
  /** The program, without links. */
  file: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Lines of /proc/<pid>/cgroup. */
  cgroups: string;
}

export function howItRuns(pid: number): HowItRuns {
  const cwd = readlinkSync(`/proc/${pid}/cwd`);
  const { node, file, args } = parseCommandLine(read(pid, 'cmdline'));
  return {
    process: identityOf(pid),
    node,
    file: realpathSync(resolve(cwd, file)),
    args,
    env: parseEnvironment(read(pid, 'environ')),
    cwd,
    cgroups: read(pid, 'cgroup'),
  };
}

/**
 * Of /proc/<pid>/cmdline: Node and its flags, the program, its arguments.
 *
 * @throws AppError `unavailable` for a process that runs no program's file
 */
export function parseCommandLine(text: string): Pick<HowItRuns, 'node' | 'file' | 'args'> {
  const words = text.split('\0').slice(0, -1);
  const at = words.findIndex((word, i) => i > 0 && !word.startsWith('-'));
  const file = words[at];
  if (file === undefined)
    throw new AppError('unavailable', 'the link that runs here was not started from a program of its own');
  return { node: words.slice(0, at), file, args: words.slice(at + 1) };
}

/** Of /proc/<pid>/environ. */
export function parseEnvironment(text: string): NodeJS.ProcessEnv {
  const lines = text.split('\0').filter((line) => line.includes('='));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** Detached; it belongs to no attempt, though an attempt starts it. */
export function startLink(dataDir: string, file: string, how: HowItRuns): void {
  const [node = process.execPath, ...flags] = how.node;
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  const log = openSync(join(dataDir, 'logs', 'link.stderr.log'), 'a', 0o600);
  const child = spawn(node, [...flags, file, ...how.args], {
    detached: true,
    cwd: how.cwd,
    env: { ...how.env, [LINK_TAG]: '1' },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.on('error', () => undefined);
  if (child.pid !== undefined) leaveCgroup(child.pid, how.cgroups);
  child.unref();
}

/** Out of the attempt's own group, with which it would be ended; where there are none it is where it belongs. */
function leaveCgroup(pid: number, cgroups: string): void {
  const path = /^0::(.*)$/m.exec(cgroups)?.[1];
  if (path === undefined) return;
  try {
    writeFileSync(join('/sys/fs/cgroup', path, 'cgroup.procs'), String(pid));
  } catch {
    // Not ours to write to: then it was never in another.
  }
}

function read(pid: number, name: string): string {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8');
}
