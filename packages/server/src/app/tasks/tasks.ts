/** Tasks, as people and programs ask for them. */
import { AppError, notFound } from '@longshore/base';

import type { RunRecord } from '../../domain/deployment/release.ts';
import { NORMAL_PRIORITY, type LeaseRequest } from '../../domain/lease.ts';
import { planOf } from '../../domain/plan.ts';
import { isEnded, move } from '../../domain/task-transition.ts';
import { runOf, scriptOf, type RunSpec, type Task } from '../../domain/task.ts';
import type { Turn } from '../kernel/batch.ts';
import { announceTask, note, type Kernel } from '../kernel/kernel.ts';
import { masked } from '../kernel/watching.ts';
import type { NewTask, OutputVariable, TaskChange, Tasks, TaskView } from '../ports/core-api.ts';
import type { Tx } from '../ports/store.ts';
import { tellParent } from '../steps/ending.ts';
import { sealedSpec } from '../steps/starting.ts';
import { didNotRun } from './did-not-run.ts';
import type { QueueView } from './queue-view.ts';
import type { Scheduler } from './scheduler.ts';
import { askToEnd } from './wishes.ts';

export function createTasks(kernel: Kernel, scheduler: Scheduler, queue: QueueView): Tasks {
  const { store } = kernel.options;
  const found = async (tx: Tx, spaceId: string, id: string): Promise<Task> => {
    const task = await tx.tasks.get(spaceId, id);
    if (task === undefined) throw notFound('task', id);
    return task;
  };
  const get = async (spaceId: string, id: string): Promise<TaskView> =>
    queue.view(kernel.runs.task(id)?.task ?? (await store.read((tx) => found(tx, spaceId, id))));
  return {
    async submit(spaceId, task) {
      const submitted = await kernel.batch.add((turn) => submit(kernel, scheduler, turn, { spaceId, task }), {
        hurried: true,
      });
      // Its place is not counted here: that costs as much as the queue is long, on the path of every submission.
      return { ...(kernel.runs.task(submitted.id)?.task ?? submitted), place: null };
    },
    async get(spaceId, id) {
      const task = await store.read((tx) => found(tx, spaceId, id));
      return queue.view(task);
    },
    async list(spaceId, filter) {
      const tasks = await store.read((tx) => tx.tasks.list(spaceId, filter));
      return Promise.all(tasks.map((task) => queue.view(task)));
    },
    async cancel(spaceId, id, by) {
      await cancel(kernel, { spaceId, id, by });
      return get(spaceId, id);
    },
    async didNotRun(spaceId, id, word) {
      await didNotRun(kernel, { spaceId, id, ...word });
      return get(spaceId, id);
    },
    log: (spaceId, id, afterN, limit) =>
      store.read(async (tx) => {
        await found(tx, spaceId, id);
        return tx.tasks.log(spaceId, id, afterN, limit);
      }),
    attempts: (spaceId, id) => store.read((tx) => tx.attempts.ofTask(spaceId, id)),
    async attempt(spaceId, attemptId) {
      const attempt = await store.read((tx) => tx.attempts.get(spaceId, attemptId));
      if (attempt === undefined) throw notFound('attempt', attemptId);
      return attempt;
    },
    events: async (spaceId, attemptId, afterN) =>
      (await store.read((tx) => tx.attempts.events(spaceId, attemptId, afterN))).map(masked),
    variables: (spaceId, id) => store.read((tx) => variables(tx, spaceId, id)),
    artifacts: (spaceId, id) => store.read((tx) => tx.attempts.artifacts(spaceId, id)),
    watch: (spaceId, id, listener) => kernel.watching.watch(spaceId, id, listener),
    sinceBirth: (id) => kernel.watching.sinceBirth(id),
    ended: (spaceId, id) => ended(kernel, spaceId, id),
    countByState: () => store.read((tx) => tx.tasks.countByState()),
  };
}

function recordOf(task: Task, run: RunSpec): RunRecord {
  const { projectId, runbookId, releaseId, environmentId, tenantId } = run;
  return {
    spaceId: task.spaceId,
    taskId: task.id,
    ...{ projectId, runbookId, releaseId, environmentId, tenantId },
    parentId: run.parent?.taskId ?? '',
    ended: false,
    succeeded: false,
    createdAt: task.createdAt,
  };
}

