/**
 * `service install | uninstall | status`: the two systemd units. Whoever can
 * change a unit, or the program that it starts, owns the machine: they are
 * root's, and a folder on the way that others can write to is refused.
 */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { AppError, isErrno } from '@longshore/base';

import type { Resolved, Values } from '../config.ts';
import { renderUnits, UNIT_NAMES } from '../machine/units.ts';

export async function service({ values, positionals }: Resolved<'service'>): Promise<number> {
  switch (positionals.join(' ')) {
    case 'install':
      return install(values);
    case 'uninstall':
      return uninstall(values);
    case 'status':
      return status();
    default:
      throw new AppError(
        'invalid',
        `service ${positionals.join(' ')}: expected install, uninstall or status`,
      );
  }
}

/** @throws AppError `forbidden` (not root, or a folder that others can write to) */
async function install({ dataDir, user, unitFolder }: Values<'service'>): Promise<number> {
  requireRoot();
  const folder = programFolder();
  const units = renderUnits({
    node: process.execPath,
    agentMain: join(folder, 'main.js'),
    hostMain: join(folder, 'host-main.js'),
    dataDir: resolve(dataDir),
    user,
  });
  for (const path of [process.execPath, join(folder, 'main.js'), join(folder, 'host-main.js'), unitFolder])
    refuseWritable(path);
  if (user !== 'root') await ensureUser(user);
  mkdirSync(resolve(dataDir), { recursive: true, mode: 0o700 });
  await giveTo(user, resolve(dataDir));
  for (const name of UNIT_NAMES) {
    const file = join(unitFolder, name);
    writeFileSync(`${file}.new`, units[name], { mode: 0o644 });
    chmodSync(`${file}.new`, 0o644);
    renameSync(`${file}.new`, file);
    process.stdout.write(`wrote ${file}\n`);
  }
  await systemctl('daemon-reload');
  await systemctl('enable', '--now', ...UNIT_NAMES);
  process.stdout.write('both services are enabled and started\n');
  return 0;
}

async function uninstall({ unitFolder }: Values<'service'>): Promise<number> {
  requireRoot();
  for (const name of [...UNIT_NAMES].reverse()) {
    const file = join(unitFolder, name);
    if (!existsSync(file)) continue;
    await systemctl('disable', '--now', name);
    rmSync(file);
    process.stdout.write(`removed ${file}\n`);
  }
  await systemctl('daemon-reload');
  process.stdout.write('the data directory was left as it is\n');
  return 0;
}

/** @returns 0 when both run, 3 when not, as systemctl does */
async function status(): Promise<number> {
  let code = 0;
  for (const name of UNIT_NAMES) {
    const { stdout } = await call('systemctl', [
      'show',
      '--property=LoadState,ActiveState,SubState,StatusText',
      name,
    ]);
    const state: Record<string, string> = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const installed = state.LoadState === 'loaded';
    const what = installed ? `${state.ActiveState ?? '?'} (${state.SubState ?? '?'})` : 'not installed';
    process.stdout.write(`${name.padEnd(26)} ${what} ${state.StatusText ?? ''}`.trimEnd() + '\n');
    if (state.ActiveState !== 'active') code = 3;
  }
  return code;
}

function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new AppError('forbidden', 'installing services needs root: try again with sudo');
}

/** Where the bundles are; the services never run from sources. */
function programFolder(): string {
  const folder = dirname(fileURLToPath(import.meta.url));
  if (!existsSync(join(folder, 'host-main.js'))) {
    throw new AppError(
      'invalid',
      `the built program is not in ${folder}: the services need it (npm run build)`,
    );
  }
  return folder;
}

/** Every folder on the way must be root's alone: else another user decides what the service runs. */
function refuseWritable(path: string): void {
  for (let at = resolve(path); ; at = dirname(at)) {
    const { uid, mode } = statSync(at);
    const sticky = (mode & 0o1000) !== 0;
    if (uid !== 0 || ((mode & 0o022) !== 0 && !sticky)) {
      throw new AppError(
        'forbidden',
        `${at} can be changed by others than root: services must not be started from there (install the agent below /opt or /usr/local)`,
      );
    }
    if (at === dirname(at)) return;
  }
}

async function ensureUser(user: string): Promise<void> {
  if ((await call('id', ['-u', user])).code === 0) return;
  await must('useradd', [
    '--system',
    '--user-group',
    '--shell',
    '/usr/sbin/nologin',
    '--home-dir',
    '/nonexistent',
    user,
  ]);
  process.stdout.write(`made the system user ${user}\n`);
}

async function giveTo(user: string, folder: string): Promise<void> {
  const uid = Number(await must('id', ['-u', user]));
  const gid = Number(await must('id', ['-g', user]));
  chownSync(folder, uid, gid);
  chmodSync(folder, 0o700);
  // A registration as root, before the installation, left its files there.
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() || entry.isDirectory()) chownSync(join(entry.parentPath, entry.name), uid, gid);
  }
}

async function systemctl(...args: string[]): Promise<void> {
  await must('systemctl', args);
}

async function must(program: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await call(program, args);
  if (code !== 0)
    throw new AppError('unavailable', `${program} ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return stdout;
}

function call(program: string, args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done, reject) => {
    execFile(program, args, { encoding: 'utf8' }, (error, stdout, stderr) => {
      if (isErrno(error, 'ENOENT'))
        reject(new AppError('unavailable', `${program} is not on this machine: services need systemd`));
      else done({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}
