/**
 * What a script host says of itself on disk, so that the link finds it, can
 * tell whether it lives, and knows what to clean up when it does not.
 *
 *   <dataDir>/hosts/<hostId>.json   from before the host listens until it ends with nothing left to run
 *   <dataDir>/hosts/<version>.lock  who holds the right to be the host of this version
 *
 * Always true: a record whose process is gone belongs to a host that died; it
 * goes only when all that belonged to that host is gone.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isErrno, isId } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

/** Who a process is: a pid alone may be another's by now. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot at which it started; 0 where the system does not tell. */
  startTime: number;
  bootId: string;
}

export const PROCESS_IDENTITY: Shape<ProcessIdentity> = shape.fields({
  pid: shape.count,
  startTime: shape.count,
  bootId: shape.text,
});

export interface HostRecord {
  format: 1;
  hostId: string;
  /**
   * Id of the first of the hosts that followed one another by upgrades, none of which was lost; its own where absent.
   * What an agent tells as its incarnation's: an upgrade loses no memory.
   */
  line?: string;
  version: string;
  process: ProcessIdentity;
  /** Milliseconds since the epoch. */
  startedAtMs: number;
  socket: string;
  /** Folder of the host's v2 cgroup, below which each attempt has its leaf; empty without cgroups. */
  cgroup: string;
  /** Folder with the variables files; it holds secrets and goes with the host. */
  secrets: string;
}

/** In the environment of all that a host starts: what a sweep looks for where there are no cgroups. */
export const HOST_TAG = 'LONGSHORE_HOST_ID';
export const ATTEMPT_TAG = 'LONGSHORE_ATTEMPT';

export function hostsFolder(dataDir: string): string {
  return join(dataDir, 'hosts');
}

export function hostRecordFile(dataDir: string, hostId: string): string {
  return join(hostsFolder(dataDir), `${hostId}.json`);
}

export function hostLockFile(dataDir: string, version: string): string {
  return join(hostsFolder(dataDir), `${version.replaceAll(/[^A-Za-z0-9.+-]/g, '_')}.lock`);
}

export function writeHostRecord(dataDir: string, record: HostRecord): void {
  const file = hostRecordFile(dataDir, record.hostId);
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeHostRecord(dataDir: string, hostId: string): void {
  rmSync(hostRecordFile(dataDir, hostId), { force: true });
}

/** All records, in the order in which the hosts started. One that is not whole is another program's, and left out. */
export function readHostRecords(dataDir: string): HostRecord[] {
  let names: string[];
  try {
    names = readdirSync(hostsFolder(dataDir)).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  const records: HostRecord[] = [];
  for (const name of names) {
    const record = readRecord(join(hostsFolder(dataDir), name));
    if (record !== null && name === `${record.hostId}.json`) records.push(record);
  }
  return records.sort(byStart);
}

/** Which host started later: within a boot the kernel says it, whatever the wall clock showed. */
export function byStart(a: HostRecord, b: HostRecord): number {
  const sameBoot = a.process.bootId !== '' && a.process.bootId === b.process.bootId;
  if (sameBoot && a.process.startTime > 0 && b.process.startTime > 0)
    return a.process.startTime - b.process.startTime;
  return a.startedAtMs - b.startedAtMs;
}

const RECORD: Shape<HostRecord> = shape.fields({
  format: shape.only(1),
  hostId: shape.such('an id', isId),
  line: shape.optional(shape.text),
  version: shape.text,
  process: PROCESS_IDENTITY,
  startedAtMs: shape.number,
  socket: shape.text,
  cgroup: shape.text,
  secrets: shape.text,
});

function readRecord(file: string): HostRecord | null {
  try {
    return readJson(readFileSync(file, 'utf8'), RECORD, file);
  } catch {
    return null;
  }
}
