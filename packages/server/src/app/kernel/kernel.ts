/**
 * What the parts of the core share: its options, its caches, and the few
 * writes that all of them make in the same way.
 */
import { AppError } from '@longshore/base';

import type { Attempt } from '../../domain/attempt.ts';
import { keyOfAction } from '../../domain/deployment/activity.ts';
import type { Lease } from '../../domain/lease.ts';
import type { EndState } from '../../domain/task-transition.ts';
import type { Task } from '../../domain/task.ts';
import type { CoreOptions, NewTask } from '../ports/core-api.ts';
import type { Tx } from '../ports/store.ts';
import type { TaskLogEntry, TaskLogLevel } from '../ports/tasks.ts';
import type { Batch, Turn } from './batch.ts';
import { LeaseBook } from './lease-book.ts';
import type { Roster, Sessions } from './roster.ts';
import { setAttempt, setLogN, setTask, type Live, type Run, type Runs } from './runs.ts';
import type { Watching } from './watching.ts';

export interface Kernel {
  readonly options: CoreOptions;
  readonly batch: Batch;
  readonly runs: Runs;
  readonly sessions: Sessions;
  readonly roster: Roster;
  readonly books: Books;
  readonly watching: Watching;
  /** This start of this node. */
  epoch: number;
  draining: boolean;
  /** This node stops: what fails in the background from now on is of no interest. */
  closed: boolean;
  /** Tasks that were queued moments ago: their rows need not be read again. */
  readonly fresh: Map<string, Task>;
  /** The time-out of the run's task passed. */
  timedOut(run: Run): void;
  /** The wait of an activity of the run is over: its next try, or its time-out. */
  due(run: Run, key: string): void;
  /** A task that the run waits for has ended. */
  childEnded(turn: Turn, parentId: string): Promise<void>;
  cancelTask(spaceId: string, taskId: string, by: string): void;
  /** A run of a process ends in this turn; its row says so already. */
  runEnded(turn: Turn, task: Task, state: EndState): Promise<void>;
  /** Submits a task within a turn: a run that starts another one. */
  submit(turn: Turn, spaceId: string, task: NewTask): Promise<Task>;
  /** Has the queue of the space looked at before this turn commits. */
  passAtEnd(turn: Turn, spaceId: string): void;
}

/** The task is another node's now: what this node wanted to write was not written. */
export class OwnershipLost extends AppError {
  readonly run: Run;

  constructor(run: Run) {
    super('conflict', `task ${run.task.id} is no longer this node's`);
    this.run = run;
  }
}

/** Whether the database still says so: a node that was stopped for a while may have been taken for dead. */
export async function isOurs(tx: Tx, { task }: Run): Promise<boolean> {
  const row = await tx.tasks.get(task.spaceId, task.id);
  return row !== undefined && row.nodeId === task.nodeId && row.epoch === task.epoch;
}

/** Another node goes on with the task: nothing of it is this node's business any more. */
export function dropRun(kernel: Pick<Kernel, 'runs' | 'options'>, run: Run): void {
  kernel.options.logger.warn('a task is another node’s now', { taskId: run.task.id });
  kernel.runs.remove(run);
}

/** The leases and queue of each space, loaded under the granting lock. */
export class Books {
  readonly #books = new Map<string, LeaseBook>();
  readonly #locked = new WeakMap<Turn, Set<string>>();

  get spaces(): Iterable<string> {
    return this.#books.keys();
  }

  /** As it was at the last commit of this node: for display. */
  known(spaceId: string): LeaseBook {
    let book = this.#books.get(spaceId);
    if (book === undefined) {
      book = new LeaseBook(spaceId);
      this.#books.set(spaceId, book);
    }
    return book;
  }

  /**
   * The book, right and locked until this transaction ends. Always taken before any row that another node may
   * write too, so that two nodes never wait for each other.
   */
  async lock(turn: Turn, spaceId: string): Promise<LeaseBook> {
    const book = this.known(spaceId);
    const locked = this.#locked.get(turn) ?? new Set();
    this.#locked.set(turn, locked);
    if (locked.has(spaceId)) return book;
    await book.load(turn.tx, await turn.tx.leases.lockGranting(spaceId));
    turn.undo(() => book.discard());
    locked.add(spaceId);
    return book;
  }

  nextTicket(turn: Turn, book: LeaseBook): number {
    this.changed(turn, book);
    return book.takeTicket();
  }

  nextFence(turn: Turn, book: LeaseBook): number {
    this.changed(turn, book);
    return book.takeFence();
  }

