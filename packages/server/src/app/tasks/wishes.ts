/**
 * What the server itself wants of a task: that it ends (somebody cancels, its
 * time is over), or that it goes on without what can't be reached.
 */
import { isFinal } from '../../domain/attempt-transition.ts';
import { isEnded, move } from '../../domain/task-transition.ts';
import { isCourse } from '../course/activities.ts';
import { endOpenUnits } from '../course/course.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, placeOf, saveTask, type Kernel } from '../kernel/kernel.ts';
import { underWay, type Live, type Run } from '../kernel/runs.ts';
import { advance, end, learn } from './orchestrator.ts';
import { beginQuarantine } from './quarantine.ts';
import { whyItWaits } from './unreachable.ts';

/** Gives up on what can't be reached: `lost`. Its worker takes nothing more until it is back and clean. */
export async function giveUp(
  kernel: Kernel,
  turn: Turn,
  { live, why }: { live: Live; why: string },
): Promise<void> {
  if (isFinal(live.attempt)) return;
  const { attempt } = live;
  const name = await beginQuarantine(kernel, turn, attempt);
  const onTarget = live.run.leases.get(attempt.leaseId)?.resource.kind === 'target';
  await note(kernel, turn, {
    task: live.run.task,
    level: 'error',
    text: `Given up on ${onTarget ? placeOf(kernel, live.run, attempt) : `worker "${name}"`}: ${why}`,
    attemptId: attempt.id,
  });
  await learn(kernel, turn, {
    live,
    facts: [{ kind: 'outcome', outcome: { kind: 'lost', detail: why }, report: null }],
  });
}

/** Asks for the end of a task: each attempt under way is told; the task ends with the last outcome. */
export async function askToEnd(
  kernel: Kernel,
  turn: Turn,
  { run, wish, by }: { run: Run; wish: 'cancel' | 'timeOut'; by: string },
): Promise<void> {
  if (run.wish !== 'none' && wish === 'cancel') return;
  const before = run.wish;
  run.wish = wish;
  turn.undo(() => (run.wish = before));
  const now = kernel.options.clock.now();
  await kernel.books.lock(turn, run.task.spaceId);
  const reason = wish === 'cancel' ? `cancelled by ${by}` : 'the time-out of the task passed';
  const waitReason = await whyItWaits(kernel, turn, run);
  const text = wish === 'cancel' ? `Cancel asked for by ${by}` : 'The time-out of the task passed';
  await note(kernel, turn, {
    task: run.task,
    level: 'warning',
    text: waitReason === '' ? text : `${text}: ${waitReason}`,
  });
  const cancelRequestedAt =
    wish === 'cancel' ? (run.task.cancelRequestedAt ?? now) : run.task.cancelRequestedAt;
  const change = waitReason === '' ? {} : { waitReason };
  await saveTask(kernel, turn, {
    run,
    task: { ...move(run.task, 'cancelling', now, change), cancelRequestedAt },
  });
  for (const live of underWay(run)) {
    if (live.attempt.state === 'planned') {
      await learn(kernel, turn, { live, facts: [{ kind: 'denied', outcome: { kind: 'cancelled' } }] });
      continue;
    }
    const session = kernel.sessions.get(live.attempt.workerId);
    if (session !== undefined) turn.after(() => session.cancel(live.attempt.id, live.attempt.fence, reason));
    else if (wish === 'timeOut' && !kernel.sessions.isExpected(live.attempt.workerId))
      await giveUp(kernel, turn, { live, why: 'not reachable when the time-out of the task passed' });
  }
  if (isCourse(run)) {
    await endOpenUnits(kernel, turn, run);
    await advance(kernel, turn, run);
    return;
  }
  if (!isEnded(run.task.state) && underWay(run).length === 0) await endUnlessIncomplete(kernel, turn, run);
}

async function endUnlessIncomplete(kernel: Kernel, turn: Turn, run: Run): Promise<void> {
  const lives = [...run.attempts.values()];
  if (lives.some((live) => !live.attempt.complete && live.attempt.outcome?.kind !== 'lost')) return;
  await end(kernel, turn, run);
}
