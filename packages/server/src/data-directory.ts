/**
 * The server's data directory, and what tells one such directory from
 * another: its lock, its master key, its node id.
 *
 *   longshore.db (-wal, -shm)   the embedded database
 *   logs/                       output and artifacts, when the database is embedded
 *   master.key                  0600; without it sealed values can't be opened
 *   master.key.next             while it is rotated (master-key.ts)
 *   node-id                     this node's name, made once
 *   clock.json                  how the machine's clock was set since its boot
 *   lock                        held by the server that runs here
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { chmod, open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import openDatabase from 'better-sqlite3';

import { AppError, isErrno, isId, type Ids } from '@longshore/base';

import { decodeMasterKey } from './config.ts';

export class DataDirectory {
  readonly path: string;
  readonly #unlock: () => void;

  private constructor(path: string, unlock: () => void) {
    this.path = path;
    this.#unlock = unlock;
  }

  /** @throws AppError `conflict` when another server runs on it */
  static open(path: string): DataDirectory {
    const absolute = resolve(path);
    mkdirSync(absolute, { recursive: true, mode: 0o700 });
    return new DataDirectory(absolute, lock(absolute));
  }

  get database(): string {
    return join(this.path, 'longshore.db');
  }

  /** How the machine's clock was set. */
  get clockSteps(): string {
    return join(this.path, 'clock.json');
  }

  get logs(): string {
    return join(this.path, 'logs');
  }

  /** The key of the file, made if the store was never sealed. @throws AppError `forbidden` when it is gone */
  async masterKey({ sealed }: { sealed: boolean }): Promise<Buffer> {
    const file = this.masterKeyFile;
    const found = await readIfThere(file);
    if (found === undefined && sealed) {
      throw new AppError(
        'forbidden',
        `the store is sealed, and its master key is not in ${file}: put it back, or give it by LONGSHORE_MASTER_KEY`,
      );
    }
    const text = found ?? (await writeOnce(file, `${randomBytes(32).toString('base64')}\n`));
    const key = decodeMasterKey(text);
    if (key === undefined) throw new AppError('corrupt', `${file} does not hold a master key of 32 bytes`);
    await chmod(file, 0o600);
    return key;
  }

  get masterKeyFile(): string {
    return join(this.path, 'master.key');
  }

  async writeNextMasterKey(key: Buffer): Promise<void> {
    await writeOnce(`${this.masterKeyFile}.next`, `${key.toString('base64')}\n`);
  }

  /** The next key takes the place of the one before, whole and durable. */
  async adoptNextMasterKey(): Promise<void> {
    await rename(`${this.masterKeyFile}.next`, this.masterKeyFile);
    await syncDirectoryOf(this.masterKeyFile);
  }

  /** After a rotation that did not come to its end: the next key is taken if it is the right one, else thrown away. */
  async settleMasterKey(isRight: (key: Buffer) => Promise<boolean>): Promise<void> {
    const text = await readIfThere(`${this.masterKeyFile}.next`);
    if (text === undefined) return;
    const next = decodeMasterKey(text);
    if (next !== undefined && (await isRight(next))) await this.adoptNextMasterKey();
    else await rm(`${this.masterKeyFile}.next`, { force: true });
  }

  /** @throws AppError `corrupt` */
  async nodeId(ids: Ids): Promise<string> {
    const file = join(this.path, 'node-id');
    const id = ((await readIfThere(file)) ?? (await writeOnce(file, `${ids()}\n`))).trim();
    if (!isId(id))
      throw new AppError(
        'corrupt',
        `${file} does not hold the id of this node: put it back, or give it by --node-id`,
      );
    return id;
  }

  close(): void {
    this.#unlock();
  }
}

/** SQLite's own lock on a file of its own: the kernel frees it whatever we die of. */
function lock(directory: string): () => void {
  const holder = openDatabase(join(directory, 'lock'), { timeout: 0 });
  try {
    holder.pragma('journal_mode = MEMORY');
    holder.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    holder.close();
    if (isErrno(cause, 'SQLITE_BUSY')) {
      throw new AppError('conflict', `another server runs on the data directory ${directory}`, { cause });
    }
    throw cause;
  }
  return () => holder.close();
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

/** There whole or not at all, and durable before anything rests on it. */
async function writeOnce(path: string, content: string): Promise<string> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncDirectoryOf(path);
  return content;
}

async function syncDirectoryOf(path: string): Promise<void> {
  const directory = await open(join(path, '..'), 'r');
  await directory.sync().finally(() => directory.close());
}
