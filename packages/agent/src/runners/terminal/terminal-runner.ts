/**
 * Runs a script on a pseudo-terminal: one stream, as the terminal emits it,
 * with nothing lost at its end (terminal-run.ts). Linux and other systems
 * where node-pty forks.
 */
import { accessSync, chownSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { AppError, type Clock, toError } from '@longshore/base';

import { lacksOf, type AttemptGroup, type AttemptGroups } from '../../contract/attempt-group.ts';
import type { Run, Runner, RunOutput, RunRequest } from '../../contract/runner.ts';
import { type UserFacts, userNamed } from '../../machine/users.ts';
import { loadPty, type Pty } from './pty.ts';
import { TerminalRun } from './terminal-run.ts';

/** Enters the groups whose files come before `--`, then becomes the program: the same process. */
const ENTER = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; exec "$@"';

const DEFAULT_TERM = 'xterm-256color';

export interface TerminalRunnerParts {
  clock: Clock;
  /** Null where there are no cgroups. */
  groups: AttemptGroups | null;
  /** Keeps the master side, which node-pty opens inheritable, from the other scripts of this host. */
  closeOnExec?: (fd: number) => void;
}

export class TerminalRunner implements Runner {
  readonly #parts: TerminalRunnerParts;
  readonly #pty: Pty;

  /** @throws AppError `unavailable` where terminals are not to be had */
  constructor(parts: TerminalRunnerParts) {
    this.#parts = parts;
    this.#pty = loadPty();
  }

  /** @throws AppError `unavailable` (the process can't be made), `invalid`, `notFound` (its user) */
  async start(request: RunRequest, output: RunOutput): Promise<Run> {
    refuseNul(request);
    const user = userNamed(request.runAs);
    // node-pty tells of a missing program or folder only in the output.
    check(request, () => statSync(request.cwd), 'entering its working directory');
    check(request, () => accessSync(request.argv[0] ?? '', constants.X_OK), 'executing the interpreter');
    const group = this.#parts.groups?.leaf(request.attemptId, request.maxProcesses) ?? null;
    try {
      return this.#fork(request, { user, group, output });
    } catch (thrown) {
      group?.remove();
      throw failed(request, 'making the process', thrown);
    }
  }

  #fork(
    request: RunRequest,
    { user, group, output }: { user: UserFacts | null; group: AttemptGroup | null; output: RunOutput },
  ): TerminalRun {
    const [program = '', ...args] = withGroup(withUser(request.argv, user), group);
    const { columns, rows } = request.terminal ?? { columns: 80, rows: 24 };
    const env = environment(request, user);
    const ended = (code: number, signal: number): void => run.processEnded(code, signal);
    const forked = this.#pty.fork(program, args, env, request.cwd, columns, rows, -1, -1, true, '', ended);
    this.#parts.closeOnExec?.(forked.fd);
    // The terminal is the user's, as after a login. The script is still two exec calls away.
    if (user !== null) chownSync(forked.pty, user.uid, user.gid);
    const { attemptId } = request;
    const run = new TerminalRun({
      attemptId,
      pty: this.#pty,
      forked,
      group,
      lacks: lacksOf(group, request),
      output,
      clock: this.#parts.clock,
    });
    return run;
  }
}

function environment(request: RunRequest, user: UserFacts | null): string[] {
  const ofUser = user === null ? {} : { USER: user.name, LOGNAME: user.name, HOME: user.home };
  return Object.entries({ TERM: DEFAULT_TERM, ...request.env, ...ofUser }).map(
    ([name, value]) => `${name}=${value}`,
  );
}

function withGroup(argv: readonly string[], group: AttemptGroup | null): readonly string[] {
  if (group === null) return argv;
  return ['/bin/sh', '-c', ENTER, 'sh', join(group.folder, 'cgroup.procs'), ...group.files, '--', ...argv];
}

/** node-pty would leave our own groups to the user: util-linux's setpriv takes them away. */
function withUser(argv: readonly string[], user: UserFacts | null): readonly string[] {
  if (user === null) return argv;
  const groups = user.groups.length === 0 ? '--clear-groups' : `--groups=${user.groups.join(',')}`;
  return [findSetpriv(), `--reuid=${user.uid}`, `--regid=${user.gid}`, groups, '--', ...argv];
}

function findSetpriv(): string {
  for (const folder of (process.env['PATH'] ?? '/usr/bin:/bin').split(delimiter)) {
    const path = join(folder, 'setpriv');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // the next folder
    }
  }
  throw new AppError(
    'unavailable',
    'a terminal for another user needs setpriv (util-linux), which is not on the PATH',
  );
}

function refuseNul(request: RunRequest): void {
  const texts = [...request.argv, request.cwd, ...Object.entries(request.env).flat()];
  if (texts.some((text) => text.includes('\0')))
    throw new AppError(
      'invalid',
      `starting attempt ${request.attemptId}: an argument or variable holds a NUL byte`,
    );
}

function check(request: RunRequest, look: () => void, step: string): void {
  try {
    look();
  } catch (thrown) {
    throw failed(request, step, thrown);
  }
}

function failed(request: RunRequest, step: string, thrown: unknown): AppError {
  const cause = toError(thrown);
  const program = request.argv[0] ?? '';
  return new AppError(
    'unavailable',
    `starting ${program} on a terminal for attempt ${request.attemptId}: ${step}: ${cause.message}`,
    { cause },
  );
}
