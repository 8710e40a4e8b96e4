/**
 * What comes next in a run, from its plan and what has become of it so far.
 *
 * Steps go in blocks: a step with those after it that start with their
 * previous. Within a step, each target is a lane: the actions of the step in
 * their order, on so many targets at once as the step is wide. A step without
 * targets is a single lane.
 *
 * Always true: the same plan and activities give the same moves, so that a
 * server that comes back goes on where it stood; once a move is written it is
 * not given again. After a cancel or a time-out nothing new begins.
 */
import { hasEnded, stepKey, unitKey, type Activity } from './activity.ts';
import type { Plan, PlannedAction, PlannedStep } from './plan.ts';
import type { RunCondition } from '../model/process.ts';

export interface Course {
  readonly plan: Plan;
  readonly activities: ReadonlyMap<string, Activity>;
  /** Targets that people, or a health check, left out of the rest of the run. */
  readonly excluded: ReadonlySet<string>;
  /** Somebody cancelled it, or its time is over. */
  readonly ending: boolean;
}

export interface Unit {
  key: string;
  step: number;
  action: number;
  targetId: string | null;
}

export type Move =
  | { kind: 'beginStep'; step: number }
  | { kind: 'skipStep'; step: number; why: string }
  | { kind: 'endStep'; step: number; state: 'success' | 'failed' | 'cancelled'; message: string }
  | { kind: 'startUnit'; unit: Unit }
  | { kind: 'skipUnit'; unit: Unit; why: string }
  | { kind: 'failUnit'; unit: Unit; why: string }
  | { kind: 'finish'; state: 'success' | 'failed'; message: string };

/** Whether the text of a variable run condition is truthy there, or why that can't be said. */
export type Evaluate = (
  expression: string,
  at: { step: number; action: number | null; targetId: string | null },
) => { truthy: boolean } | { problem: string };

/** All moves that can be made now; none: something under way decides. */
export function nextMoves(course: Course, evaluate: Evaluate): Move[] {
  const { plan } = course;
  for (let first = 0; first < plan.steps.length; first = blockEnd(plan, first)) {
    const block = range(first, blockEnd(plan, first));
    const open = block.filter((step) => !hasEnded(course.activities.get(stepKey(step))));
    if (open.length === 0) continue;
    if (course.ending && open.every((step) => !course.activities.has(stepKey(step)))) break;
    const failed = hasFailed(course, first);
    return open.flatMap((step) => stepMoves(course, evaluate, { step, failed }));
  }
  return [conclusion(course)];
}

/** The step after the block that begins with this one. */
function blockEnd(plan: Plan, first: number): number {
  let end = first + 1;
  while (plan.steps[end]?.start === 'withPrevious') end += 1;
  return end;
}

/** Whether a step before this one failed. */
export function hasFailed(course: Pick<Course, 'activities'>, before: number): boolean {
  return range(0, before).some((step) => course.activities.get(stepKey(step))?.state === 'failed');
}

function stepMoves(
  course: Course,
  evaluate: Evaluate,
  { step, failed }: { step: number; failed: boolean },
): Move[] {
  const planned = course.plan.steps[step];
  if (planned === undefined) return [];
  if (course.activities.has(stepKey(step))) return laneMoves(course, evaluate, { step, planned });
  if (course.ending) return [{ kind: 'skipStep', step, why: 'the run was to end' }];
  if (planned.skipped !== '') return [{ kind: 'skipStep', step, why: planned.skipped }];
  const verdict = conditionHolds(planned.condition, failed, (expression) =>
    evaluate(expression, { step, action: null, targetId: null }),
  );
  if ('problem' in verdict)
    return [
      { kind: 'beginStep', step },
      { kind: 'endStep', step, state: 'failed', message: verdict.problem },
    ];
  if (!verdict.holds) return [{ kind: 'skipStep', step, why: verdict.why }];
  if (lanesOf(course, planned).length === 0)
    return [{ kind: 'skipStep', step, why: 'all its targets were left out of the run' }];
  return [{ kind: 'beginStep', step }];
}

/** The targets that are in it still; a null is the lane of a step without targets. */
function lanesOf(course: Course, planned: PlannedStep): (string | null)[] {
  if (planned.targets === null) return [null];
  return planned.targets.filter((id) => !course.excluded.has(id));
}

interface Lane {
  state: 'fresh' | 'busy' | 'ready' | 'done';
  /** Why; null: nothing of it failed. */
  failed: string | null;
  cancelled: boolean;
  /** Of `fresh` and `ready`. */
  next: { action: number; planned: PlannedAction; failed: boolean } | undefined;
}

