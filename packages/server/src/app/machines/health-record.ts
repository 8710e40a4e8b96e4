/** Writes what was found about a worker's health: the worker's row, its history, and word of it to all nodes. */
import type { Clock } from '@longshore/base';

import { whenConnected, type Finding } from '../../domain/health.ts';
import type { Worker } from '../../domain/worker.ts';
import type { Store, Tx } from '../ports/store.ts';

interface Parts {
  store: Store;
  clock: Clock;
}

/** @returns the worker as it is now */
export async function recordHealth(
  tx: Tx,
  { store, clock }: Parts,
  { worker, finding, taskId }: { worker: Worker; finding: Finding; taskId: string },
): Promise<Worker> {
  const now = clock.now();
  const changed: Worker = {
    ...worker,
    health: finding.state,
    healthReason: finding.reason,
    healthAt: now,
  };
  await tx.workers.update(changed);
  const { state, reason } = finding;
  await tx.health.append(worker.spaceId, worker.id, { time: now, state, reason, taskId });
  // Placement looks at the state; the words alone wake nobody.
  if (worker.health !== finding.state) store.announce(tx, 'worker', worker.id);
  return changed;
}

/** A session with it is open: it is healthy, unless a check has said otherwise while it was there. */
export async function recordConnected(tx: Tx, parts: Parts, worker: Worker): Promise<Worker> {
  const finding = whenConnected(worker);
  return finding === null ? worker : recordHealth(tx, parts, { worker, finding, taskId: '' });
}
