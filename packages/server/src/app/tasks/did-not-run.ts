/**
 * An operator's word that an attempt on a worker out of reach did not run: as
 * good as the agent's own denial, so its action may move on. Any node takes
 * the word; the one that owns the task acts on it.
 *
 * Always true: an agent that can be reached answers for itself, whatever
 * anybody says of it.
 */
import { AppError, notFound } from '@longshore/base';

import { isFinal } from '../../domain/attempt-transition.ts';
import type { Attempt } from '../../domain/attempt.ts';
import { isEnded } from '../../domain/task-transition.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, type Kernel } from '../kernel/kernel.ts';
import type { Live, Run } from '../kernel/runs.ts';
import type { Tx } from '../ports/store.ts';
import { learn } from './orchestrator.ts';
import { outOfReach } from './unreachable.ts';

interface Word {
  spaceId: string;
  /** Of the task. */
  id: string;
  by: string;
  /** That one only; else all that are out of reach. */
  attemptId?: string;
}

/** @throws AppError `notFound`, or `conflict` when nothing that is meant is out of reach */
export async function didNotRun(kernel: Kernel, word: Word): Promise<void> {
  const here = await kernel.batch.add((turn) => actOn(kernel, turn, word), { hurried: true });
  if (!here) await leaveWord(kernel, word);
}

/** False: another node owns the task. */
async function actOn(kernel: Kernel, turn: Turn, word: Word): Promise<boolean> {
  const { spaceId, id, attemptId } = word;
  await kernel.books.lock(turn, spaceId);
  const run = kernel.runs.task(id);
  if (run === undefined) {
    const task = await turn.tx.tasks.get(spaceId, id);
    if (task === undefined) throw notFound('task', id);
    if (task.nodeId === null || isEnded(task.state)) throw nothingToSay(word, `it is ${task.state}`);
    return false;
  }
  if (attemptId !== undefined && !run.attempts.has(attemptId)) throw notFound('attempt', attemptId);
  const meant = outOfReach(kernel, run).filter(
    ({ attempt }) => attemptId === undefined || attempt.id === attemptId,
  );
  if (meant.length === 0) throw nothingToSay(word, 'its agents answer for themselves');
  for (const live of meant) await deny(kernel, turn, { run, live, by: word.by });
  return true;
}

async function deny(
  kernel: Kernel,
  turn: Turn,
  { run, live, by }: { run: Run; live: Live; by: string },
): Promise<void> {
  const detail = `${by} says that it did not run`;
  await note(kernel, turn, {
    task: run.task,
    level: 'warning',
    text: detail,
    attemptId: live.attempt.id,
  });
  const outcome = { kind: 'refused', reason: 'deniedBefore', detail } as const;
  await learn(kernel, turn, { live, facts: [{ kind: 'denied', outcome }] });
}

/** For the owner. What it has a session with is refused here already, for its agent answers for itself. */
async function leaveWord(kernel: Kernel, word: Word): Promise<void> {
  const { store } = kernel.options;
  const { spaceId, id, by, attemptId } = word;
  await store.write(async (tx) => {
    const attempts = await tx.attempts.ofTask(spaceId, id);
    if (attemptId !== undefined && !attempts.some((attempt) => attempt.id === attemptId))
      throw notFound('attempt', attemptId);
    const meant = [];
    for (const attempt of attempts) {
      if (isFinal(attempt) || (attemptId !== undefined && attempt.id !== attemptId)) continue;
      if (!(await ownerReaches(tx, attempt))) meant.push(attempt);
    }
    if (meant.length === 0) throw nothingToSay(word, 'its agents answer for themselves');
    for (const attempt of meant)
      await tx.attempts.leaveWord({ spaceId, attemptId: attempt.id, taskId: id, saidBy: by });
    store.announce(tx, 'word', id);
  });
}

async function ownerReaches(tx: Tx, { spaceId, taskId, workerId }: Attempt): Promise<boolean> {
  const task = await tx.tasks.get(spaceId, taskId);
  return task?.nodeId != null && (await tx.nodes.sessionsWith(workerId)).includes(task.nodeId);
}

/** Words that other nodes took for a task of this one. */
export async function hearWords(kernel: Kernel, taskId: string): Promise<void> {
  const spaceId = kernel.runs.task(taskId)?.task.spaceId;
  if (spaceId === undefined) return;
  const heard = await kernel.options.store.read((tx) => tx.attempts.words(spaceId, taskId));
  if (heard.length === 0) return;
  await kernel.batch.add(async (turn) => {
    await kernel.books.lock(turn, spaceId);
    const run = kernel.runs.task(taskId);
    if (run === undefined) return;
    for (const word of heard) {
      await turn.tx.attempts.takeWord(word);
      const live = outOfReach(kernel, run).find(({ attempt }) => attempt.id === word.attemptId);
      if (live !== undefined) await deny(kernel, turn, { run, live, by: word.saidBy });
    }
  });
}

function nothingToSay({ id, attemptId }: Word, why: string): AppError {
  const what =
    attemptId === undefined ? `Task ${id} has no attempt` : `Attempt ${attemptId} of task ${id} is none`;
  return new AppError('conflict', `${what} that can't be reached: ${why}`, {
    detail: { taskId: id, ...(attemptId === undefined ? {} : { attemptId }) },
  });
}
