/** The time-out of each task under way: one timer a task that has one. */
import { isEnded } from '../../domain/task-transition.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Run } from '../kernel/runs.ts';

export function armTimeOut(kernel: Kernel, run: Run): void {
  const { task } = run;
  if (task.timeoutMs === 0 || isEnded(task.state)) return;
  const { clock } = kernel.options;
  // It may have begun in another life of this server.
  const ranMs = task.startedAt === null ? 0 : clock.since(task.startedAt);
  const left = Math.max(0, task.timeoutMs - ranMs);
  run.timer?.();
  run.timer = clock.after(left, () => kernel.timedOut(run));
}
