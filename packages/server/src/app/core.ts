/**
 * Puts the heart of the server together. Everything here rests on three
 * things: rows are the truth, a batch writes them, and effects follow when
 * they are durable.
 */
import { toError } from '@longshore/base';

import { isEnded } from '../domain/task-transition.ts';
import { RECONNECT_GRACE_MS, TIMER_EARLY_MS, UNREACHABLE_NOTICE_MS } from '../limits.ts';
import { Agents } from './agents/agents.ts';
import { Attempts } from './agents/attempts.ts';
import { inboxOf } from './agents/inbox.ts';
import { Inventory } from './agents/inventory.ts';
import { Nodes } from './agents/nodes.ts';
import { advanceCourse, childEnded, dueNow } from './course/course.ts';
import { Batch, type Turn } from './kernel/batch.ts';
import { Books, dropRun, OwnershipLost, type Kernel } from './kernel/kernel.ts';
import { Roster, Sessions } from './kernel/roster.ts';
import { Runs, type Run } from './kernel/runs.ts';
import { Watching } from './kernel/watching.ts';
import { LogCheck } from './output/log-check.ts';
import { mendedLogs } from './output/mended-logs.ts';
import { Mending } from './output/mending.ts';
import { runEnded } from './planning/promotion.ts';
import { createReleases } from './planning/releases.ts';
import type { Core, CoreOptions, NewTask } from './ports/core-api.ts';
import { StorageOut } from './ports/store.ts';
import { hearWords } from './tasks/did-not-run.ts';
import { createLeases } from './tasks/leases.ts';
import { createProcessRuns } from './tasks/process-runs.ts';
import { QueueView } from './tasks/queue-view.ts';
import { Scheduler } from './tasks/scheduler.ts';
import { cancel, createTasks, submit } from './tasks/tasks.ts';
import { askToEnd } from './tasks/wishes.ts';
import { createTriggers } from './triggers/triggers.ts';

