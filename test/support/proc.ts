/** What the kernel says of processes (/proc). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessInfo {
  pid: number;
  parent: number;
  command: string;
  cwd: string;
}

export function allProcesses(): ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => infoOf(Number(name)) ?? []);
}

/** Processes that stand in `folder` or name it in their command line, zombies left out. */
export function processesIn(folder: string): ProcessInfo[] {
  return allProcesses().filter(
    ({ pid, command, cwd }) => pid !== process.pid && (command.includes(folder) || cwd.startsWith(folder)),
  );
}

/** Without what one of them has just forked, and which is not yet the program that it will be. */
export function withoutForks(found: readonly ProcessInfo[]): ProcessInfo[] {
  const pids = new Set(found.map(({ pid }) => pid));
  return found.filter(({ parent }) => !pids.has(parent));
}

/** The script hosts that run there. */
export function hostsIn(folder: string): ProcessInfo[] {
  return withoutForks(processesIn(folder).filter(({ command }) => isHost(command)));
}

/** Whether it is a script host of ours. */
export function isHost(command: string): boolean {
  return /host-main|longshore-host/.test(command);
}

export function isAlive(pid: number): boolean {
  return infoOf(pid) !== undefined;
}

/** Resident memory in bytes: anonymous pages and mapped files, as `ps` shows it. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS');
}

/** The most that it ever was. */
export function peakResidentBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM');
}

export function environmentOf(pid: number): string {
  return readFileSync(`/proc/${pid}/environ`, 'latin1');
}

function statusBytes(pid: number, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) * 1024;
}

function infoOf(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), command, cwd: readlinkSync(`/proc/${pid}/cwd`) };
  } catch {
    return undefined; // it has ended while we looked
  }
}
