/** Writes what has become of an activity, and tells followers. */
import { hasEnded, type Activity, type ActivityState } from '../../domain/deployment/activity.ts';
import type { Turn } from '../kernel/batch.ts';
import { noteExcluded, type CourseState } from '../kernel/course-state.ts';
import { announceTask, type Kernel } from '../kernel/kernel.ts';
import type { Run } from '../kernel/runs.ts';

/** A run that has a plan. */
export interface CourseRun extends Run {
  course: CourseState;
}

export function isCourse(run: Run): run is CourseRun {
  return run.course !== undefined;
}

export function newActivity(key: string, name: string, state: ActivityState, now: number): Activity {
  const ended = hasEnded({ state } as Activity);
  return {
    key,
    name,
    state,
    message: '',
    tries: 0,
    nextTryAt: null,
    waitsFor: null,
    startedAt: state === 'running' ? now : null,
    endedAt: ended ? now : null,
  };
}

/** Changes one that has not ended; what it waited for is over with the state that it waited in. */
export async function change(
  kernel: Kernel,
  turn: Turn,
  {
    run,
    activity,
    to,
  }: {
    run: CourseRun;
    activity: Activity;
    to: Partial<Omit<Activity, 'key' | 'name'>> & { state: ActivityState };
  },
): Promise<Activity> {
  if (hasEnded(activity)) return activity;
  const now = kernel.options.clock.now();
  const ended = hasEnded({ ...activity, ...to });
  const changed: Activity = {
    ...activity,
    nextTryAt: null,
    waitsFor: null,
    ...to,
    startedAt: activity.startedAt ?? (to.state === 'running' ? now : null),
    endedAt: ended ? now : null,
  };
  if (ended) stopTimer(run, activity.key);
  await put(kernel, turn, run, changed);
  return changed;
}

export async function put(kernel: Kernel, turn: Turn, run: CourseRun, activity: Activity): Promise<void> {
  const { course, task } = run;
  const before = course.activities.get(activity.key);
  const excluded = [...course.excluded];
  course.activities.set(activity.key, activity);
  noteExcluded(course, activity);
  turn.undo(() => {
    if (before === undefined) course.activities.delete(activity.key);
    else course.activities.set(activity.key, before);
    course.excluded.clear();
    for (const id of excluded) course.excluded.add(id);
  });
  await turn.tx.processRuns.putActivity(task.spaceId, task.id, activity);
  announceTask(kernel, turn, task);
  turn.after(() => kernel.watching.tell(task.id, { kind: 'activity', activity }));
}

/** Calls `kernel.due` for the activity when the time has passed; one timer an activity. */
export function setTimer(kernel: Kernel, run: CourseRun, key: string, ms: number): void {
  stopTimer(run, key);
  run.course.timers.set(
    key,
    kernel.options.clock.after(ms, () => {
      run.course.timers.delete(key);
      kernel.due(run, key);
    }),
  );
}

export function stopTimer(run: CourseRun, key: string): void {
  run.course.timers.get(key)?.();
  run.course.timers.delete(key);
}
