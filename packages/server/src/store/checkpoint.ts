/**
 * Keeps the WAL short: after a number of commits a worker thread moves its
 * pages into the database file. SQLite starts the WAL anew only when all of
 * it was moved and nobody writes meanwhile; under a steady load that would
 * never be, so a long WAL gets a second pass while writers are held back,
 * which has only the few pages of the first pass's duration left to move.
 *
 * The thread starts with the first checkpoint and ends when there was none
 * for a while: an idle server does not pay for it.
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

import { AppError, systemClock, type Cancel, type Logger } from '@longshore/base';

import { CHECKPOINT_AFTER_COMMITS, CHECKPOINT_IDLE_MS, WAL_LONG_FRAMES } from '../limits.ts';

export type CheckpointReply = { frames: number; moved: number } | { error: string };

export interface CheckpointerOptions {
  path: string;
  logger: Logger;
  /** Runs `section` while nobody writes. */
  alone: <T>(section: () => Promise<T>) => Promise<T>;
}

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #worker: Worker | undefined;
  #commits = 0;
  #running: Promise<void> | undefined;
  #cancelIdle: Cancel | undefined;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
  }

  /** To be called after each commit; costs an addition. */
  committed(): void {
    this.#commits += 1;
    if (this.#commits >= CHECKPOINT_AFTER_COMMITS && this.#running === undefined) void this.checkpoint();
  }

  /** Never rejects: a checkpoint that failed is logged, and the next one moves what it left. */
  checkpoint(): Promise<void> {
    this.#commits = 0;
    this.#running ??= this.#pass()
      .catch((error: unknown) =>
        this.#options.logger.warn('a checkpoint failed; the WAL stays longer', { error }),
      )
      .finally(() => {
        this.#running = undefined;
        this.#endWhenIdle();
      });
    return this.#running;
  }

  async close(): Promise<void> {
    await this.#running;
    this.#cancelIdle?.();
    await this.#end();
  }

  async #pass(): Promise<void> {
    this.#cancelIdle?.();
    const first = await this.#ask();
    if (first.frames < WAL_LONG_FRAMES) return;
    await this.#options.alone(() => this.#ask());
  }

  async #ask(): Promise<{ frames: number; moved: number }> {
    const worker = (this.#worker ??= this.#start());
    const reply = await new Promise<CheckpointReply>((resolve) => {
      const answered = (answer: CheckpointReply): void => {
        worker.off('message', answered).off('error', died).off('exit', ended);
        resolve(answer);
      };
      const died = (error: unknown): void => answered({ error: String(error) });
      const ended = (): void => answered({ error: 'the checkpoint thread ended' });
      worker.on('message', answered).on('error', died).on('exit', ended);
      worker.postMessage('checkpoint');
    });
    if ('error' in reply)
      throw new AppError('unavailable', `checkpointing ${this.#options.path}: ${reply.error}`);
    return reply;
  }

  #start(): Worker {
    const worker = new Worker(workerFile(), {
      workerData: { path: this.#options.path },
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    });
    worker.unref();
    const gone = (): void => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    worker.once('exit', gone).once('error', gone);
    return worker;
  }

  #endWhenIdle(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = systemClock.after(CHECKPOINT_IDLE_MS, () => void this.#end());
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage('close');
    worker.ref();
    await exited;
  }
}

/** Beside this file when run from the sources; an entry of its own, below `store/`, in the bundle. */
function workerFile(): URL {
  const places = [
    './checkpoint-worker.ts',
    './store/checkpoint-worker.js',
    './checkpoint-worker.js',
    '../store/checkpoint-worker.js',
    '../checkpoint-worker.js',
  ];
  const found = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
  if (found === undefined) throw new AppError('bug', 'the checkpoint thread is missing from this build');
  return found;
}