export async function submit(
  kernel: Kernel,
  scheduler: Scheduler,
  turn: Turn,
  { spaceId, task: given }: { spaceId: string; task: NewTask },
): Promise<Task> {
  const { ids, clock, sealer } = kernel.options;
  const book = await kernel.books.lock(turn, spaceId);
  await checkTarget(kernel, turn, spaceId, given);
  const id = ids();
  const now = clock.now();
  const task: Task = {
    spaceId,
    id,
    kind: given.kind,
    name: given.name,
    state: 'queued',
    spec: sealedSpec(sealer, id, given.spec),
    ticket: kernel.books.nextTicket(turn, book),
    nodeId: null,
    epoch: 0,
    fence: { generation: kernel.options.store.generation, n: 0 },
    waitReason: '',
    timeoutMs: given.timeoutMs,
    cancelRequestedAt: null,
    message: '',
    createdAt: now,
    startedAt: null,
    endedAt: null,
    createdBy: given.createdBy,
  };
  // Its row is written at the end of the turn, in the state that it has by then.
  kernel.fresh.set(id, task);
  turn.undo(() => kernel.fresh.delete(id));
  turn.after(() => {
    kernel.fresh.delete(id);
    kernel.watching.born(id);
  });
  turn.atEnd('grown', async () => turn.after(() => kernel.options.nextTurn(() => kernel.watching.grown())));
  const plan = planOf(task);
  const asked = runOf(task);
  const request: LeaseRequest = {
    spaceId,
    id: ids(),
    ticket: task.ticket,
    priority: asked?.priority ?? NORMAL_PRIORITY,
    taskId: id,
    holder: { kind: 'task', id },
    mode: plan.mode,
    wants: plan.wants,
    barrier: null,
    tools: plan.tools,
    exclude: [],
    nodeId: null,
    notBefore: asked?.notBefore ?? null,
    expiresAt: asked?.expiresAt ?? null,
    createdAt: now,
  };
  if (asked !== undefined) await turn.tx.processRuns.insertRun(recordOf(task, asked));
  scheduler.enqueue(turn, book, request);
  announceTask(kernel, turn, task);
  return task;
}

/** @throws AppError `invalid` with the field that names what is not there */
async function checkTarget(kernel: Kernel, turn: Turn, spaceId: string, task: NewTask): Promise<void> {
  const target = scriptOf(task)?.target;
  if (target === undefined) return;
  const roster = await kernel.roster.load(turn.tx, spaceId);
  const wrong = (field: string, value: string, expected: string): AppError =>
    new AppError('invalid', `${field}: there is no ${expected} "${value}"`, {
      fields: [{ field, value, expected: `an existing ${expected}` }],
    });
  if (target.kind === 'pool') {
    if (!roster.pools.has(target.poolId)) throw wrong('pool', target.poolId, 'worker pool');
    return;
  }
  if (target.workerIds.length === 0) throw wrong('workers', '', 'worker');
  for (const id of target.workerIds) if (!roster.workers.has(id)) throw wrong('workers', id, 'worker');
}

export async function cancel(
  kernel: Kernel,
  { spaceId, id, by }: { spaceId: string; id: string; by: string },
): Promise<void> {
  const asked = async (turn: Turn): Promise<boolean> => {
    const book = await kernel.books.lock(turn, spaceId);
    const run = kernel.runs.task(id);
    if (run !== undefined) {
      await askToEnd(kernel, turn, { run, wish: 'cancel', by });
      return false;
    }
    const task = await turn.tx.tasks.get(spaceId, id);
    if (task === undefined) throw notFound('task', id);
    if (isEnded(task.state)) return false;
    if (task.nodeId !== null) return true;
    const request = book.requestOf(id);
    if (request !== undefined) {
      await turn.tx.leases.dequeue(spaceId, request.id);
      book.removeRequest(request.id);
      kernel.books.changed(turn, book);
    }
    const now = kernel.options.clock.now();
    const message = `cancelled by ${by} before it started`;
    const cancelled = { ...move(task, 'cancelled', now, { message }), cancelRequestedAt: now };
    await turn.tx.tasks.update(cancelled, { nodeId: null, epoch: 0 });
    if (runOf(task) !== undefined) await turn.tx.processRuns.endRun(spaceId, id, false);
    tellParent(kernel, turn, cancelled);
    await note(kernel, turn, { task, level: 'warning', text: `Cancelled by ${by} before it started` });
    announceTask(kernel, turn, cancelled);
    turn.after(() => kernel.watching.tell(id, { kind: 'task', task: { ...cancelled, place: null } }));
    kernel.passAtEnd(turn, spaceId);
    return false;
  };
  const elsewhere = await kernel.batch.add(asked, { hurried: true });
  if (elsewhere) await askOwner(kernel, spaceId, id);
}

/** Another node owns it: it hears of the wish, or finds it at its next poll. */
async function askOwner(kernel: Kernel, spaceId: string, id: string): Promise<void> {
  const { store, clock } = kernel.options;
  await store.write(async (tx) => {
    await tx.tasks.requestCancel(spaceId, id, clock.now());
    store.announce(tx, 'task', id);
  });
}

async function variables(tx: Tx, spaceId: string, taskId: string): Promise<OutputVariable[]> {
  const result = new Map<string, OutputVariable>();
  for (const attempt of await tx.attempts.ofTask(spaceId, taskId)) {
    for (const event of (await tx.attempts.events(spaceId, attempt.id, 0)).map(masked)) {
      if (event.kind !== 'setVariable') continue;
      const { name, value, sensitive } = event;
      // The last word counts.
      result.set(`${attempt.id} ${name}`, {
        attemptId: attempt.id,
        action: attempt.action,
        name,
        value,
        sensitive,
      });
    }
  }
  return [...result.values()];
}

async function ended(kernel: Kernel, spaceId: string, id: string): Promise<Task> {
  const end = Promise.withResolvers<Task>();
  const stop = kernel.watching.watch(spaceId, id, (change: TaskChange) => {
    if (change.kind === 'task' && isEnded(change.task.state)) end.resolve(change.task);
  });
  try {
    const now = await kernel.options.store.read((tx) => tx.tasks.get(spaceId, id));
    if (now === undefined) throw notFound('task', id);
    if (isEnded(now.state)) return now;
    return await end.promise;
  } finally {
    stop();
  }
}
