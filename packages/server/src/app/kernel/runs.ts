/**
 * The tasks that this node owns, in memory: what is under way, with what the
 * database says of it. Rows are the truth; a run is built from them at a
 * start, and changed only within a batch (`Turn.undo` takes a change back).
 */
import type { Cancel } from '@longshore/base';

import { isFinal } from '../../domain/attempt-transition.ts';
import type { Attempt } from '../../domain/attempt.ts';
import type { Lease } from '../../domain/lease.ts';
import type { ScriptSpec } from '../../domain/script.ts';
import type { Wish } from '../../domain/task-transition.ts';
import type { Task } from '../../domain/task.ts';
import type { RunningDigest } from '../ports/core-api.ts';
import type { Turn } from './batch.ts';
import { stopTimers, type CourseState } from './course-state.ts';

/** One attempt under way. */
export interface Live {
  attempt: Attempt;
  readonly run: Run;
  /** Closed segments that were found right; `attempt` has them once they are durable. */
  verified: readonly string[];
  verifiedTo: number;
  /** Of the open segment: bytes from `verifiedTo` to `digestedTo`. Undefined until its first byte, and after a restart. */
  digest: RunningDigest | undefined;
  digestedTo: number;
  /** The segment that was refused last, by where it begins, and how often in a row. */
  refused: { from: number; times: number };
  /** Bytes of output that are stored durably, and those that are stored and soon will be. */
  storedLength: number;
  appendedTo: number;
  /** Output is stored in the order in which it came. */
  storing: Promise<unknown>;
  /** All that was given to the log so far can be read, or was given up and `appendedTo` says so. */
  readable: Promise<unknown>;
  /** Resolves when the output that came last is durable; what can't be made durable ends the process. */
  stored: Promise<unknown>;
  artifacts: Map<number, { name: string; stored: boolean; length: number }>;
  /** Changed in memory (a phase), and not yet written. */
  dirty: boolean;
  /** Of a run of a process: what it was told to do, sensitive values sealed; undefined: what the task's spec says. */
  script: ScriptSpec | undefined;
}

export interface Run {
  task: Task;
  wish: Wish;
  readonly attempts: Map<string, Live>;
  readonly leases: Map<string, Lease>;
  /** Ids of requests that it waits for while it moves on to its next worker. */
  readonly requests: Set<string>;
  timer: Cancel | undefined;
  /** The number of its last log entry, once it is known. */
  logN: number | undefined;
  /** Of a run of a process, from the moment that it has a plan. */
  course: CourseState | undefined;
}

export function newRun(task: Task): Run {
  const wish = task.cancelRequestedAt === null ? 'none' : 'cancel';
  return {
    task,
    wish,
    attempts: new Map(),
    leases: new Map(),
    requests: new Set(),
    timer: undefined,
    logN: undefined,
    course: undefined,
  };
}

export class Runs {
  readonly #tasks = new Map<string, Run>();
  readonly #attempts = new Map<string, Live>();
  readonly #byWorker = new Map<string, Set<Live>>();

  get count(): number {
    return this.#tasks.size;
  }

  /** Those that take a place under the task cap: not those that wait for people, or for runs that need one themselves. */
  get busy(): number {
    let busy = 0;
    for (const run of this.#tasks.values()) if (run.course?.rests !== true) busy += 1;
    return busy;
  }

  [Symbol.iterator](): Iterator<Run> {
    return this.#tasks.values();
  }

  task(taskId: string): Run | undefined {
    return this.#tasks.get(taskId);
  }

  attempt(attemptId: string): Live | undefined {
    return this.#attempts.get(attemptId);
  }

  onWorker(workerId: string): Live[] {
    return [...(this.#byWorker.get(workerId) ?? [])];
  }

  add(run: Run): void {
    this.#tasks.set(run.task.id, run);
  }

  addAttempt(run: Run, attempt: Attempt): Live {
    const live: Live = {
      attempt,
      run,
      verified: attempt.segmentDigests,
      verifiedTo: attempt.verifiedLength,
      digest: undefined,
      digestedTo: attempt.verifiedLength,
      refused: { from: -1, times: 0 },
      storedLength: attempt.outputLength,
      appendedTo: attempt.outputLength,
      storing: Promise.resolve(),
      readable: Promise.resolve(),
      stored: Promise.resolve(),
      artifacts: new Map(),
      dirty: false,
      script: undefined,
    };
    run.attempts.set(attempt.id, live);
    this.#attempts.set(attempt.id, live);
    const onWorker = this.#byWorker.get(attempt.workerId);
    if (onWorker === undefined) this.#byWorker.set(attempt.workerId, new Set([live]));
    else onWorker.add(live);
    return live;
  }

  removeAttempt(live: Live): void {
    live.run.attempts.delete(live.attempt.id);
    this.#forget(live);
  }

  /** The task ended, or is another node's now. */
  remove(run: Run): void {
    run.timer?.();
    run.timer = undefined;
    if (run.course !== undefined) stopTimers(run.course);
    this.#tasks.delete(run.task.id);
    for (const live of run.attempts.values()) this.#forget(live);
  }

  clear(): void {
    for (const run of [...this.#tasks.values()]) this.remove(run);
  }

  /** Puts a run back that a rolled back transaction had ended. */
  restore(run: Run): void {
    this.#tasks.set(run.task.id, run);
    for (const live of run.attempts.values()) {
      this.#attempts.set(live.attempt.id, live);
      const onWorker = this.#byWorker.get(live.attempt.workerId) ?? new Set();
      this.#byWorker.set(live.attempt.workerId, onWorker.add(live));
    }
  }

  #forget(live: Live): void {
    this.#attempts.delete(live.attempt.id);
    const onWorker = this.#byWorker.get(live.attempt.workerId);
    onWorker?.delete(live);
    if (onWorker?.size === 0) this.#byWorker.delete(live.attempt.workerId);
  }
}

/** Puts a new version of the task in memory, until the transaction is rolled back. */
export function setTask(turn: Turn, run: Run, task: Task): void {
  const before = run.task;
  run.task = task;
  turn.undo(() => (run.task = before));
}

export function setLogN(turn: Turn, run: Run, n: number): void {
  const before = run.logN;
  run.logN = n;
  turn.undo(() => (run.logN = before));
}

export function setAttempt(turn: Turn, live: Live, attempt: Attempt): void {
  const before = live.attempt;
  const wasDirty = live.dirty;
  live.attempt = attempt;
  live.dirty = false;
  turn.undo(() => {
    live.attempt = before;
    live.dirty = wasDirty;
  });
}

/** Attempts of it that may still be under way. */
export function underWay(run: Run): Live[] {
  return [...run.attempts.values()].filter((live) => !isFinal(live.attempt));
}
