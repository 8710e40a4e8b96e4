/**
 * Makes files durable in rounds: a file that was written joins the next round,
 * and one fdatasync covers all that was written to it before the round began.
 * A few files are synced at a time, so that the store's own sync always finds
 * a thread. When a sync fails, the process has to end: what the kernel dropped
 * it does not report twice.
 */
import { fdatasync } from 'node:fs';
import { open } from 'node:fs/promises';

import { toError } from '@longshore/base';

import { LOG_SYNCS_AT_ONCE } from '../limits.ts';

/** What a round needs of a file. */
export interface Syncable {
  readonly fd: number;
  /** Directories whose entries are new: synced before the file counts as durable. */
  takeNewDirectories(): string[];
  /** Called when the sync begins: what is written from now on is not covered. */
  syncBegan(): void;
  synced(): void;
}

export class SyncRounds {
  readonly #failed: (error: Error) => void;
  readonly #waiting = new Set<Syncable>();
  #running = 0;
  #scheduled = false;
  #directories = new Map<string, Promise<void>>();

  constructor(failed: (error: Error) => void) {
    this.#failed = failed;
  }

  /** The file was written and not synced since; it must stay open until `synced`. */
  add(file: Syncable): void {
    this.#waiting.add(file);
    if (this.#scheduled || this.#running >= LOG_SYNCS_AT_ONCE) return;
    this.#scheduled = true;
    // What else is written in this turn of the event loop shares the sync.
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#running < LOG_SYNCS_AT_ONCE && this.#waiting.size > 0) this.#next();
    });
  }

  #next(): void {
    const [file] = this.#waiting;
    if (file === undefined) return;
    this.#waiting.delete(file);
    this.#running += 1;
    file.syncBegan();
    const done = (error: Error | null): void => {
      if (error !== null) {
        this.#failed(error);
        return;
      }
      this.#running -= 1;
      file.synced();
      if (this.#waiting.size > 0) this.#next();
    };
    const directories = file.takeNewDirectories();
    if (directories.length === 0) fdatasync(file.fd, done);
    else void this.#syncNew(file.fd, directories, done);
  }

  async #syncNew(fd: number, directories: string[], done: (error: Error | null) => void): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) =>
        fdatasync(fd, (error) => (error === null ? resolve() : reject(error))),
      );
      for (const directory of directories) await this.#syncDirectory(directory);
    } catch (thrown) {
      done(toError(thrown));
      return;
    }
    done(null);
  }

  /** A sync of a directory that has not begun yet is shared. */
  #syncDirectory(path: string): Promise<void> {
    let waiting = this.#directories.get(path);
    if (waiting === undefined) {
      waiting = new Promise((resolve) => setImmediate(resolve)).then(async () => {
        this.#directories.delete(path);
        const directory = await open(path, 'r');
        try {
          await directory.sync();
        } finally {
          await directory.close();
        }
      });
      this.#directories.set(path, waiting);
    }
    return waiting;
  }
}
