/** Deployments and runbook runs, as people ask for them; their trees, and the questions that they wait for. */
import { AppError, notFound } from '@longshore/base';

import type { Activity } from '../../domain/deployment/activity.ts';
import type { Interruption } from '../../domain/deployment/interruption.ts';
import type { PublishedSnapshot } from '../../domain/deployment/release.ts';
import type { Resource } from '../../domain/model/resource.ts';
import { advanceCourse } from '../course/course.ts';
import { record } from '../kernel/audit.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { resourceNamed } from '../kernel/resource-names.ts';
import { deploymentOf, runbookRunOf, snapshotOf, type NewRun } from '../planning/new-runs.ts';
import { releaseNamed } from '../planning/releases.ts';
import { startRun } from '../planning/start-run.ts';
import type { Caller } from '../ports/caller.ts';
import type { ProcessRuns, RunRequest } from '../ports/run-api.ts';
import type { Tx } from '../ports/store.ts';
import type { TaskView } from '../ports/task-view.ts';
import type { QueueView } from './queue-view.ts';

export function createProcessRuns(kernel: Kernel, queue: Pick<QueueView, 'of'>): ProcessRuns {
  const { store, clock } = kernel.options;
  /** The run is made in the turn that submits it: what it was checked against holds when it is queued. */
  const submit = async (by: Caller, make: (tx: Tx) => Promise<NewRun>): Promise<TaskView> => {
    const task = await kernel.batch.add(
      async (turn) => {
        await kernel.books.lock(turn, by.spaceId);
        const run = await make(turn.tx);
        return startRun(kernel, turn, { by, run });
      },
      { hurried: true },
    );
    return { ...(kernel.runs.task(task.id)?.task ?? task), place: null };
  };
  return {
    deploy: (by, request) =>
      submit(by, async (tx) => {
        const { spaceId } = by;
        const { release } = await releaseNamed(tx, { spaceId, ...request });
        return deploymentOf(kernel, tx, { ...(await wishesOf(tx, by, request)), release });
      }),
    runRunbook: (by, request) =>
      submit(by, async (tx) => {
        const { runbook } = await runbookNamed(tx, by.spaceId, request);
        return runbookRunOf(kernel, tx, {
          ...(await wishesOf(tx, by, request)),
          runbookId: runbook.id,
          draft: request.draft === true,
        });
      }),
    publish: (by, project, runbook) =>
      store.write(async (tx) => {
        const found = await runbookNamed(tx, by.spaceId, { project, runbook });
        const snapshot = await snapshotOf(kernel, tx, found);
        const published: PublishedSnapshot = {
          ...{ spaceId: by.spaceId, runbookId: found.runbook.id, snapshotId: snapshot.id },
          ...{ publishedAt: clock.now(), publishedBy: by.actor },
        };
        await tx.processRuns.publish(published);
        await record(
          tx,
          { ...by, clock },
          { action: 'runbook.published', subject: found.runbook.id, detail: { snapshotId: snapshot.id } },
        );
        return published;
      }),
    unpublish: (by, project, runbook) =>
      store.write(async (tx) => {
        const found = await runbookNamed(tx, by.spaceId, { project, runbook });
        const { id, name } = found.runbook;
        if ((await tx.processRuns.published(by.spaceId, id)) === undefined)
          throw new AppError('notFound', `Nothing is published of runbook "${name}"`);
        await tx.processRuns.unpublish(by.spaceId, id);
        await record(tx, { ...by, clock }, { action: 'runbook.unpublished', subject: id });
      }),
    list: (spaceId, { project, environment, tenant, ...filter }) =>
      store.read(async (tx) => {
        const idOf = async (kind: 'project' | 'environment' | 'tenant', named: string | undefined) =>
          named === undefined ? undefined : (await resourceNamed(tx, { spaceId, kind, named })).id;
        const projectId = await idOf('project', project);
        const environmentId = await idOf('environment', environment);
        const tenantId = await idOf('tenant', tenant);
        return tx.processRuns.runs(spaceId, {
          ...filter,
          ...(projectId === undefined ? {} : { projectId }),
          ...(environmentId === undefined ? {} : { environmentId }),
          ...(tenantId === undefined ? {} : { tenantId }),
        });
      }),
    async tree(spaceId, taskId) {
      const tree = await store.read(async (tx) => {
        if ((await tx.tasks.get(spaceId, taskId)) === undefined) throw notFound('task', taskId);
        return {
          plan: await tx.processRuns.plan(spaceId, taskId),
          activities: await tx.processRuns.activities(spaceId, taskId),
          interruptions: await tx.processRuns.interruptionsOf(spaceId, taskId),
        };
      });
      return {
        ...tree,
        activities: await withReasons(queue, { spaceId, taskId, activities: tree.activities }),
      };
    },
    interruptions: (spaceId, limit) => store.read((tx) => tx.processRuns.openInterruptions(spaceId, limit)),
    answer: (by, id, given) => answer(kernel, { by, id, ...given }),
    moveToTop: (by, taskId) =>
      kernel.batch.add((turn) => moveToTop(kernel, turn, { by, taskId }), { hurried: true }),
  };
}

