/**
 * When a commit is durable. Each commit joins the open group; one fdatasync
 * of the file they were all written to, off the main thread, makes a whole
 * group durable. Always true: a sync covers only what was written before it
 * began; one sync runs at a time, so groups become durable in order; when a
 * sync fails nothing after it is ever called durable (what the kernel dropped
 * once it does not report again), and the process has to end.
 */
import { open as openFile, type FileHandle } from 'node:fs/promises';
import { fdatasync } from 'node:fs';

import { toError } from '@longshore/base';

export interface GroupSyncEvents {
  /** A group became durable: how many commits it held, and how long the sync took. */
  synced?(commits: number, ms: number): void;
  /** The process has to end: what was committed can't be made durable. */
  failed(error: Error): void;
}

interface Group {
  commits: number;
  durable: Promise<void>;
  resolve: () => void;
}

export class GroupSync {
  readonly #sync: () => Promise<void>;
  readonly #events: GroupSyncEvents;
  /** Takes commits; its sync has not begun. */
  #open: Group | undefined;
  /** Its sync is under way. */
  #running: Group | undefined;
  #state: 'working' | 'failed' = 'working';

  constructor(sync: () => Promise<void>, events: GroupSyncEvents) {
    this.#sync = sync;
    this.#events = events;
  }

  /** To be called right after a commit; resolves when it is durable. */
  committed(): Promise<void> {
    if (this.#open === undefined) {
      this.#open = createGroup();
      // What else arrives in this turn of the event loop joins the same group.
      if (this.#running === undefined) setImmediate(() => void this.#syncGroups());
    }
    this.#open.commits += 1;
    return this.#open.durable;
  }

  /** Resolves when every commit so far is durable; undefined when that is so now. */
  pending(): Promise<void> | undefined {
    return (this.#open ?? this.#running)?.durable;
  }

  async #syncGroups(): Promise<void> {
    while (this.#open !== undefined && this.#state === 'working') {
      const group = this.#open;
      this.#running = group;
      this.#open = undefined;
      const began = performance.now();
      try {
        await this.#sync();
      } catch (thrown) {
        this.#state = 'failed';
        this.#events.failed(toError(thrown));
        return;
      }
      this.#events.synced?.(group.commits, performance.now() - began);
      group.resolve();
    }
    this.#running = undefined;
  }
}

function createGroup(): Group {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { commits: 0, durable: promise, resolve };
}

/** fdatasync on libuv's threads. The handle must stay open while it runs. */
export function dataSync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(fd, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** Makes the names in a directory durable: a new file is not safe before its name is. */
export async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle | undefined;
  try {
    directory = await openFile(path, 'r');
    await directory.sync();
  } finally {
    await directory?.close();
  }
}
