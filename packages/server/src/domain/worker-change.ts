/** What an operator may change about a worker, and what bars its deletion. */
import type { Lease } from './lease.ts';
import type { Worker } from './worker.ts';

export interface WorkerChange {
  name?: string | undefined;
  enabled?: boolean | undefined;
  draining?: boolean | undefined;
  slots?: number | undefined;
  labels?: Record<string, string> | undefined;
  /** Ids. */
  poolIds?: string[] | undefined;
}

export function changed(worker: Worker, change: WorkerChange): Worker {
  return {
    ...worker,
    name: change.name ?? worker.name,
    enabled: change.enabled ?? worker.enabled,
    draining: change.draining ?? worker.draining,
    slots: change.slots ?? worker.slots,
    labels: change.labels ?? worker.labels,
    poolIds: change.poolIds ?? worker.poolIds,
  };
}

/** An operator looked at it: it may be used again. */
export function unlocked(worker: Worker): Worker {
  return { ...worker, locked: '', quarantined: '' };
}

/** Why a worker can't be deleted unless forced; undefined: it can. */
export function deletionBar(worker: Pick<Worker, 'name'>, leases: readonly Lease[]): string | undefined {
  if (leases.length === 0) return undefined;
  const tasks = [...new Set(leases.map((lease) => lease.taskId))];
  return `Worker "${worker.name}" is leased by ${tasks.length === 1 ? 'task' : 'tasks'} ${tasks.join(', ')}; force cancels what runs on it`;
}

/** Since when nothing holds it: null while leased. */
export function idleSince(
  worker: Pick<Worker, 'createdAt'>,
  { held, lastReleasedAt }: { held: number; lastReleasedAt: number | null },
): number | null {
  return held > 0 ? null : (lastReleasedAt ?? worker.createdAt);
}