export function createCore(options: CoreOptions): Core {
  const { store, clock, logger } = options;
  const runs = new Runs();
  const sessions = new Sessions(clock);
  const batch = new Batch({
    store,
    logger,
    nextTurn: options.nextTurn,
    failed: (thrown) => {
      if (thrown instanceof OwnershipLost) dropRun(kernel, thrown.run);
    },
  });
  const kernel: Kernel = {
    options,
    batch,
    runs,
    sessions,
    roster: new Roster(sessions, options.nodeId),
    books: new Books(),
    watching: new Watching(store),
    epoch: 0,
    draining: false,
    closed: false,
    fresh: new Map(),
    passAtEnd: (turn: Turn, spaceId: string) => scheduler.passAtEnd(turn, spaceId),
    due: (run: Run, key: string) => background(batch.add((turn) => dueNow(kernel, turn, { run, key }))),
    childEnded: (turn: Turn, parentId: string) => childEnded(kernel, turn, parentId),
    runEnded: (turn, task, state) => runEnded(kernel, turn, { task, state }),
    cancelTask: (spaceId: string, id: string, by: string) => background(cancel(kernel, { spaceId, id, by })),
    submit: (turn: Turn, spaceId: string, task: NewTask) =>
      submit(kernel, scheduler, turn, { spaceId, task }),
    timedOut: (run: Run) =>
      background(batch.add((turn) => askToEnd(kernel, turn, { run, wish: 'timeOut', by: '' }))),
  };
  const scheduler = new Scheduler(kernel);
  const attempts = new Attempts(kernel);
  const inventory = new Inventory(kernel, attempts);
  const agents = new Agents(kernel);
  const nodes = new Nodes(kernel);
  const queue = new QueueView(kernel, scheduler);
  const tasks = createTasks(kernel, scheduler, queue);
  const mending = new Mending(kernel);
  const logCheck = new LogCheck(kernel, mending);
  const stops: (() => void)[] = [];
  let closing: Promise<void> | undefined;

  function background(work: Promise<unknown>): void {
    work.catch((thrown: unknown) => {
      if (!kernel.closed) logger.error('work in the background failed', { error: toError(thrown) });
    });
  }

  const passEverywhere = (): Promise<void> =>
    batch.add(async (turn) => {
      for (const spaceId of kernel.books.spaces) kernel.passAtEnd(turn, spaceId);
    });

  /** A wish to cancel that another node left. */
  const hearCancel = async (taskId: string): Promise<void> => {
    const run = runs.task(taskId);
    if (run === undefined || run.wish !== 'none') return;
    const asked = await store.read((tx) => tx.tasks.get(run.task.spaceId, taskId));
    if (asked === undefined || asked.cancelRequestedAt === null || isEnded(asked.state)) return;
    await batch.add((turn) => askToEnd(kernel, turn, { run, wish: 'cancel', by: 'another server node' }));
  };

  /** Another node has something to say of a task of ours: cancel it, or one that it waits for has ended. */
  const hearOfTask = async (taskId: string): Promise<void> => {
    await hearCancel(taskId);
    const run = runs.task(taskId);
    if (run?.course !== undefined) await batch.add((turn) => advanceCourse(kernel, turn, run));
  };

  const hear = (): void => {
    stops.push(
      store.listen('worker', (id) => {
        kernel.roster.discardWorker(id);
        if (queueIsLong()) background(passEverywhere());
      }),
    );
    stops.push(
      store.listen('resource', (kind) => {
        if (kind !== 'target') return;
        kernel.roster.discard();
        if (queueIsLong()) background(passEverywhere());
      }),
    );
    stops.push(store.listen('trust', (id) => background(agents.revoked(id))));
    if (store.dialect !== 'postgres') return;
    stops.push(
      store.listen('task', (id) => {
        if (runs.task(id) === undefined) background(kernel.watching.reread(id));
        else background(hearOfTask(id));
      }),
      store.listen('lease', () => {
        if (queueIsLong()) background(passEverywhere());
      }),
      store.listen('word', (taskId) => background(hearWords(kernel, taskId))),
      store.listen('node', () => kernel.roster.discard()),
    );
  };

  const queueIsLong = (): boolean =>
    [...kernel.books.spaces].some((spaceId) => kernel.books.known(spaceId).queueLength > 0);

  return {
    tasks,
    processRuns: createProcessRuns(kernel, queue),
    releases: createReleases(kernel),
    triggers: createTriggers(kernel),
    leases: createLeases(kernel, queue, (spaceId, taskId, by) => tasks.cancel(spaceId, taskId, by)),
    inbox: inboxOf(kernel, { agents, attempts, inventory, mending }),
    logs: mendedLogs(options.logs, (attemptId, at) => mending.damaged(attemptId, at)),
    async start() {
      hear();
      for (const spaceId of options.spaces) kernel.books.known(spaceId);
      await nodes.start();
      await passEverywhere();
      background(logCheck.checkUnderWay());
      const lookForThem = (): void => {
        const lives = [...runs].flatMap((run) => [...run.attempts.values()]);
        for (const id of new Set(lives.map(({ attempt }) => attempt.workerId)))
          background(agents.unreachable(id));
      };
      // They say that they wait; and what had timed out is given up only when it has had the time to come back.
      stops.push(
        clock.after(UNREACHABLE_NOTICE_MS, lookForThem),
        clock.after(RECONNECT_GRACE_MS + TIMER_EARLY_MS, lookForThem),
      );
    },
    async drain() {
      kernel.draining = true;
      await unlessOut(store.write((tx) => tx.nodes.setDraining(options.nodeId, kernel.epoch, true)));
    },
    close() {
      closing ??= (async () => {
        kernel.draining = true;
        kernel.closed = true;
        for (const stop of stops.splice(0)) stop();
        batch.stopHolding();
        await unlessOut(attempts.flush());
        await batch.idle();
        runs.clear();
        await unlessOut(store.write((tx) => tx.nodes.remove(options.nodeId, kernel.epoch)));
      })();
      return closing;
    },
    nodes: () => store.read((tx) => tx.nodes.list()),
    figures: () => {
      const books = [...kernel.books.spaces].map((spaceId) => kernel.books.known(spaceId));
      const sum = (of: (book: (typeof books)[number]) => number): number =>
        books.reduce((total, book) => total + of(book), 0);
      return {
        owned: runs.count,
        queued: sum((book) => book.queueLength),
        held: sum((book) => book.heldCount),
      };
    },
    chores: {
      beat: () => nodes.beat(),
      async judge() {
        for (const id of await nodes.judge()) await agents.revoked(id);
      },
      reap: () => nodes.reap(),
      checkLogs: () => logCheck.check(),
      async lookAgain() {
        kernel.roster.discard();
        for (const id of await store.read((tx) => tx.tasks.askedToCancel(options.nodeId)))
          await hearCancel(id);
        for (const run of [...runs])
          if (run.course !== undefined) await batch.add((turn) => advanceCourse(kernel, turn, run));
        for (const { taskId } of await store.read((tx) => tx.attempts.wordsFor(options.nodeId)))
          await hearWords(kernel, taskId);
        for (const id of [...kernel.watching.followed])
          if (runs.task(id) === undefined) await kernel.watching.reread(id);
        await passEverywhere();
      },
    },
  };
}

/** A stop does not wait for a full disk: what it would say is found out by the next start too. */
async function unlessOut(write: Promise<unknown>): Promise<void> {
  await write.catch((thrown: unknown) => {
    if (!(thrown instanceof StorageOut)) throw thrown;
  });
}
