/**
 * A run of a process in memory: its plan and what has become of it. Rows are
 * the truth (`plans`, `activities`, `interruptions`); this is built from them
 * when a node takes the task up, and changed only within a turn.
 */
import type { Cancel } from '@longshore/base';

import { hasEnded, type Activity } from '../../domain/deployment/activity.ts';
import type { Course } from '../../domain/deployment/course.ts';
import type { Plan } from '../../domain/deployment/plan.ts';
import type { RunScene } from './scene.ts';

export interface CourseState {
  readonly plan: Plan;
  readonly activities: Map<string, Activity>;
  /** Targets that are left out of the rest of the run. */
  readonly excluded: Set<string>;
  /** By pool: the lease of the worker that the run keeps. */
  readonly pins: Map<string, string>;
  /** Timers of activities: the wait before a try, or a time-out. */
  readonly timers: Map<string, Cancel>;
  /** Calls that are under way: ended by a cancel. */
  readonly calls: Map<string, AbortController>;
  /** What variables are found in; undefined until something asks. */
  scene: RunScene | undefined;
  /** Nothing of it runs: it waits for people alone. */
  waitsForPeople: boolean;
  /** Nothing of it runs: it waits for people or for runs that it started, and takes no place under the task cap. */
  rests: boolean;
}

export function newCourse(plan: Plan, activities: readonly Activity[] = []): CourseState {
  const state: CourseState = {
    plan,
    activities: new Map(activities.map((activity) => [activity.key, activity])),
    excluded: new Set(),
    pins: new Map(),
    timers: new Map(),
    calls: new Map(),
    scene: undefined,
    waitsForPeople: false,
    rests: false,
  };
  for (const activity of activities) noteExcluded(state, activity);
  return state;
}

export function noteExcluded(state: CourseState, { key, state: is }: Activity): void {
  const target = key.indexOf('@');
  if (is === 'excluded' && target >= 0) state.excluded.add(key.slice(target + 1));
}

export function courseOf(state: CourseState, ending: boolean): Course {
  return { plan: state.plan, activities: state.activities, excluded: state.excluded, ending };
}

/** Activities of actions that have not ended. */
export function openUnits(state: CourseState): Activity[] {
  return [...state.activities.values()].filter((one) => one.key.includes('.') && !hasEnded(one));
}

/** The run has ended, or is another node's: nothing of it is to happen here any more. */
export function stopTimers(state: CourseState): void {
  for (const cancel of state.timers.values()) cancel();
  state.timers.clear();
}
