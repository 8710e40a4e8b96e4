/** How far a task of kind `upgrade` has come, worker by worker. */
import type { Attempt } from '../../domain/attempt.ts';
import { planOf } from '../../domain/plan.ts';
import type { EndState } from '../../domain/task-transition.ts';
import { scriptOf, type Task } from '../../domain/task.ts';
import { concludeUpgrade, notProved, type UpgradedWorker } from '../../domain/upgrade.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Run } from '../kernel/runs.ts';

/** Why the next worker's turn does not come after this attempt; empty: it comes. */
export async function upgradeProblem(turn: Turn, task: Task, attempt: Attempt): Promise<string> {
  const worker = await turn.tx.workers.get(task.spaceId, attempt.workerId);
  return notProved(attempt, worker, versionOf(task));
}

export async function upgradeEnd(turn: Turn, run: Run): Promise<{ state: EndState; message: string }> {
  return concludeUpgrade(versionOf(run.task), await course(turn, run), run.wish);
}

/** Its next worker can't be leased: what the task's message says. */
export async function upgradeStopped(turn: Turn, run: Run, reason: string): Promise<string> {
  return `${reason}. ${(await upgradeEnd(turn, run)).message}`;
}

async function course(turn: Turn, { task, attempts }: Run): Promise<UpgradedWorker[]> {
  const last = new Map<string, Attempt>();
  for (const { attempt } of attempts.values()) last.set(attempt.action, attempt);
  const version = versionOf(task);
  const workers: UpgradedWorker[] = [];
  for (const { name: action, workerId } of planOf(task).actions) {
    const attempt = last.get(action);
    const worker = workerId === null ? undefined : await turn.tx.workers.get(task.spaceId, workerId);
    const problem = attempt === undefined ? undefined : notProved(attempt, worker, version);
    workers.push({ name: worker?.name ?? workerId ?? '', problem });
  }
  return workers;
}

function versionOf(task: Task): string {
  return scriptOf(task)?.upgrade?.version ?? '';
}
