/**
 * A worker on which something was given up takes no new lease until it is back
 * and nothing of that can be left there; nor does one whose agent says that
 * what a dead script host left behind may still run.
 *
 * Always true: the quarantine ends in the very turn in which the last attempt
 * that was given up there is known to have ended, whoever says so, and the agent
 * no longer says that it is quarantined; or by an operator's word.
 */
import { mayStillRun } from '../../domain/attempt-transition.ts';
import type { Attempt } from '../../domain/attempt.ts';
import type { Worker } from '../../domain/worker.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';

/** @returns the worker's name, for people */
export async function beginQuarantine(kernel: Kernel, turn: Turn, attempt: Attempt): Promise<string> {
  const worker = await turn.tx.workers.get(attempt.spaceId, attempt.workerId);
  if (worker === undefined) return attempt.workerId;
  if (worker.quarantined === '') {
    const quarantined = `an attempt of task ${attempt.taskId} was given up on it; it must come back and be clean first`;
    await turn.tx.workers.update({ ...worker, quarantined });
    kernel.options.store.announce(turn.tx, 'worker', worker.id);
    kernel.roster.discard();
  }
  return worker.name;
}

export async function endQuarantine(kernel: Kernel, turn: Turn, workerId: string): Promise<void> {
  const worker = await turn.tx.workers.find(workerId);
  if (worker === undefined || worker.quarantined === '') return;
  const open = await turn.tx.attempts.openOnWorker(workerId);
  if (open.some(mayStillRun)) return;
  const quarantined = kernel.sessions.quarantineOf(workerId);
  if (quarantined !== worker.quarantined) await changeTo(kernel, turn, { worker, quarantined });
}

/** What the agent says of itself becomes the worker's; not over an attempt that was given up there. */
export async function heedQuarantine(kernel: Kernel, turn: Turn, workerId: string): Promise<void> {
  const quarantined = kernel.sessions.quarantineOf(workerId);
  const worker = await turn.tx.workers.find(workerId);
  if (worker === undefined) return;
  if (quarantined === '') await endQuarantine(kernel, turn, workerId);
  else if (worker.quarantined === '') await changeTo(kernel, turn, { worker, quarantined });
}

async function changeTo(
  kernel: Kernel,
  turn: Turn,
  { worker, quarantined }: { worker: Worker; quarantined: string },
): Promise<void> {
  await turn.tx.workers.update({ ...worker, quarantined });
  kernel.options.store.announce(turn.tx, 'worker', worker.id);
  kernel.roster.discard();
  kernel.passAtEnd(turn, worker.spaceId);
}
