/**
 * Which due time of a trigger is to be run, from what is known of those before.
 *
 * Always true: a due time is dealt with once, for `dealtWith` only rises (but
 * for a clock that was far ahead when it was written). Of several that were
 * missed only the latest is run, and no time from before the trigger was there
 * in its present form.
 */
import type { Trigger } from './model/trigger.ts';

/** What is kept of a trigger of a project, by its name. */
export interface TriggerRecord {
  spaceId: string;
  projectId: string;
  name: string;
  /** `scheduleOf` of what was dealt with: another one begins anew. */
  schedule: string;
  /** All due times up to here are dealt with. */
  dealtWith: number;
  /** The last due time that started something: tasks. */
  lastRun: { dueAt: number; taskIds: string[] } | null;
  lastFailure: Told | null;
  /** The last due time at which there was nothing to do. */
  lastIdle: Told | null;
}

export interface Told {
  dueAt: number;
  reason: string;
}

export interface Schedule {
  cron: string;
  timeZone: string;
}

/** What the due times of a trigger are made of, as one text. */
export function scheduleOf({ cron, timeZone }: Schedule): string {
  return `${cron} ${timeZone}`;
}

/** Kept as the schedule of a trigger whose being off was told at one due time: the next ones are silent. */
export function scheduleWhenOff(trigger: Schedule, why: string): string {
  return `off (${why}): ${scheduleOf(trigger)}`;
}

/** Why nothing of it is run; empty: it is on. */
export function offReason(
  trigger: Pick<Trigger, 'disabled'>,
  project: { name: string; body: { disabled: boolean } },
): string {
  if (trigger.disabled) return 'the trigger is disabled';
  return project.body.disabled ? `project "${project.name}" is disabled` : '';
}

/**
 * From when on (this moment left out) its due times are looked at.
 *
 * @param changedAt when the project was changed last: with it its triggers may have been
 * @param aheadMs a stored time further ahead of the clock than this was written under a clock that was wrong
 */
export function countedFrom(
  known: Pick<TriggerRecord, 'schedule' | 'dealtWith'> | undefined,
  of: { schedule: string; changedAt: number; now: number; aheadMs: number },
): number {
  const { schedule, changedAt, now, aheadMs } = of;
  const sane = known === undefined || known.dealtWith > now + aheadMs ? undefined : known;
  if (known !== undefined && sane === undefined) return now;
  const change = Math.min(changedAt, now);
  if (sane === undefined) return change;
  return sane.schedule === schedule ? sane.dealtWith : Math.max(sane.dealtWith, change);
}
