/**
 * Starts a script host that outlives whoever started it: a session of its own,
 * no terminal, its output in its log.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { AppError } from '@longshore/base';

/** Beside the bundle, or one folder up where the sources run. */
const ENTRIES = ['./host-main.js', '../host-main.js', '../host-main.ts'];

/** The host's memory counts: a small young generation, and a collection when it rests. */
const MEMORY_FLAGS = ['--max-semi-space-size=4', '--max-old-space-size=256', '--expose-gc'];

/** The command that is a script host of our own version; `--data-dir` follows. */
export function hostCommand(moduleUrl: string = import.meta.url): string[] {
  for (const entry of ENTRIES) {
    const file = fileURLToPath(new URL(entry, moduleUrl));
    if (!existsSync(file)) continue;
    const source = file.endsWith('.ts')
      ? ['--conditions=longshore-source', '--disable-warning=ExperimentalWarning']
      : [];
    return [process.execPath, ...MEMORY_FLAGS, ...source, file];
  }
  throw new AppError('notFound', `host-main is not beside ${fileURLToPath(moduleUrl)}`);
}

export interface Launched {
  pid: number;
  /** Its end, as long as this process lives to see it. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * @param line of the host of another version that it takes over from
 * @returns whether it serves is seen by its record
 */
export async function launchHost(
  dataDir: string,
  {
    command = hostCommand(),
    line,
  }: { command?: readonly string[] | undefined; line?: string | undefined } = {},
): Promise<Launched> {
  // Most starts of a link find their host running and need no such module.
  const { spawn } = await import('node:child_process');
  const [program = '', ...args] = command;
  const logs = join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const log = openSync(join(logs, 'host.stderr.log'), 'a', 0o600);
  return new Promise((resolve, reject) => {
    const follows = line === undefined ? [] : ['--line', line];
    const child = spawn(program, [...args, '--data-dir', dataDir, ...follows], {
      detached: true,
      cwd: dirname(logs),
      stdio: ['ignore', log, log],
      env: withoutOurs(process.env),
    });
    closeSync(log);
    child.once('error', (cause) =>
      reject(new AppError('unavailable', `starting the script host for ${dataDir}`, { cause })),
    );
    const ended = new Promise<Awaited<Launched['ended']>>((tell) =>
      child.once('exit', (code, signal) => tell({ code, signal })),
    );
    child.once('spawn', () => {
      child.unref();
      resolve({ pid: child.pid ?? 0, ended });
    });
  });
}

/** Our own options may be secret (a token), and none is the host's. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('LONGSHORE_') && name !== 'NODE_OPTIONS'),
  );
}
