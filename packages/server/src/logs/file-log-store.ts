/**
 * Logs of the embedded server: one append-only file an attempt, holding the
 * spool's bytes at the spool's offsets, in folders by the time in its id. The
 * name of a file is an id and nothing else. Few files are open at once.
 */
import { existsSync, fdatasyncSync, mkdirSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { collectBehind, isErrno, type AppError, type Clock } from '@longshore/base';

import type { Appending, LogStore } from '../app/ports/log-store.ts';
import { StorageOut } from '../app/ports/store.ts';
import { LOG_BYTES_A_COLLECTION, LOG_FILES_OPEN, LOG_OUT_SHOWN_MS } from '../limits.ts';
import { failedAppend, missingRecords, storingFailed } from './accept.ts';
import { ArtifactFiles } from './artifact-files.ts';
import { openJournal, logPath } from './journal-logs.ts';
import type { Journal } from './journal.ts';
import { Followers } from './followers.ts';
import { LogFile } from './log-file.ts';
import { SyncRounds } from './sync-rounds.ts';

export interface FileLogStoreOptions {
  /** Made if it is missing. */
  directory: string;
  clock: Clock;
  /** Must end the process: what was acknowledged can't be made durable. */
  failed: (error: Error) => void;
}

/** Of a log that was closed within so many others it is known that all of it is durable. */
const CLOSED_LENGTHS_KEPT = 1000;

export class FileLogStore implements LogStore {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #rounds: SyncRounds;
  readonly #followers = new Followers();
  readonly #artifacts: ArtifactFiles;
  /** Open files, the one used last at the end. */
  readonly #files = new Map<string, LogFile>();
  /** Folders whose name this process has made durable. */
  readonly #named = new Set<string>();
  /** Lengths of files that were closed when all of them was durable. */
  readonly #closedAt = new Map<string, number>();
  readonly #journal: Journal;
  #refusal = { at: -Infinity, why: '' };
  readonly #passed = collectBehind(LOG_BYTES_A_COLLECTION);
  /** Bytes taken since the start, for the metrics. */
  bytesStored = 0;

  constructor({ directory, clock, failed }: FileLogStoreOptions) {
    this.#directory = join(directory, 'output');
    this.#clock = clock;
    this.#rounds = new SyncRounds(failed);
    this.#artifacts = new ArtifactFiles(join(directory, 'artifacts'));
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.#journal = openJournal(directory, {
      failed,
      refused: (error) => this.#refused(error),
      logs: this.#directory,
    });
  }

  append(attemptId: string, offset: number, records: Uint8Array): Appending {
    this.#passed(records.length);
    try {
      return this.#open(attemptId).append(offset, records);
    } catch (thrown) {
      const error = storingFailed(`output of attempt ${attemptId} at ${offset}`, thrown);
      this.#refused(error);
      return failedAppend(error);
    }
  }

  appendMissing(attemptId: string, offset: number, bytes: number): Appending {
    return this.append(attemptId, offset, missingRecords(offset, bytes, this.#clock.now()));
  }

  async length(attemptId: string): Promise<number> {
    const open = this.#files.get(attemptId);
    if (open !== undefined) return open.length;
    try {
      return (await stat(this.#pathOf(attemptId))).size;
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return 0;
      throw thrown;
    }
  }

  async read(attemptId: string, offset: number, limit: number): Promise<Buffer> {
    const file = this.#openExisting(attemptId);
    if (file === undefined) return Buffer.alloc(0);
    const bytes = await file.read(offset, limit);
    this.#passed(bytes.length);
    return bytes;
  }

  follow(attemptId: string, grown: (length: number) => void): () => void {
    return this.#followers.add(attemptId, grown);
  }

  async readRaw(attemptId: string, range: { from: number; to: number }): Promise<Buffer> {
    return (await this.#openExisting(attemptId)?.readRaw(range)) ?? Buffer.alloc(range.to - range.from);
  }

  async rewrite(attemptId: string, offset: number, records: Uint8Array): Promise<void> {
    const file = this.#open(attemptId);
    await file.rewrite(offset, records);
    await this.#forget(attemptId, file);
    this.#followers.tell(attemptId, file.length);
  }

  async recover(attemptId: string, verified = 0): Promise<number> {
    const file = this.#openExisting(attemptId);
    if (file === undefined) return 0;
    const length = await file.recover(verified);
    // Written by a process that was killed: in the page cache perhaps, and on what is stored promises are made.
    return file.append(length, new Uint8Array(0)).durable;
  }

  async truncate(attemptId: string, length: number): Promise<void> {
    const file = this.#openExisting(attemptId);
    if (file === undefined) return;
    await file.truncate(length);
    await this.#forget(attemptId, file);
  }

  async delete(attemptId: string): Promise<void> {
    const file = this.#files.get(attemptId);
    if (file !== undefined) {
      await file.quiet();
      this.#files.delete(attemptId);
      file.close();
    }
    this.#closedAt.delete(attemptId);
    await this.#forget(attemptId);
    await rm(this.#pathOf(attemptId), { force: true });
  }

  async putArtifact(artifactId: string, offset: number, content: Uint8Array): Promise<number> {
    return this.#watched(artifactId, this.#artifacts.put(artifactId, offset, content));
  }

  async finishArtifact(artifactId: string, digest: string): Promise<number> {
    return this.#watched(artifactId, this.#artifacts.finish(artifactId, digest));
  }

  readArtifact(artifactId: string): AsyncIterable<Buffer> {
    return this.#artifacts.read(artifactId);
  }

  /** Waits for what is being written and synced. */
  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.quiet()));
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    await this.#journal.close();
    await this.#artifacts.close();
  }

  /** Why its disk takes nothing; empty: it does, as far as the last seconds tell. */
  get out(): string {
    const { at, why } = this.#refusal;
    return this.#clock.monotonic() - at < LOG_OUT_SHOWN_MS ? why : '';
  }

  async #watched(artifactId: string, put: Promise<number>): Promise<number> {
    try {
      return await put;
    } catch (thrown) {
      const error = storingFailed(`artifact ${artifactId}`, thrown);
      this.#refused(error);
      throw error;
    }
  }

  #refused(error: AppError): void {
    if (error instanceof StorageOut) this.#refusal = { at: this.#clock.monotonic(), why: error.message };
  }

  #pathOf(attemptId: string): string {
    return logPath(this.#directory, attemptId);
  }

  /** Earlier entries of the journal must not bring back what was cut off. */
  async #forget(attemptId: string, file?: LogFile): Promise<void> {
    if (file !== undefined) fdatasyncSync(file.fd);
    await new Promise<void>((resolve) =>
      this.#journal.add({ kind: 'forget', attemptId, offset: 0, bytes: new Uint8Array(0) }, resolve),
    );
  }

  #openExisting(attemptId: string): LogFile | undefined {
    if (!this.#files.has(attemptId) && !existsSync(this.#pathOf(attemptId))) return undefined;
    return this.#open(attemptId);
  }

  #open(attemptId: string): LogFile {
    let file = this.#files.get(attemptId);
    if (file !== undefined) {
      this.#files.delete(attemptId);
      this.#files.set(attemptId, file);
      return file;
    }
    const path = this.#pathOf(attemptId);
    const newDirectories = this.#namesToSync(path);
    file = new LogFile(attemptId, {
      path,
      newDirectories,
      durable: this.#closedAt.get(attemptId) ?? 0,
      events: {
        grown: (length, by) => {
          this.bytesStored += by;
          this.#followers.tell(attemptId, length);
        },
        refused: (error) => this.#refused(error),
        dirty: (written) => this.#rounds.add(written),
        named: () => this.#named.add(dirname(path)),
        journal: (offset, bytes, durable) =>
          this.#journal.add({ kind: 'append', attemptId, offset, bytes }, durable),
      },
    });
    if (this.#files.size >= LOG_FILES_OPEN) this.#closeUnused();
    this.#files.set(attemptId, file);
    return file;
  }

  /**
   * Directories to sync with the file's first sync; makes the folder. A file
   * or folder that is there may be so by the journal alone, or by a process
   * that was killed before it synced: then its name is not durable yet.
   */
  #namesToSync(path: string): string[] {
    const folder = dirname(path);
    if (this.#named.has(folder)) return [folder];
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return [folder, this.#directory];
  }

  #closeUnused(): void {
    for (const [attemptId, file] of this.#files) {
      if (this.#files.size < LOG_FILES_OPEN) return;
      if (!file.idle) continue;
      this.#files.delete(attemptId);
      this.#closedAt.set(attemptId, file.length);
      const [oldest] = this.#closedAt.keys();
      if (this.#closedAt.size > CLOSED_LENGTHS_KEPT && oldest !== undefined) this.#closedAt.delete(oldest);
      file.close();
    }
  }
}
