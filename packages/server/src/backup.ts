/**
 * Copies of an embedded server's data, and taking one up again. A restored
 * copy is older than what agents have seen meanwhile; raising the store's
 * generation makes its fences and epochs higher than all from before, so that
 * agents obey it, and what it does not know of is flagged, never killed.
 */
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { AppError, isErrno, Scope, silentLogger, systemClock } from '@longshore/base';

import type { ServerConfig } from './config.ts';
import { DataDirectory } from './data-directory.ts';
import { openDatabaseAlone } from './open-alone.ts';
import { raiseGeneration } from './store/meta.ts';
import { migrate } from './store/migrate.ts';
import { MIGRATIONS } from './store/repositories.ts';

const DATABASE = 'longshore.db';
/** Copied beside the database; logs last, so that they hold at least what the database says. */
const FILES = ['master.key', 'master.key.next', 'node-id', 'logs'];

/** Works beside a running server: SQLite's own backup reads one moment of the database. */
export async function backup(config: ServerConfig, to: string): Promise<void> {
  requireEmbedded(config, 'pg_dump');
  const target = resolve(to);
  await mkdir(target, { recursive: true, mode: 0o700 });
  if ((await readdir(target)).length > 0)
    throw new AppError('conflict', `backing up to ${target}: the directory is not empty`);
  const keyBefore = await masterKeyOf(config);
  const { default: openDatabase } = await import('better-sqlite3');
  const source = openDatabase(join(config.dataDir, DATABASE), { readonly: true, fileMustExist: true });
  try {
    await source.backup(join(target, DATABASE));
  } finally {
    source.close();
  }
  for (const file of FILES) await copyIfThere(join(config.dataDir, file), join(target, file));
  if ((await masterKeyOf(config)) !== keyBefore) {
    throw new AppError(
      'conflict',
      `the master key was rotated while ${target} was written, which may not open with it: delete that, and back up again`,
    );
  }
  process.stdout.write(
    `The data of ${resolve(config.dataDir)} was copied to ${target}. It holds the master key: keep it as safe as that.\n`,
  );
}

/** Takes the copy into an empty data directory; with PostgreSQL (restored by its own tools) just raises the generation. */
export async function restore(config: ServerConfig, from: string | undefined): Promise<void> {
  if (config.database === 'sqlite') await takeCopy(config, from);
  const scope = new Scope();
  try {
    const directory = DataDirectory.open(config.dataDir);
    scope.add('the data directory', () => directory.close());
    const database = await openDatabaseAlone(config, directory);
    scope.add('the database', () => database.close());
    await migrate(database, MIGRATIONS, { logger: silentLogger, now: () => systemClock.now() });
    const generation = await database.alone(raiseGeneration);
    process.stdout.write(
      `Restored: the store is of generation ${generation} now. Start the server; agents tell it what they know.\n`,
    );
  } finally {
    await scope.close();
  }
}

async function takeCopy(config: ServerConfig, from: string | undefined): Promise<void> {
  if (from === undefined)
    throw new AppError('invalid', 'restore needs the directory of a backup: longshore-server restore DIR');
  const target = resolve(config.dataDir);
  await mkdir(target, { recursive: true, mode: 0o700 });
  if ((await readdir(target)).length > 0) {
    throw new AppError(
      'conflict',
      `restoring to ${target}: it is not empty; move it away first, so that nothing of it is lost`,
    );
  }
  await cp(join(resolve(from), DATABASE), join(target, DATABASE));
  for (const file of FILES) await copyIfThere(join(resolve(from), file), join(target, file));
}

/** The file's content; undefined: there is none. */
async function masterKeyOf(config: ServerConfig): Promise<string | undefined> {
  return readFile(join(config.dataDir, 'master.key'), 'utf8').catch((thrown: unknown) => {
    if (isErrno(thrown, 'ENOENT')) return undefined;
    throw thrown;
  });
}

function requireEmbedded(config: ServerConfig, tool: string): void {
  if (config.database !== 'sqlite')
    throw new AppError('invalid', `the database is PostgreSQL: use its own tools (${tool}) for a copy`);
}

async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await cp(from, to, { recursive: true });
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOENT')) throw thrown;
  }
}
