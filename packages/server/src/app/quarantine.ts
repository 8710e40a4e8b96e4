/**
 * A worker on which something was given up takes no new lease until it is back
 * and nothing of that can be left there.
 *
 * Always true: the quarantine ends in the very turn in which the last attempt
 * that was given up there is known to be gone, whoever says so.
 */
import type { Attempt } from '../domain/attempt.ts';
import type { Turn } from './batch.ts';
import type { Kernel } from './kernel.ts';

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
  if (open.some((attempt) => attempt.outcome?.kind === 'lost')) return;
  await turn.tx.workers.update({ ...worker, quarantined: '' });
  kernel.options.store.announce(turn.tx, 'worker', workerId);
  kernel.roster.discard();
  kernel.passAtEnd(turn, worker.spaceId);
}
