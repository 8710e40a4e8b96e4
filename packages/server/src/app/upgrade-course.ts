/** How far a task of kind `upgrade` has come, worker by worker. */
import { planOf } from '../domain/plan.ts';
import type { Attempt } from '../domain/attempt.ts';
import type { Task } from '../domain/task.ts';
import type { EndState } from '../domain/task-transition.ts';
import { concludeUpgrade, notProved, type UpgradedWorker } from '../domain/upgrade.ts';
import type { Turn } from './batch.ts';
import { workerName, type Kernel } from './kernel.ts';
import type { Run } from './runs.ts';

/** Why the next worker's turn does not come after this attempt; empty: it comes. */
export async function upgradeProblem(turn: Turn, task: Task, attempt: Attempt): Promise<string> {
  const worker = await turn.tx.workers.get(task.spaceId, attempt.workerId);
  return notProved(attempt, worker, task.spec.upgrade?.version ?? '');
}

export async function upgradeEnd(
  kernel: Kernel,
  turn: Turn,
  run: Run,
): Promise<{ state: EndState; message: string }> {
  return concludeUpgrade(run.task.spec.upgrade?.version ?? '', await course(kernel, turn, run), run.wish);
}

/** Its next worker can't be leased: what the task's message says. */
export async function upgradeStopped(
  kernel: Kernel,
  turn: Turn,
  { run, reason }: { run: Run; reason: string },
): Promise<string> {
  return `${reason}. ${(await upgradeEnd(kernel, turn, run)).message}`;
}

async function course(kernel: Kernel, turn: Turn, run: Run): Promise<UpgradedWorker[]> {
  const { task } = run;
  const last = new Map<string, Attempt>();
  for (const { attempt } of run.attempts.values()) last.set(attempt.action, attempt);
  const workers: UpgradedWorker[] = [];
  for (const action of planOf(task).actions) {
    const attempt = last.get(action.name);
    workers.push({
      name: workerName(kernel, task.spaceId, action.workerId ?? ''),
      problem: attempt === undefined ? undefined : await upgradeProblem(turn, task, attempt),
    });
  }
  return workers;
}
