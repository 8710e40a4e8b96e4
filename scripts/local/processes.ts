/**
 * The real programs as processes of this machine: daemons that write to log
 * files, and commands that run once. All are ended by pid, and only those.
 */
import { spawn, type StdioOptions } from 'node:child_process';
import { existsSync, openSync, closeSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = dirname(dirname(import.meta.dirname));
const bin = (name: string): string =>
  join(ROOT, 'packages', name, 'bin', name === 'cli' ? 'longshore.js' : `longshore-${name}.js`);

export const paths = { server: bin('server'), agent: bin('agent'), cli: bin('cli') };

/** How long a daemon may take to stop by itself before it is killed. */
const STOP_MS = 15_000;

export interface Daemon {
  readonly name: string;
  readonly pid: number;
}

export interface OwnDaemon extends Daemon {
  /** All that it has written so far. */
  output(): string;
  /** Takes a secret that was printed once out of the log file. */
  forget(secret: string): void;
  /** Throws when it has ended. */
  mustRun(): void;
}

/** Starts a daemon in a process group of its own, so that Ctrl-C at this terminal is ours alone to handle. */
export function startDaemon(
  name: string,
  program: string,
  { folder, args, env = {} }: { folder: string; args: string[]; env?: NodeJS.ProcessEnv },
): OwnDaemon {
  const file = join(folder, `${name}.log`);
  const log = openSync(file, 'w', 0o600);
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', log, log],
    detached: true,
    env: { ...process.env, ...env },
  });
  closeSync(log);
  child.unref();
  let ended: string | undefined;
  child
    .once('exit', (code, signal) => (ended = `ended (${signal ?? `exit code ${String(code)}`})`))
    .once('error', (error) => (ended = error.message));
  const output = (): string => readFileSync(file, 'utf8');
  return {
    name,
    pid: child.pid ?? 0,
    output,
    forget: (secret) => writeFileSync(file, output().replaceAll(secret, '*'.repeat(secret.length))),
    mustRun: () => {
      if (ended !== undefined)
        throw new Error(
          `${name} ${ended}. The end of ${file}:\n${output().trimEnd().split('\n').slice(-15).join('\n')}`,
        );
    },
  };
}

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs a program to its end. */
export async function runOnce(
  program: string,
  args: string[],
  { env = {}, show = false, input }: { env?: NodeJS.ProcessEnv; show?: boolean; input?: string } = {},
): Promise<Ran> {
  const stdio: StdioOptions = [
    input === undefined ? 'ignore' : 'pipe',
    show ? 'inherit' : 'pipe',
    show ? 'inherit' : 'pipe',
  ];
  const child = spawn(process.execPath, [program, ...args], { stdio, env: { ...process.env, ...env } });
  if (input !== undefined) child.stdin?.end(input);
  const code = new Promise<number>((done, failed) =>
    child.once('error', failed).once('exit', (exit) => done(exit ?? 1)),
  );
  const [out, err] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
  ]);
  return { code: await code, out, err };
}

/** Runs a program that has to succeed. @returns what it printed on stdout */
export async function runMust(
  program: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { code, out, err } = await runOnce(program, args, options);
  if (code !== 0)
    throw new Error(
      `${program.split('/').pop() ?? program} ${args.join(' ')} ended with ${code}:\n${err}${out}`,
    );
  return out;
}

/** Ends daemons, the last started first, then the script hosts below `dataDir`, which outlive their agents by design. */
export async function stopAll(daemons: Daemon[], dataDir: string): Promise<void> {
  for (const { pid } of daemons.splice(0).reverse()) await stop(pid);
  for (const pid of processesOf(resolve(dataDir))) await stop(pid);
}

export async function stop(pid: number): Promise<void> {
  const deadline = performance.now() + STOP_MS;
  signal(pid, 'SIGTERM');
  while (isRunning(pid)) {
    if (performance.now() > deadline) signal(pid, 'SIGKILL');
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/** Whether it runs, and is Longshore's: a pid that was written down may be another's by now. */
export function isRunning(pid: number): boolean {
  if (!signal(pid, 0)) return false;
  if (!existsSync('/proc/self')) return true;
  try {
    const state = /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return state !== 'Z' && commandLine(pid).includes('longshore');
  } catch {
    return false;
  }
}

/** Pids of Longshore's own processes whose command line names something below `folder`. */
export function processesOf(folder: string): number[] {
  if (!existsSync('/proc/self')) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => {
      const command = commandLine(pid);
      return command.includes('longshore') && command.includes(folder);
    });
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