async function runbookNamed(
  tx: Tx,
  spaceId: string,
  named: { project: string; runbook: string },
): Promise<{ project: Resource<'project'>; runbook: Resource<'runbook'> }> {
  const project = await resourceNamed(tx, { spaceId, kind: 'project', named: named.project });
  const runbook = await resourceNamed(tx, {
    ...{ spaceId, kind: 'runbook', named: named.runbook, parentId: project.id },
  });
  return { project, runbook };
}

/** What waits for a lease says for what, as it is now. */
async function withReasons(
  queue: Pick<QueueView, 'of'>,
  of: { spaceId: string; taskId: string; activities: readonly Activity[] },
): Promise<Activity[]> {
  const { spaceId, taskId, activities } = of;
  if (activities.every(({ state }) => state !== 'queued')) return [...activities];
  const reasons = new Map<string, string>();
  for (const { request, reason } of await queue.of(spaceId))
    if (request.taskId === taskId) reasons.set(request.holder.id, reason);
  return activities.map((activity) => {
    if (activity.state !== 'queued') return activity;
    return { ...activity, message: reasons.get(activity.key) ?? 'for the worker that the run keeps' };
  });
}

async function wishesOf(tx: Tx, by: Caller, request: RunRequest) {
  const { spaceId } = by;
  const environment = await resourceNamed(tx, { spaceId, kind: 'environment', named: request.environment });
  const tenant =
    request.tenant === undefined
      ? undefined
      : await resourceNamed(tx, { spaceId, kind: 'tenant', named: request.tenant });
  return {
    spaceId,
    environmentId: environment.id,
    tenantId: tenant?.id ?? '',
    createdBy: by.actor,
    variables: request.variables ?? {},
    notBefore: request.notBefore ?? null,
    expiresAt: request.expiresAt ?? null,
    timeoutMs: request.timeoutMs ?? 0,
    comments: request.comments ?? '',
    ...(request.choices === undefined ? {} : { choices: request.choices }),
    ...(request.guidedFailure === undefined ? {} : { guidedFailure: request.guidedFailure }),
    ...(request.prioritise === true ? { priority: 1 } : {}),
  };
}

interface Answer {
  by: Caller;
  id: string;
  answer: string;
  notes?: string | undefined;
}

async function answer(kernel: Kernel, given: Answer): Promise<Interruption> {
  const { by, id } = given;
  const { store } = kernel.options;
  const open = await store.read((tx) => tx.processRuns.interruption(by.spaceId, id));
  if (open === undefined) throw notFound('interruption', id);
  if (kernel.runs.task(open.taskId) !== undefined)
    return kernel.batch.add((turn) => answerHere(kernel, turn, given), { hurried: true });
  // Another node owns the run, and reads the answer in the question's row: nothing else of the run is touched here.
  return store.write(async (tx) => {
    const ended = await writeAnswer(kernel, tx, given);
    store.announce(tx, 'task', ended.taskId);
    return ended;
  });
}

async function answerHere(kernel: Kernel, turn: Turn, given: Answer): Promise<Interruption> {
  await kernel.books.lock(turn, given.by.spaceId);
  const ended = await writeAnswer(kernel, turn.tx, given);
  turn.after(() => kernel.watching.tell(ended.taskId, { kind: 'interruption', interruption: ended }));
  const run = kernel.runs.task(ended.taskId);
  if (run !== undefined) await advanceCourse(kernel, turn, run);
  return ended;
}

async function writeAnswer(kernel: Kernel, tx: Tx, given: Answer): Promise<Interruption> {
  const { by, id, notes = '' } = given;
  const { clock } = kernel.options;
  const open = await tx.processRuns.interruption(by.spaceId, id);
  if (open === undefined) throw notFound('interruption', id);
  if (open.endedAt !== null)
    throw new AppError(
      'conflict',
      open.answer === ''
        ? `its run has ended without an answer`
        : `${open.answeredBy} has answered it already: ${open.answer}`,
    );
  if (!open.options.includes(given.answer))
    throw new AppError('invalid', `answer: "${given.answer}" is no answer to "${open.title}"`, {
      fields: [{ field: 'answer', value: given.answer, expected: `one of ${open.options.join(', ')}` }],
    });
  const ended: Interruption = {
    ...open,
    answer: given.answer,
    notes,
    answeredBy: by.actor,
    endedAt: clock.now(),
  };
  if (!(await tx.processRuns.endInterruption(ended)))
    throw new AppError('conflict', 'somebody has answered it in this moment');
  await record(
    tx,
    { ...by, clock },
    { action: 'interruption.answered', subject: id, detail: { answer: given.answer, taskId: open.taskId } },
  );
  return ended;
}

async function moveToTop(
  kernel: Kernel,
  turn: Turn,
  { by, taskId }: { by: Caller; taskId: string },
): Promise<void> {
  const { spaceId } = by;
  const { clock } = kernel.options;
  const book = await kernel.books.lock(turn, spaceId);
  const request = book.requestOf(taskId);
  if (request === undefined) {
    const task = await turn.tx.tasks.get(spaceId, taskId);
    if (task === undefined) throw notFound('task', taskId);
    throw new AppError('conflict', `task ${taskId} does not queue: it is ${task.state}`);
  }
  book.setPriority(request.id, 0);
  turn.undo(() => book.discard());
  await turn.tx.leases.setPriority(spaceId, request.id, 0);
  kernel.books.changed(turn, book);
  await record(turn.tx, { ...by, clock }, { action: 'task.movedToTop', subject: taskId });
  kernel.passAtEnd(turn, spaceId);
}
