/** How a try of an action ends, and what follows: done, tried again after a wait, or people are asked. */
import type { Activity } from '../../domain/deployment/activity.ts';
import { placeOf } from '../../domain/deployment/activity.ts';
import { afterTry, guidanceFor, type TryEnd } from '../../domain/deployment/after-try.ts';
import type { PlannedAction, PlannedStep, PlanTarget } from '../../domain/deployment/plan.ts';
import { runOf } from '../../domain/task.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, type Kernel } from '../kernel/kernel.ts';
import { change, setTimer, type CourseRun } from './activities.ts';
import { openInterruption } from './interruptions.ts';

/** Where in the plan an activity of an action stands. */
export interface Place {
  key: string;
  step: number;
  planned: PlannedStep;
  action: PlannedAction;
  target: PlanTarget | null;
}

/** Undefined: it is no action's activity. */
export function placeIn(run: CourseRun, key: string): Place | undefined {
  const at = placeOf(key);
  const planned = at === undefined ? undefined : run.course.plan.steps[at.step];
  const action = at?.action == null ? undefined : planned?.actions[at.action];
  if (at === undefined || planned === undefined || action === undefined) return undefined;
  const target = run.course.plan.targets.find(({ id }) => id === at.targetId) ?? null;
  return { key, step: at.step, planned, action, target };
}

export function describe({ action, target }: Place): string {
  return target === null ? `"${action.name}"` : `"${action.name}" on "${target.name}"`;
}

export async function tryEnded(
  kernel: Kernel,
  turn: Turn,
  of: {
    run: CourseRun;
    activity: Activity;
    place: Place;
    end: TryEnd;
    /** What became of it; of a failure, why. */
    message: string;
    /** Trying it again is of no use, or has no meaning. */
    final?: boolean;
  },
): Promise<void> {
  const { run, activity, place, end, message, final = false } = of;
  const after = afterTry(end, {
    tries: activity.tries,
    retries: final ? { times: 0, waitMs: 0, factor: 1 } : place.action.retries,
    guided: runOf(run.task)?.guidedFailure ?? false,
    ending: run.wish !== 'none',
  });
  const becomes = async (state: 'success' | 'failed' | 'cancelled'): Promise<void> => {
    await change(kernel, turn, { run, activity, to: { state, message } });
    if (state === 'failed')
      await note(kernel, turn, {
        task: run.task,
        level: 'error',
        text: `${describe(place)} failed: ${message}`,
        activity: activity.key,
      });
  };
  switch (after.kind) {
    case 'success':
    case 'failed':
    case 'cancelled':
      await becomes(after.kind);
      return;
    case 'retry': {
      const nextTryAt = kernel.options.clock.now() + after.waitMs;
      await change(kernel, turn, { run, activity, to: { state: 'retrying', message, nextTryAt } });
      await note(kernel, turn, {
        task: run.task,
        level: 'warning',
        text: `${describe(place)} failed: ${message}. Try ${activity.tries + 1} of ${place.action.retries.times + 1} begins in ${Math.ceil(after.waitMs / 1000)} s`,
        activity: activity.key,
      });
      turn.after(() => setTimer(kernel, run, activity.key, after.waitMs));
      return;
    }
    case 'ask': {
      const { required } = place.action;
      const interruption = await openInterruption(kernel, turn, {
        run,
        activity: activity.key,
        kind: 'guidedFailure',
        title: `${describe(place)} failed`,
        instructions: message,
        responsible: '',
        options: guidanceFor({ required, onTarget: place.target !== null }),
      });
      const waitsFor = { kind: 'interruption', id: interruption.id } as const;
      await change(kernel, turn, { run, activity, to: { state: 'deciding', message, waitsFor } });
    }
  }
}
