/**
 * `upgrade`: makes the agent of a data directory another version, and says how
 * it went. Its server has it run as a script; what it prints is the task's
 * output, its exit code the attempt's outcome. 0: the new version runs.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';

import { AppError, systemClock } from '@longshore/base';

import type { Values } from '../config.ts';
import { versionsFolder, type Program } from '../contract/versions.ts';
import { SELF_TEST_MS } from '../limits.ts';
import { removeOldVersions } from '../upgrade/old-versions.ts';
import { tryVersion } from '../upgrade/trial.ts';
import { unpack } from '../upgrade/unpack.ts';

/** What fails is told as the attempt's message too: its task says it in one line. */
export async function upgrade(values: Values<'upgrade'>): Promise<number> {
  try {
    return await upgradeTo(values);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code === 'invalid') throw thrown;
    fail(thrown.message);
    return 1;
  }
}

function fail(why: string): void {
  process.stderr.write(`${why}\n`);
  const message = Buffer.from(why).toString('base64');
  process.stdout.write(`##longshore[resultMessage message='${message}']\n`);
}

/** @throws AppError that says why the version was not even tried */
async function upgradeTo(values: Values<'upgrade'>): Promise<number> {
  if (values.to === undefined || values.package === undefined)
    throw new AppError('invalid', 'upgrade needs --to and --package');
  const dataDir = resolve(values.dataDir);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  mkdirSync(versionsFolder(dataDir), { recursive: true, mode: 0o700 });
  say(`Verifying the package of version ${values.to}`);
  const program = await unpack(dataDir, { file: resolve(values.package), version: values.to });
  say(`Self-test of version ${program.version}`);
  await selfTest(program, dataDir);
  let cancelled = false;
  process.on('SIGTERM', () => (cancelled = true));
  const parts = { dataDir, clock: systemClock, say, withinMs: values.confirmWithinMs };
  const end = await tryVersion({ ...parts, cancelled: () => cancelled }, program);
  if (end.kind === 'rolledBack') {
    fail(`version ${program.version} was rolled back: ${end.why}`);
    return 1;
  }
  say(`Version ${program.version} is confirmed`);
  rmSync(resolve(values.package), { force: true });
  for (const version of removeOldVersions(dataDir)) say(`Removed version ${version}`);
  return 0;
}

/** @throws AppError `conflict` with what the version said of itself */
async function selfTest({ version, file }: Program, dataDir: string): Promise<void> {
  const child = spawn(process.execPath, [file, 'self-test', '--data-dir', dataDir], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // A process group of its own, so that one that hangs is ended with all that it started.
    detached: true,
  });
  const { promise, resolve: ended } = Promise.withResolvers<string>();
  child.once('error', (error) => ended(`it could not be started: ${error.message}`));
  child.once('exit', (code, signal) => ended(code === 0 ? '' : `it ended with ${signal ?? String(code)}`));
  const stop = systemClock.after(SELF_TEST_MS, () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    ended(`it did not end within ${SELF_TEST_MS / 1000} s`);
  });
  const problem = await promise;
  stop();
  if (problem !== '')
    throw new AppError('conflict', `version ${version} failed its self-test, and was not tried: ${problem}`);
}
