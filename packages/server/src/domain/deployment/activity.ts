/**
 * One node of a run's tree: a step, or an action of it on one target (or
 * once). The rows of these, with the plan, are all that a run's course is
 * computed from.
 *
 *   a step:    running ─▶ success, failed, cancelled          (or at once: skipped)
 *
 *   an action: queued ─▶ running ─▶ success, failed, cancelled   (or at once: skipped)
 *                 ▲         │
 *                 │         ├─▶ retrying ─(its wait is over)─▶ queued
 *                 │         └─▶ deciding ─(people say)─▶ queued, failed, ignored, excluded
 *                 └─ denied there, or tried anew
 *
 * Always true: one that has ended never changes; `tries` counts the tries
 * that began, and never falls.
 */
export const ACTIVITY_STATES = [
  'queued',
  'running',
  'retrying',
  'deciding',
  'success',
  'failed',
  'ignored',
  'excluded',
  'skipped',
  'cancelled',
] as const;
export type ActivityState = (typeof ACTIVITY_STATES)[number];

export interface Activity {
  key: string;
  /** What people call it: the step's, action's or target's name. */
  name: string;
  state: ActivityState;
  /** Why it is in this state, or what became of it. */
  message: string;
  tries: number;
  /** When the wait of a `retrying` one is over. */
  nextTryAt: number | null;
  /** What it waits for besides attempts: a task that it started, or an interruption. */
  waitsFor: { kind: 'task' | 'interruption'; id: string } | null;
  startedAt: number | null;
  endedAt: number | null;
}

const ENDED: ReadonlySet<ActivityState> = new Set([
  'success',
  'failed',
  'ignored',
  'excluded',
  'skipped',
  'cancelled',
]);

export function hasEnded(activity: Activity | undefined): boolean {
  return activity !== undefined && ENDED.has(activity.state);
}

/** `2`: the third step. `2.0`: its first action, run once. `2.0@ID`: that action for the target. */
export function stepKey(step: number): string {
  return String(step);
}

export function unitKey(step: number, action: number, targetId: string | null): string {
  return targetId === null ? `${step}.${action}` : `${step}.${action}@${targetId}`;
}

const KEY = /^(\d+)(?:\.(\d+)(?:@(.+))?)?$/;

/** Where in the plan it stands; undefined: it is no such key. */
export function placeOf(
  key: string,
): { step: number; action: number | null; targetId: string | null } | undefined {
  const found = KEY.exec(key);
  if (found === null) return undefined;
  const [, step, action, targetId] = found;
  return {
    step: Number(step),
    action: action === undefined ? null : Number(action),
    targetId: targetId ?? null,
  };
}

const CLEAN_UP = '~cleanUp';

/** What an attempt of an activity is called: of its script, or of the clean-up after that. */
export function actionOf(key: string, part: 'script' | 'cleanUp'): string {
  return part === 'script' ? key : key + CLEAN_UP;
}

/** The activity that an attempt is of. */
export function keyOfAction(action: string): { key: string; part: 'script' | 'cleanUp' } {
  return action.endsWith(CLEAN_UP)
    ? { key: action.slice(0, -CLEAN_UP.length), part: 'cleanUp' }
    : { key: action, part: 'script' };
}
