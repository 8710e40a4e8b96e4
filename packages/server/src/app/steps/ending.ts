/** Ends a task with all that it still has: leases, requests. */
import { move, type EndState } from '../../domain/task-transition.ts';
import { runOf, type Task } from '../../domain/task.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, releaseLease, saveTask, type Kernel } from '../kernel/kernel.ts';
import type { Run } from '../kernel/runs.ts';
import { takeBack } from './leasing.ts';
import { armTimeOut } from './time-outs.ts';

const WORD: Readonly<Record<Exclude<EndState, 'success'>, string>> = {
  failed: 'Failed',
  timedOut: 'Timed out',
  cancelled: 'Cancelled',
};

export async function endAs(
  kernel: Kernel,
  turn: Turn,
  { run, state, message }: { run: Run; state: EndState; message: string },
): Promise<void> {
  const { task } = run;
  await takeBack(kernel, turn, { run });
  for (const lease of [...run.leases.values()])
    await releaseLease(kernel, turn, { lease, why: `the task ended: ${state}` });
  if (message !== '') {
    const text = state === 'success' ? message : `${WORD[state]}: ${message}`;
    await note(kernel, turn, { task, level: state === 'success' ? 'info' : 'error', text });
  }
  await saveTask(kernel, turn, { run, task: move(task, state, kernel.options.clock.now(), { message }) });
  kernel.runs.remove(run);
  turn.undo(() => {
    kernel.runs.restore(run);
    armTimeOut(kernel, run);
  });
  kernel.passAtEnd(turn, task.spaceId);
  tellParent(kernel, turn, run.task);
}

/** A run that waits for this task hears of its end: here in this very turn, on another node by the announcement. */
export function tellParent(kernel: Kernel, turn: Turn, task: Task): void {
  const parent = runOf(task)?.parent;
  if (parent == null) return;
  turn.atEnd(`child of ${parent.taskId}`, () => kernel.childEnded(turn, parent.taskId));
}