function laneMoves(
  course: Course,
  evaluate: Evaluate,
  { step, planned }: { step: number; planned: PlannedStep },
): Move[] {
  // A target that was left out in this very step has a lane here still, until that one has ended.
  const ids = planned.targets ?? [null];
  const lanes = ids.map((targetId) => ({ targetId, lane: laneOf(course, { step, planned, targetId }) }));
  const moves: Move[] = [];
  let busy = lanes.filter(({ lane }) => lane.state === 'busy').length;
  if (!course.ending) {
    // Also while actions for a failure are still under way on that target.
    const stopped = lanes.some(({ lane }) => lane.failed !== null);
    for (const { targetId, lane } of lanes) {
      if (lane.next === undefined) continue;
      if (lane.state === 'fresh' && (stopped || busy >= planned.width)) continue;
      moves.push(unitMove(evaluate, { step, targetId, next: lane.next }));
      busy += 1;
    }
  }
  if (moves.length > 0 || busy > 0) return moves;
  return [endOfStep(course, { step, lanes: lanes.map(({ targetId, lane }) => ({ ...lane, targetId })) })];
}

function laneOf(
  course: Course,
  { step, planned, targetId }: { step: number; planned: PlannedStep; targetId: string | null },
): Lane {
  const lane: Lane = { state: 'fresh', failed: null, cancelled: false, next: undefined };
  const out = targetId !== null && course.excluded.has(targetId);
  for (const [action, one] of planned.actions.entries()) {
    const activity = course.activities.get(unitKey(step, action, targetId));
    if (activity === undefined) {
      if (out) break;
      lane.next = { action, planned: one, failed: lane.failed !== null };
      return { ...lane, state: action === 0 ? 'fresh' : 'ready' };
    }
    if (!hasEnded(activity)) return { ...lane, state: 'busy' };
    lane.state = 'ready';
    if (activity.state === 'failed' && lane.failed === null) lane.failed = activity.message;
    if (activity.state === 'cancelled') return { ...lane, state: 'done', cancelled: true };
    if (activity.state === 'excluded') break;
  }
  return { ...lane, state: lane.state === 'fresh' && !out ? 'fresh' : 'done' };
}

function unitMove(
  evaluate: Evaluate,
  {
    step,
    targetId,
    next,
  }: {
    step: number;
    targetId: string | null;
    next: { action: number; planned: PlannedAction; failed: boolean };
  },
): Move {
  const { action, planned, failed } = next;
  const unit: Unit = { key: unitKey(step, action, targetId), step, action, targetId };
  const verdict = conditionHolds(planned.condition, failed, (expression) =>
    evaluate(expression, { step, action, targetId }),
  );
  if ('problem' in verdict) return { kind: 'failUnit', unit, why: verdict.problem };
  return verdict.holds ? { kind: 'startUnit', unit } : { kind: 'skipUnit', unit, why: verdict.why };
}

function endOfStep(
  course: Course,
  { step, lanes }: { step: number; lanes: readonly (Lane & { targetId: string | null })[] },
): Move {
  const failed = lanes.filter((lane) => lane.failed !== null);
  if (failed.length > 0) return { kind: 'endStep', step, state: 'failed', message: failures(course, failed) };
  const stopped = course.ending && lanes.some((lane) => lane.cancelled || lane.next !== undefined);
  return { kind: 'endStep', step, state: stopped ? 'cancelled' : 'success', message: '' };
}

/** Targets named in a step's message. */
const FAILURES_TOLD = 3;

function failures(
  course: Course,
  failed: readonly { failed: string | null; targetId: string | null }[],
): string {
  const names = new Map(course.plan.targets.map(({ id, name }) => [id, name]));
  const told = failed
    .slice(0, FAILURES_TOLD)
    .map((lane) =>
      lane.targetId === null
        ? (lane.failed ?? '')
        : `${names.get(lane.targetId) ?? lane.targetId}: ${lane.failed ?? ''}`,
    );
  const more = failed.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

type Verdict = { holds: true } | { holds: false; why: string } | { problem: string };

export function conditionHolds(
  condition: RunCondition,
  failed: boolean,
  evaluate: (expression: string) => ReturnType<Evaluate>,
): Verdict {
  switch (condition.kind) {
    case 'success':
      return failed ? { holds: false, why: 'something before it failed' } : { holds: true };
    case 'failure':
      return failed ? { holds: true } : { holds: false, why: 'nothing before it failed' };
    case 'always':
      return { holds: true };
    case 'variable': {
      const result = evaluate(condition.expression);
      if ('problem' in result) return { problem: `its run condition: ${result.problem}` };
      return result.truthy ? { holds: true } : { holds: false, why: 'its run condition is not met' };
    }
  }
}

function conclusion(course: Course): Move {
  const failed = course.plan.steps.flatMap((planned, step) => {
    const activity = course.activities.get(stepKey(step));
    return activity?.state === 'failed' ? [`step "${planned.name}" failed: ${activity.message}`] : [];
  });
  return { kind: 'finish', state: failed.length > 0 ? 'failed' : 'success', message: failed.join('; ') };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