  /** Leases or queue are changed in this transaction. */
  changed(turn: Turn, book: LeaseBook): void {
    turn.beforeCommit(`version ${book.spaceId}`, () =>
      turn.tx.leases.changed(book.spaceId, book.takeVersion()),
    );
  }
}

export async function note(
  kernel: Kernel,
  turn: Turn,
  line: { task: Task; level: TaskLogLevel; text: string; attemptId?: string; activity?: string },
): Promise<void> {
  const { task, level, text, attemptId = '' } = line;
  const run = kernel.runs.task(task.id);
  const activity = line.activity ?? activityOf(run, attemptId);
  const entry: Omit<TaskLogEntry, 'n'> = {
    time: kernel.options.clock.now(),
    level,
    text,
    attemptId,
    activity,
  };
  const numbered = await turn.tx.tasks.appendLog(task, entry, run?.logN);
  if (run !== undefined) setLogN(turn, run, numbered.n);
  turn.after(() => kernel.watching.tell(task.id, { kind: 'log', entries: [numbered] }));
}

/** Of a run of a process: the activity that the attempt belongs to. */
function activityOf(run: Run | undefined, attemptId: string): string {
  if (run?.course === undefined) return '';
  const action = run.attempts.get(attemptId)?.attempt.action;
  return action === undefined ? '' : keyOfAction(action).key;
}

/** Followers of the task hear of it: here at once, on other nodes by the announcement. */
export function announceTask(kernel: Kernel, turn: Turn, task: Task): void {
  if (kernel.options.store.dialect === 'postgres') kernel.options.store.announce(turn.tx, 'task', task.id);
}

/** @throws OwnershipLost */
export async function saveTask(
  kernel: Kernel,
  turn: Turn,
  { run, task }: { run: Run; task: Task },
): Promise<void> {
  if (task === run.task) return;
  const { nodeId, epoch } = run.task;
  setTask(turn, run, task);
  if (!(await turn.tx.tasks.update(task, { nodeId, epoch }))) throw new OwnershipLost(run);
  announceTask(kernel, turn, task);
  turn.after(() => kernel.watching.tell(task.id, { kind: 'task', task: { ...task, place: null } }));
}

/** @throws OwnershipLost */
export async function saveAttempt(
  kernel: Kernel,
  turn: Turn,
  { live, attempt }: { live: Live; attempt: Attempt },
): Promise<void> {
  if (attempt === live.attempt && !live.dirty) return;
  setAttempt(turn, live, attempt);
  if (!(await turn.tx.attempts.update(attempt))) throw new OwnershipLost(live.run);
  if (attempt.complete && live.script !== undefined) await turn.tx.attempts.dropScript(attempt);
  turn.after(() => kernel.watching.tell(attempt.taskId, { kind: 'attempt', attempt }));
}

/** Ends a lease, and lets the queue have what it held. Idempotent. */
export async function releaseLease(
  kernel: Kernel,
  turn: Turn,
  { lease, why }: { lease: Lease; why: string },
): Promise<void> {
  const { store, clock } = kernel.options;
  const book = await kernel.books.lock(turn, lease.spaceId);
  if (!(await turn.tx.leases.release(lease, clock.now(), why))) return;
  book.removeLease(lease.id);
  kernel.books.changed(turn, book);
  store.announce(turn.tx, 'lease', lease.resource.id);
  kernel.passAtEnd(turn, lease.spaceId);
}

export function workerName(kernel: Kernel, spaceId: string, workerId: string): string {
  return kernel.roster.known(spaceId)?.workers.get(workerId)?.name ?? workerId;
}

/** `worker "a"`, `deployment target "b"`: what an attempt of the run is on, for people. */
export function placeOf(kernel: Kernel, run: Run, attempt: Attempt): string {
  const target = targetOf(kernel, run, attempt);
  if (target !== undefined) return `deployment target "${target}"`;
  return `worker "${workerName(kernel, attempt.spaceId, attempt.workerId)}"`;
}

/** Just its name. */
export function placeNameOf(kernel: Kernel, run: Run, attempt: Attempt): string {
  return targetOf(kernel, run, attempt) ?? workerName(kernel, attempt.spaceId, attempt.workerId);
}

/** Undefined: it is on a worker. */
function targetOf(kernel: Kernel, run: Run, { spaceId, leaseId, workerId }: Attempt): string | undefined {
  if (run.leases.get(leaseId)?.resource.kind !== 'target') return undefined;
  return kernel.roster.known(spaceId)?.nameOf({ kind: 'target', id: workerId }) ?? workerId;
}
