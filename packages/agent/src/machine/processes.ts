/**
 * Processes of the machine, as /proc tells: who lives, what belongs together,
 * and the sweep that ends it where there are no cgroups. Used by the runner
 * (a script's leftovers) and by the link (a dead host's).
 */
import { readdirSync, readFileSync } from 'node:fs';

import { type Clock, isErrno, sleep } from '@longshore/base';

import type { ProcessIdentity } from '../contract/host-record.ts';

/** A line of /proc/<pid>/stat, as far as we need it. */
export interface ProcessFacts {
  pid: number;
  state: string;
  parent: number;
  group: number;
  session: number;
  startTime: number;
}

/** What a sweep is to end. */
export interface SweepTarget {
  /** `NAME=value` in the environment: what was started with it, unless it took it out. */
  tag: string;
  /** More of the same form: what carries one of these is left alone. */
  spared?: readonly string[];
  /** The process that leads the group and the session, where it is known. */
  leader?: number;
  /** Asked of a process that nothing else gives away, such as an orphan that came to us. */
  alsoOwn?: (facts: ProcessFacts) => boolean;
}

const SWEEPS_AT_MOST = 100;
const BETWEEN_SWEEPS_MS = 20;
/** A sweep that finds nothing is repeated: a process may fork while one reads /proc. */
const EMPTY_SWEEPS_NEEDED = 2;

export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: factsOf(pid)?.startTime ?? 0, bootId: bootId() };
}

/** Whether this very process still runs. A zombie does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  const facts = factsOf(identity.pid);
  if (facts !== null)
    return (identity.startTime === 0 || facts.startTime === identity.startTime) && !isDead(facts);
  return identity.startTime === 0 && signal(identity.pid, 0);
}

/** Null when there is no such process. */
export function factsOf(pid: number): ProcessFacts | null {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  return parseStat(pid, line);
}

/** @returns null for a line that is not whole: its process has just gone */
export function parseStat(pid: number, line: string): ProcessFacts | null {
  // The name stands in brackets, and may hold brackets and blanks itself.
  const [state = '', ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [parent, group, session, startTime] = [rest[0], rest[1], rest[2], rest[18]].map((field) =>
    /^-?\d{1,20}$/.test(field ?? '') ? Number(field) : undefined,
  );
  if (parent === undefined || group === undefined || session === undefined || startTime === undefined)
    return null;
  return { pid, state, parent, group, session, startTime };
}

export function listProcesses(): ProcessFacts[] {
  const found: ProcessFacts[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const facts = Number.isInteger(pid) ? factsOf(pid) : null;
    if (facts !== null) found.push(facts);
  }
  return found;
}

/** Sends a signal; false when there is no such process (or it is not ours). A negative pid is a group. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (isErrno(error, 'ESRCH', 'EPERM')) return false;
    throw error;
  }
}

/**
 * KILL to all that belongs to the target: by tag, by group and session of the
 * leader, and all that descends from these; again and again until none is found.
 *
 * @returns whether none was left. No proof: what emptied its environment, left
 *   the session and lost its parent can't be seen.
 */
export async function sweep(target: SweepTarget, clock: Clock): Promise<boolean> {
  const known = new Map<number, number>();
  for (let round = 0, empty = 0; round < SWEEPS_AT_MOST; round += 1) {
    const members = membersOf(target, known);
    for (const facts of members) signal(facts.pid, 'SIGKILL');
    empty = members.length === 0 ? empty + 1 : 0;
    if (empty >= EMPTY_SWEEPS_NEEDED) return true;
    if (members.length > 0) await sleep(clock, BETWEEN_SWEEPS_MS);
  }
  return false;
}

function membersOf(target: SweepTarget, known: Map<number, number>): ProcessFacts[] {
  const all = listProcesses().filter((facts) => !isDead(facts) && facts.pid > 1 && facts.pid !== process.pid);
  const members = new Map<number, ProcessFacts>();
  const belongs = (facts: ProcessFacts): boolean =>
    known.get(facts.pid) === facts.startTime ||
    members.has(facts.parent) ||
    (target.leader !== undefined &&
      (facts.pid === target.leader || facts.group === target.leader || facts.session === target.leader)) ||
    target.alsoOwn?.(facts) === true ||
    hasTag(facts.pid, target.tag, target.spared);
  for (let grown = true; grown;) {
    grown = false;
    for (const facts of all) {
      if (members.has(facts.pid) || !belongs(facts)) continue;
      members.set(facts.pid, facts);
      known.set(facts.pid, facts.startTime);
      grown = true;
    }
  }
  return [...members.values()];
}

/** Whether its environment holds `NAME=value`, and none of the others. */
export function hasTag(pid: number, tag: string, spared: readonly string[] = []): boolean {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
    const has = (text: string): boolean => environment.includes(`\0${text}\0`);
    return has(tag) && !spared.some(has);
  } catch {
    return false; // gone, or another user's
  }
}

export function isDead(facts: ProcessFacts): boolean {
  return facts.state === 'Z' || facts.state === 'X';
}
