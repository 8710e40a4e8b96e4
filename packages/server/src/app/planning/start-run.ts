/** Submits a run within a turn, with its line in the audit trail: whoever starts it. */
import type { Task } from '../../domain/task.ts';
import { record } from '../kernel/audit.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Caller } from '../ports/caller.ts';
import type { NewRun } from './new-runs.ts';

export async function startRun(
  kernel: Kernel,
  turn: Turn,
  { by, run }: { by: Caller; run: NewRun },
): Promise<Task> {
  const { clock } = kernel.options;
  const { spaceId, actor } = by;
  const task = await kernel.submit(turn, spaceId, run);
  await record(
    turn.tx,
    { spaceId, actor, clock },
    { action: `${run.kind}.started`, subject: task.id, detail: { name: run.name } },
  );
  return task;
}
