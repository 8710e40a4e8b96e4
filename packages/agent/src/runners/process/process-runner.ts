/**
 * Runs a script as a plain process with two pipes: in a session and process
 * group of its own, in its own cgroup where there are any, as its user.
 */
import { AppError, type Clock, type Logger, toError } from '@longshore/base';

import { lacksOf, type AttemptGroups } from '../../contract/attempt-group.ts';
import type { Run, Runner, RunOutput, RunRequest } from '../../contract/runner.ts';
import { LINK_TAG } from '../../contract/link-tag.ts';
import { hasTag, type ProcessFacts } from '../../machine/processes.ts';
import { HostCgroup } from './attempt-cgroup.ts';
import { loadNativeSpawn } from './native-spawn.ts';
import { startByNode } from './node-spawn.ts';
import { Orphans } from './orphans.ts';
import { ProcessRun } from './process-run.ts';
import type { Start } from './start.ts';
import { userNamed } from '../../machine/users.ts';

/** What this machine allows, for the log and the agent's facts. */
export interface ProcessRunnerFacts {
  nativeSpawn: boolean;
  subreaper: boolean;
  /** Folder of the host's cgroup; empty without. */
  cgroup: string;
}

export interface ProcessRunnerParts {
  hostId: string;
  clock: Clock;
  logger: Logger;
  native?: boolean;
  cgroups?: boolean;
}

export class ProcessRunner implements Runner, AsyncDisposable {
  readonly facts: ProcessRunnerFacts;
  /** Null where this process may not make cgroups. */
  readonly groups: AttemptGroups | null;
  readonly closeOnExec: (fd: number) => void;
  /** Gives memory back that only the start, or a busy time, needed. */
  readonly rest: () => void;
  readonly #start: Start;
  readonly #cgroup: HostCgroup | null;
  readonly #clock: Clock;
  readonly #orphans: Orphans;
  readonly #runs = new Map<number, { startedAt: number }>();

  constructor({ hostId, clock, logger, native = true, cgroups = true }: ProcessRunnerParts) {
    const addon = native ? loadNativeSpawn() : null;
    const reap = addon === null ? null : (pid: number) => addon.reap(pid);
    this.#start = addon === null ? startByNode : (request, handler) => addon.start(request, handler);
    this.#cgroup = cgroups ? HostCgroup.open(hostId, clock) : null;
    this.groups = this.#cgroup;
    this.closeOnExec = addon === null ? () => undefined : (fd) => addon.closeOnExec(fd);
    this.rest = addon === null ? () => undefined : () => addon.rest();
    this.#clock = clock;
    this.#orphans = new Orphans(reap, clock);
    this.facts = {
      nativeSpawn: addon !== null,
      subreaper: addon?.becomeSubreaper() ?? false,
      cgroup: this.#cgroup?.folder ?? '',
    };
    logger.info('process runner', { ...this.facts });
  }

  /** @throws AppError `unavailable` (the process can't be made), `invalid`, `notFound` (its user) */
  async start(request: RunRequest, output: RunOutput): Promise<Run> {
    refuseNul(request);
    const user = userNamed(request.runAs);
    const cgroup = this.#cgroup?.leaf(request.attemptId, request.maxProcesses) ?? null;
    const run = new ProcessRun({
      attemptId: request.attemptId,
      cgroup,
      lacks: lacksOf(cgroup, request),
      output,
      clock: this.#clock,
      ownsOrphan: (facts) => this.#ownsOrphan(facts),
      reap: () => this.#orphans.reapLater(),
    });
    try {
      const started = this.#start(
        {
          argv: request.argv,
          env: request.env,
          cwd: request.cwd,
          unifiedCgroup: cgroup?.folder ?? '',
          cgroupFiles: cgroup?.files ?? [],
          user,
        },
        run,
      );
      run.attach(started instanceof Promise ? await started : started);
    } catch (thrown) {
      cgroup?.remove();
      throw spawnFailed(request, thrown);
    }
    this.#watch(run);
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#orphans.close();
    this.#cgroup?.close();
  }

  #watch(run: ProcessRun): void {
    const { pid } = run;
    this.#runs.set(pid, { startedAt: this.#clock.monotonic() });
    this.#orphans.own(pid);
    void run.exited.then(() => {
      this.#runs.delete(pid);
      this.#orphans.disown(pid);
    });
  }

  /** While one script runs alone, an orphan that came to us is its. */
  #ownsOrphan(facts: ProcessFacts): boolean {
    const ours = facts.parent === process.pid && !this.#orphans.isOwn(facts.pid);
    return ours && this.#runs.size <= 1 && !hasTag(facts.pid, `${LINK_TAG}=1`);
  }
}

function refuseNul(request: RunRequest): void {
  const texts = [...request.argv, request.cwd, ...Object.entries(request.env).flat()];
  if (texts.some((text) => text.includes('\0')))
    throw new AppError(
      'invalid',
      `starting attempt ${request.attemptId}: an argument or variable holds a NUL byte`,
    );
}

const STEPS: Record<string, string> = {
  chdir: 'entering its working directory',
  exec: 'executing the interpreter',
  setgroups: 'taking the user’s groups',
  setgid: 'taking the user’s group',
  setuid: 'becoming the user',
  cgroup: 'entering its cgroup',
};

function spawnFailed(request: RunRequest, thrown: unknown): AppError {
  const cause = toError(thrown);
  const step = 'step' in cause ? String(cause.step) : 'exec';
  const who = request.runAs === '' ? '' : ` as ${request.runAs}`;
  return new AppError(
    'unavailable',
    `starting ${request.argv[0] ?? ''}${who} for attempt ${request.attemptId}: ${STEPS[step] ?? step}: ${cause.message}`,
    { cause, detail: { step } },
  );
}
