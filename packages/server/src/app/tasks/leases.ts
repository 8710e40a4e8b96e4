/** Leases, as operators see and free them. */
import { AppError, notFound } from '@longshore/base';

import { isSettled } from '../../domain/attempt-transition.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, releaseLease, type Kernel } from '../kernel/kernel.ts';
import type { Leases } from '../ports/core-api.ts';
import type { QueueView } from './queue-view.ts';

export function createLeases(
  kernel: Kernel,
  queue: QueueView,
  cancel: (spaceId: string, taskId: string, by: string) => Promise<unknown>,
): Leases {
  const { store } = kernel.options;
  return {
    held: (spaceId) => store.read((tx) => tx.leases.held(spaceId)),
    queue: (spaceId) => queue.of(spaceId),
    history: (spaceId, filter) => store.read((tx) => tx.leases.history(spaceId, filter)),
    async release(spaceId, id, by, { force = false } = {}) {
      const free = async (turn: Turn): Promise<string | undefined> => {
        await kernel.books.lock(turn, spaceId);
        const lease = await turn.tx.leases.get(spaceId, id);
        if (lease === undefined) throw notFound('lease', id);
        const running = (await turn.tx.attempts.ofTask(spaceId, lease.taskId)).filter(
          (attempt) => attempt.leaseId === id && !isSettled(attempt),
        );
        if (running.length > 0 && !force) {
          throw new AppError(
            'conflict',
            `Lease ${id} can't be freed: a script of task ${lease.taskId} may still run under it. Cancel the task, or free the lease by force, which cancels it`,
            { detail: { leaseId: id, taskId: lease.taskId, attempts: running.map((attempt) => attempt.id) } },
          );
        }
        if (running.length > 0) return lease.taskId;
        const task = await turn.tx.tasks.get(spaceId, lease.taskId);
        if (task !== undefined)
          await note(kernel, turn, { task, level: 'warning', text: `Lease ${id} was freed by ${by}` });
        kernel.runs.task(lease.taskId)?.leases.delete(id);
        await releaseLease(kernel, turn, { lease, why: `freed by ${by}` });
        return undefined;
      };
      const taskToCancel = await kernel.batch.add(free, { hurried: true });
      if (taskToCancel !== undefined) await cancel(spaceId, taskToCancel, by);
    },
  };
}
