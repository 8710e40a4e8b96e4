/** How a trigger stands now: since when its due times count, and whether one of them has come. */
import type { Resource } from '../../domain/model/resource.ts';
import type { Trigger } from '../../domain/model/trigger.ts';
import {
  countedFrom,
  offReason,
  scheduleOf,
  scheduleWhenOff,
  type TriggerRecord,
} from '../../domain/trigger-time.ts';
import { TRIGGER_AHEAD_LONGEST_MS } from '../../limits.ts';
import type { DueTimes } from '../ports/due-times.ts';

/** A project as far as its triggers ask. */
export type TriggerProject = Pick<Resource<'project'>, 'id' | 'name' | 'changedAt'> & {
  body: Pick<Resource<'project'>['body'], 'disabled' | 'triggers'>;
};

export interface Standing {
  /** Why it starts nothing; empty: it does. */
  off: string;
  /** All due times up to here are dealt with. */
  from: number;
  /** The first due time that is not; null: none will come, or its being off was told. */
  next: number | null;
  /** The latest of those that have come; null: none has. */
  due: number | null;
}

export function standingOf(
  dueTimes: DueTimes,
  of: { project: TriggerProject; trigger: Trigger; known: TriggerRecord | undefined; now: number },
): Standing {
  const { project, trigger, known, now } = of;
  const problem = dueTimes.problem(trigger);
  const off = problem === '' ? offReason(trigger, project) : problem;
  if (off !== '' && known?.schedule === scheduleWhenOff(trigger, off))
    return { off, from: known.dealtWith, next: null, due: null };
  const from = countedFrom(known, {
    ...{ schedule: scheduleOf(trigger), changedAt: project.changedAt, now },
    aheadMs: TRIGGER_AHEAD_LONGEST_MS,
  });
  // It never comes due, so it is told at once.
  if (problem !== '') return { off, from, next: now, due: now };
  const next = dueTimes.after(trigger, from);
  if (next === null || next > now) return { off, from, next, due: null };
  return { off, from, next, due: dueTimes.latest(trigger, now) ?? next };
}
