/**
 * The built-in worker's agent as a detached process with a data directory of
 * its own. Spawned at the server's start only, never on a task's path.
 *
 *   <folder>/process.json       pid, its start time, the machine's boot: who it is
 *   <folder>/registration.json  which worker it is registered as
 *   <folder>/agent.log          what it says
 *   <folder>/data               its data directory
 */
import { execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { AppError, isCode, isErrno, toError } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

import type { BuiltInProcess } from './app/ports/builtin-process.ts';
import { BUILTIN_REGISTER_MS, BUILTIN_STOP_MS } from './limits.ts';

const run = promisify(execFile);

/** The agent's program beside the server's, in a checkout and in an installation alike. */
export const AGENT_PROGRAM = fileURLToPath(new URL('../../agent/bin/longshore-agent.js', import.meta.url));

export interface BuiltInProcessOptions {
  /** `<dataDir>/builtin-worker` */
  folder: string;
  /** Program and its first arguments, such as [process.execPath, AGENT_PROGRAM]. */
  command: readonly [string, ...string[]];
  /** host:port of this server's own agent port, from this machine. */
  server: () => string;
  /** User name; empty: the server's own. Another one needs a server that runs as root. */
  user: string;
}

interface Identity {
  pid: number;
  /** Start time as the machine tells it, so that a pid used again is not taken for it. */
  startedAt: string;
  bootId: string;
}

const IDENTITY: Shape<Identity> = shape.fields({
  pid: shape.count,
  startedAt: shape.text,
  bootId: shape.text,
});
const REGISTRATION: Shape<{ workerId: string }> = shape.fields({ workerId: shape.text });
const SWITCHED_OFF: Shape<object> = shape.fields({});

interface Account {
  uid: number;
  gid: number;
}

export function createBuiltInProcess(options: BuiltInProcessOptions): BuiltInProcess {
  const file = (name: string): string => join(options.folder, name);
  const dataDir = file('data');
  let account: Promise<Account | undefined> | undefined;
  const as = (): Promise<Account | undefined> => (account ??= accountOf(options.user));

  const identity = async (): Promise<Identity | undefined> => {
    const known = await readFileAs(file('process.json'), IDENTITY);
    if (known === undefined || known.bootId !== (await bootId())) return undefined;
    return (await startTime(known.pid)) === known.startedAt ? known : undefined;
  };

  return {
    async registeredAs() {
      return (await readFileAs(file('registration.json'), REGISTRATION))?.workerId ?? null;
    },
    async register({ token, name }) {
      await rm(file('registration.json'), { force: true });
      await rm(dataDir, { recursive: true, force: true });
      await makeFolders(options.folder, dataDir, await as());
      const tokenFile = join(dataDir, '.token');
      try {
        await writeFile(tokenFile, token, { mode: 0o600 });
        await own(tokenFile, await as());
        const [program, ...first] = options.command;
        await run(
          program,
          [
            ...first,
            'register',
            '--data-dir',
            dataDir,
            '--name',
            name,
            '--server',
            options.server(),
            '--token-file',
            tokenFile,
          ],
          { ...(await as()), env: environment(), cwd: dataDir, timeout: BUILTIN_REGISTER_MS },
        );
      } catch (cause) {
        throw new AppError('unavailable', `registering the built-in worker failed: ${lastWords(cause)}`, {
          cause,
        });
      } finally {
        await rm(tokenFile, { force: true });
      }
    },
    remember: (workerId) => writeJson(file('registration.json'), { workerId }),
    running: async () => (await identity()) !== undefined,
    async start() {
      const log = await open(file('agent.log'), 'a', 0o640);
      try {
        const [program, ...first] = options.command;
        const child = spawn(program, [...first, 'run', '--data-dir', dataDir], {
          ...(await as()),
          cwd: dataDir,
          env: environment(),
          detached: true,
          stdio: ['ignore', log.fd, log.fd],
        });
        await started(child);
        child.unref();
        const pid = child.pid ?? 0;
        const startedAt = await startTime(pid);
        if (startedAt === undefined) {
          throw new AppError('unavailable', `the built-in worker ended at once: see ${file('agent.log')}`);
        }
        await writeJson(file('process.json'), { pid, startedAt, bootId: await bootId() });
      } finally {
        await log.close();
      }
    },
    async stop() {
      const known = await identity();
      if (known === undefined) return;
      process.kill(known.pid, 'SIGTERM');
      const deadline = performance.now() + BUILTIN_STOP_MS;
      while ((await identity()) !== undefined) {
        if (performance.now() > deadline) {
          throw new AppError('timedOut', `the built-in worker (pid ${known.pid}) does not stop`);
        }
        await wait(STOP_LOOK_MS);
      }
      await rm(file('process.json'), { force: true });
      await retireHosts(join(dataDir, 'hosts'));
    },
    switchedOff: async () => (await readFileAs(file('switched-off.json'), SWITCHED_OFF)) !== undefined,
    async setSwitchedOff(off) {
      if (off) await writeJson(file('switched-off.json'), {});
      else await rm(file('switched-off.json'), { force: true });
    },
  };
}

/** A script host whose record is gone takes nothing more, and ends when it is idle. */
async function retireHosts(folder: string): Promise<void> {
  const names = await readdir(folder).catch((thrown: unknown) => {
    if (isErrno(thrown, 'ENOENT')) return [];
    throw thrown;
  });
  for (const name of names) if (name.endsWith('.json')) await rm(join(folder, name), { force: true });
}

/** Between two looks whether a process that was asked to stop has gone. */
const STOP_LOOK_MS = 50;

/** None of the server's own environment: it may hold its secrets. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, LANG, LC_ALL, TZ, TMPDIR } = process.env;
  const kept = { PATH, LANG, LC_ALL, TZ, TMPDIR };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

async function accountOf(user: string): Promise<Account | undefined> {
  if (user === '') return undefined;
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', '--', user]), run('id', ['-g', '--', user])]);
    const account = { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    const own = process.getuid?.();
    if (own === account.uid) return undefined;
    if (own !== 0) {
      throw new AppError(
        'forbidden',
        `the built-in worker can run as "${user}" only when the server runs as root`,
      );
    }
    return account;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('invalid', `there is no user "${user}" for the built-in worker`, { cause });
  }
}

async function makeFolders(folder: string, dataDir: string, account: Account | undefined): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (account !== undefined) {
    // Its user passes through, and sees nothing, to the data directory below, which is its alone.
    for (const path of [dirname(folder), folder]) await chmod(path, 0o711);
  }
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await own(dataDir, account);
}

async function own(path: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

function started(child: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      reject(new AppError('unavailable', 'the built-in worker could not be started', { cause }));
    });
  });
}

async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    // Elsewhere than on Linux the start time, which holds the date, must do.
    return '';
  }
}

/** When a process began, in the machine's own words; undefined: there is none. */
async function startTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything: fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' ? undefined : fields[STAT_START_TIME_AFTER_NAME];
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOENT', 'ESRCH')) throw thrown;
  }
  if (process.platform === 'linux') return undefined;
  return run('ps', ['-o', 'lstart=', '-p', String(pid)]).then(
    ({ stdout }) => stdout.trim() || undefined,
    () => undefined,
  );
}

/** Field 22 of proc_pid_stat(5), counted from the third, which follows the name. */
const STAT_START_TIME_AFTER_NAME = 19;

async function readFileAs<T>(path: string, of: Shape<T>): Promise<T | undefined> {
  try {
    return readJson(await readFile(path, 'utf8'), of, path);
  } catch (thrown) {
    // Torn by a crash is as good as not there: it is written anew.
    if (isErrno(thrown, 'ENOENT') || isCode(thrown, 'corrupt')) return undefined;
    throw thrown;
  }
}

async function writeJson(path: string, value: object): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** The last line on standard error of a program that failed. */
function lastWords(thrown: unknown): string {
  const said = (thrown as { stderr?: string }).stderr?.trim().split('\n').at(-1);
  return said === undefined || said === '' ? toError(thrown).message : said;
}
