/**
 * The guard of a trial: makes the link the new version, and the old one again
 * when that does not prove itself. It runs as a script in the old version's
 * host, so it outlives the link whatever becomes of it.
 *
 *   trial.json written ──▶ link told ──▶ watching ──current.json──▶ confirmed
 *                                           │ the link ended, or TRIAL_MS passed
 *                                           ▼
 *                                        given up ──the old version's link runs──▶ rolled back
 *
 * Always true: which of the two it is was decided by one rename (contract/versions.ts).
 */
import { AppError, sleep, type Clock } from '@longshore/base';

import {
  giveTrialUp,
  readCurrent,
  readLink,
  readTrial,
  writeTrial,
  type LinkRecord,
  type Program,
  type VersionChoice,
} from '../contract/versions.ts';
import { BECOME_MS, RESTARTED_BY_OTHERS_MS, TRIAL_LOOK_MS } from '../limits.ts';
import { identityOf, isAlive, signal } from '../machine/processes.ts';
import { howItRuns, startLink, type HowItRuns } from './link-start.ts';

export interface TrialParts {
  dataDir: string;
  clock: Clock;
  /** The trial's time. */
  withinMs: number;
  /** Somebody wants it to end, by going back. */
  cancelled: () => boolean;
  /** What the operator reads in the task's output. */
  say: (line: string) => void;
}

export type TrialEnd = { kind: 'confirmed' } | { kind: 'rolledBack'; why: string };

/** @throws AppError `unavailable` when no link runs that could be upgraded, or the old one could not be brought back */
export async function tryVersion(parts: TrialParts, program: Program): Promise<TrialEnd> {
  const { dataDir, say } = parts;
  const link = await until(parts, RESTARTED_BY_OTHERS_MS, () => livingLink(dataDir));
  if (link === undefined) throw new AppError('unavailable', 'no link of this agent runs here');
  const how = howItRuns(link.process.pid);
  const choice: VersionChoice = {
    format: 1,
    run: program,
    previous: { version: link.version, file: how.file },
    installed: readCurrent(dataDir)?.installed ?? link.installed,
    guard: identityOf(process.pid),
    withinMs: parts.withinMs,
  };
  writeTrial(dataDir, choice);
  say(`Switching from version ${link.version} to ${program.version}`);
  signal(link.process.pid, 'SIGUSR2');
  const why = await watch(parts, program, link);
  if (why === undefined) return { kind: 'confirmed' };
  if (!giveTrialUp(dataDir) && readCurrent(dataDir)?.run.version === program.version)
    return { kind: 'confirmed' };
  say(`Rolling back to version ${link.version}: ${why}`);
  await bringBack(parts, { choice, how });
  return { kind: 'rolledBack', why };
}

/** @returns undefined when it is confirmed; else why it is to be given up */
async function watch(parts: TrialParts, program: Program, link: LinkRecord): Promise<string | undefined> {
  const { dataDir, clock } = parts;
  const began = clock.monotonic();
  const verdict = await until(parts, parts.withinMs, () => {
    if (readTrial(dataDir) === undefined) {
      const confirmed = readCurrent(dataDir)?.run.version === program.version;
      return { why: confirmed ? undefined : 'it gave itself up' };
    }
    if (parts.cancelled()) return { why: 'it was cancelled' };
    const now = livingLink(dataDir);
    if (isAlive(link.process) || now !== undefined) return undefined;
    // Nobody but us would notice, or a service manager would start it again and again.
    return { why: `its link ended after ${Math.round(clock.monotonic() - began)} ms` };
  });
  return verdict === undefined
    ? `it had no session with a server within ${parts.withinMs / 1000} s`
    : verdict.why;
}

/** The trial is over: the version before runs again, by whoever starts it. */
async function bringBack(
  parts: TrialParts,
  { choice, how }: { choice: VersionChoice; how: HowItRuns },
): Promise<void> {
  const { dataDir, say } = parts;
  const old = choice.previous.version;
  const isBack = (): boolean => livingLink(dataDir)?.version === old;
  const tried = readLink(dataDir);
  // One that is well but has no server goes back by itself, in the same process.
  if (tried !== undefined && tried.version !== old && signal(tried.process.pid, 'SIGUSR2'))
    await until(parts, BECOME_MS, isBack);
  if (!isBack()) {
    for (const process of [tried?.process, how.process])
      if (process !== undefined && isAlive(process)) signal(process.pid, 'SIGKILL');
    await until(parts, RESTARTED_BY_OTHERS_MS, isBack);
  }
  if (!isBack()) {
    say('Nobody starts the link again: starting it');
    startLink(dataDir, choice.previous.file, how);
    await until(parts, BECOME_MS, isBack);
  }
  if (!isBack()) throw new AppError('unavailable', `the link of version ${old} could not be started again`);
  say(`Version ${old} runs again`);
}

function livingLink(dataDir: string): LinkRecord | undefined {
  const link = readLink(dataDir);
  return link !== undefined && isAlive(link.process) ? link : undefined;
}

/** The first value of `look` that is neither undefined nor false; undefined when there was none in time. */
async function until<T>(
  { clock }: TrialParts,
  withinMs: number,
  look: () => T | undefined | false,
): Promise<T | undefined> {
  const deadline = clock.monotonic() + withinMs;
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    if (clock.monotonic() > deadline) return undefined;
    await sleep(clock, TRIAL_LOOK_MS);
  }
}
