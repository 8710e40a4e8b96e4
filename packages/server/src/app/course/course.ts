/**
 * A run of a process from its plan to its end. What comes next is computed by
 * pure rules (`domain/deployment/course.ts`) from the plan and the activities;
 * this makes it so, one turn after another.
 *
 * Always true: an activity is written in the turn that changes it, together
 * with all that follows from it (a request, an attempt, a task, a question),
 * so that a node that takes the run up finds all of it or nothing.
 */
import { hasEnded, keyOfAction, stepKey, type Activity } from '../../domain/deployment/activity.ts';
import { FAILED } from '../../domain/deployment/after-try.ts';
import { nextMoves, type Move, type Unit } from '../../domain/deployment/course.ts';
import { whereRuns } from '../../domain/deployment/plan.ts';
import { isEnded, move as moveTask, type EndState } from '../../domain/task-transition.ts';
import type { Turn } from '../kernel/batch.ts';
import { courseOf, newCourse, openUnits } from '../kernel/course-state.ts';
import { note, saveTask, type Kernel } from '../kernel/kernel.ts';
import type { Run } from '../kernel/runs.ts';
import { underWay } from '../kernel/runs.ts';
import { planTask } from '../planning/planning.ts';
import { endAs } from '../steps/ending.ts';
import { takeBack } from '../steps/leasing.ts';
import { change, isCourse, newActivity, put, setTimer, type CourseRun } from './activities.ts';
import { childrenEnded } from './child-tasks.ts';
import { withdraw } from './interruptions.ts';
import { addAnswer, sceneOf } from './scene-of.ts';
import { attemptsEnded, unpin } from './script-units.ts';
import { placeIn, tryEnded, type Place } from './tries.ts';
import { startUnit } from './units.ts';
import { callsLost } from './webhooks.ts';

/** The task is this node's now: its plan is made and stored, and its first steps begin. */
export async function beginCourse(kernel: Kernel, turn: Turn, run: Run): Promise<void> {
  const planned = await planTask(kernel, turn.tx, run.task);
  if ('problems' in planned) {
    const message = planned.problems.map(({ text }) => text).join('; ');
    await endRun(kernel, turn, { run, state: 'failed', message });
    return;
  }
  await turn.tx.processRuns.putPlan(run.task.spaceId, run.task.id, planned.plan);
  run.course = newCourse(planned.plan);
  turn.undo(() => (run.course = undefined));
  await advanceCourse(kernel, turn, run);
}

/** Makes all moves that can be made now. */
export async function advanceCourse(kernel: Kernel, turn: Turn, run: Run): Promise<void> {
  if (!isCourse(run) || isEnded(run.task.state)) return;
  await attemptsEnded(kernel, turn, run);
  await childrenEnded(kernel, turn, run);
  await hearAnswers(kernel, turn, run);
  const scene = await sceneOf(kernel, turn, run);
  for (;;) {
    const course = courseOf(run.course, run.wish !== 'none');
    const moves = nextMoves(course, (expression, at) => scene.truthy(expression, at));
    if (moves.length === 0) break;
    for (const move of moves) {
      if (move.kind === 'finish') {
        await finish(kernel, turn, { run, move });
        return;
      }
      await make(kernel, turn, { run, move });
    }
  }
  await showState(kernel, turn, run);
}

async function make(
  kernel: Kernel,
  turn: Turn,
  { run, move }: { run: CourseRun; move: Exclude<Move, { kind: 'finish' }> },
): Promise<void> {
  const now = kernel.options.clock.now();
  switch (move.kind) {
    case 'beginStep':
    case 'skipStep': {
      const name = run.course.plan.steps[move.step]?.name ?? '';
      const state = move.kind === 'beginStep' ? 'running' : 'skipped';
      const message = move.kind === 'beginStep' ? '' : move.why;
      await put(kernel, turn, run, { ...newActivity(stepKey(move.step), name, state, now), message });
      return;
    }
    case 'endStep': {
      const activity = run.course.activities.get(stepKey(move.step));
      if (activity === undefined) return;
      await change(kernel, turn, { run, activity, to: { state: move.state, message: move.message } });
      return;
    }
    case 'skipUnit':
      await put(kernel, turn, run, { ...unitActivity(run, move.unit, 'skipped', now), message: move.why });
      return;
    case 'failUnit': {
      const activity = unitActivity(run, move.unit, 'queued', now);
      const place = placeIn(run, activity.key);
      await put(kernel, turn, run, activity);
      if (place === undefined) return;
      await tryEnded(kernel, turn, { run, activity, place, end: FAILED, message: move.why, final: true });
      return;
    }
    case 'startUnit': {
      const activity = unitActivity(run, move.unit, 'queued', now);
      await put(kernel, turn, run, activity);
      const place = placeIn(run, activity.key);
      if (place !== undefined) await start(kernel, turn, { run, activity, place });
    }
  }
}

function unitActivity(run: CourseRun, unit: Unit, state: Activity['state'], now: number): Activity {
  const target = run.course.plan.targets.find(({ id }) => id === unit.targetId);
  const action = run.course.plan.steps[unit.step]?.actions[unit.action];
  return newActivity(unit.key, target?.name ?? action?.name ?? '', state, now);
}

async function start(
  kernel: Kernel,
  turn: Turn,
  of: { run: CourseRun; activity: Activity; place: Place },
): Promise<void> {
  await startUnit(kernel, turn, { ...of, advance: (next) => advanceCourse(kernel, next, of.run) });
}

/** The wait of an activity is over. */
export async function dueNow(
  kernel: Kernel,
  turn: Turn,
  { run, key }: { run: Run; key: string },
): Promise<void> {
  if (!isCourse(run) || isEnded(run.task.state)) return;
  const activity = run.course.activities.get(key);
  const place = placeIn(run, key);
  if (activity === undefined || place === undefined || hasEnded(activity)) return;
  await kernel.books.lock(turn, run.task.spaceId);
  if (activity.state === 'retrying') {
    const queued = await change(kernel, turn, {
      run,
      activity,
      to: { state: 'queued', message: activity.message },
    });
    await start(kernel, turn, { run, activity: queued, place });
  } else if (activity.state === 'running' && activity.waitsFor !== null) {
    // A question about a failure has no time-out: that of the try which failed is over with it.
    await stopWaiting(kernel, turn, { run, activity });
    await tryEnded(kernel, turn, { run, activity, place, end: FAILED, message: 'timed out', final: true });
  }
  await advanceCourse(kernel, turn, run);
}

/** A task that a run waits for has ended, in this very turn. */
export async function childEnded(kernel: Kernel, turn: Turn, parentId: string): Promise<void> {
  const run = kernel.runs.task(parentId);
  // Another node owns the parent: it hears of it, or looks by itself.
  if (run === undefined) kernel.options.store.announce(turn.tx, 'task', parentId);
  else {
    await kernel.books.lock(turn, run.task.spaceId);
    await advanceCourse(kernel, turn, run);
  }
}

/** Answers that another node took: they stand in the questions' rows. */
async function hearAnswers(kernel: Kernel, turn: Turn, run: CourseRun): Promise<void> {
  for (const { key, waitsFor } of openUnits(run.course)) {
    if (waitsFor?.kind !== 'interruption') continue;
    const row = await turn.tx.processRuns.interruption(run.task.spaceId, waitsFor.id);
    if (row === undefined || row.endedAt === null || row.answer === '') continue;
    if (run.course.scene !== undefined) addAnswer(run.course.scene.outputs, run, row);
    const { title, answer, answeredBy, notes } = row;
    const told = notes === '' ? '' : `: ${notes}`;
    const text = `${answeredBy} answered "${title}" with ${answer}${told}`;
    await note(kernel, turn, { task: run.task, level: 'info', text, activity: key });
    await decide(kernel, turn, { run, key, answer: row.answer, by: row.answeredBy, notes: row.notes });
  }
}

/** What an answer of people makes of the activity that waited for it. */
export async function decide(
  kernel: Kernel,
  turn: Turn,
  of: { run: CourseRun; key: string; answer: string; by: string; notes: string },
): Promise<void> {
  const { run, key, answer, by, notes } = of;
  const activity = run.course.activities.get(key);
  const place = placeIn(run, key);
  if (activity === undefined || place === undefined || hasEnded(activity)) return;
  const said = `${by}${notes === '' ? '' : `: ${notes}`}`;
  const to = (state: Activity['state'], message: string): Promise<Activity> =>
    change(kernel, turn, { run, activity, to: { state, message } });
  switch (answer) {
    case 'proceed':
      await to('success', `proceed, said ${said}`);
      break;
    case 'abort':
      await to('failed', `aborted by ${said}`);
      break;
    case 'fail':
      await to('failed', activity.message);
      break;
    case 'ignore':
      await to('ignored', `${activity.message}; ignored by ${said}`);
      break;
    case 'exclude':
      await to('excluded', `${activity.message}; left out by ${said}`);
      break;
    case 'retry':
      await start(kernel, turn, {
        run,
        activity: await to('queued', `${activity.message}; tried again for ${said}`),
        place,
      });
      break;
    default:
  }
}

/** The run is to end: what waits is given up, what runs was told (`wishes.ts`). */
export async function endOpenUnits(kernel: Kernel, turn: Turn, run: Run): Promise<void> {
  if (!isCourse(run)) return;
  for (const activity of openUnits(run.course)) {
    if (activity.waitsFor?.kind === 'task') {
      await stopWaiting(kernel, turn, { run, activity });
      continue;
    }
    const call = run.course.calls.get(activity.key);
    if (call !== undefined) {
      turn.after(() => call.abort());
      continue;
    }
    if (activity.state === 'running' && activity.waitsFor === null) continue;
    await stopWaiting(kernel, turn, { run, activity });
    const message = run.wish === 'timeOut' ? 'the time-out of the task passed' : 'cancelled';
    await change(kernel, turn, { run, activity, to: { state: 'cancelled', message } });
  }
}

async function stopWaiting(
  kernel: Kernel,
  turn: Turn,
  { run, activity }: { run: CourseRun; activity: Activity },
): Promise<void> {
  const { waitsFor } = activity;
  if (activity.state === 'queued') await takeBack(kernel, turn, { run, step: activity.key });
  if (waitsFor?.kind === 'interruption') await withdraw(kernel, turn, { run, id: waitsFor.id });
  if (waitsFor?.kind === 'task') {
    const { spaceId } = run.task;
    turn.after(() => kernel.cancelTask(spaceId, waitsFor.id, `the run ${run.task.id} that started it`));
  }
}

async function finish(
  kernel: Kernel,
  turn: Turn,
  { run, move }: { run: CourseRun; move: Extract<Move, { kind: 'finish' }> },
): Promise<void> {
  const { plan, activities } = run.course;
  const whole = plan.steps.every((_, step) => {
    const activity = activities.get(stepKey(step));
    return activity !== undefined && activity.state !== 'cancelled';
  });
  const state: EndState =
    run.wish === 'timeOut' && !whole
      ? 'timedOut'
      : run.wish === 'cancel' && !whole && move.state === 'success'
        ? 'cancelled'
        : move.state;
  const cut =
    state === 'timedOut' ? 'the time-out of the task passed' : state === 'cancelled' ? 'cancelled' : '';
  const message = [move.message, cut].filter((text) => text !== '').join('; ');
  await endRun(kernel, turn, { run, state, message });
}

async function endRun(
  kernel: Kernel,
  turn: Turn,
  { run, state, message }: { run: Run; state: EndState; message: string },
): Promise<void> {
  const { spaceId, id } = run.task;
  await turn.tx.processRuns.endRun(spaceId, id, state === 'success');
  await kernel.runEnded(turn, run.task, state);
  await endAs(kernel, turn, { run, state, message });
}

/** What the task says of itself: whether it runs, or waits for people alone; and whether it needs its place under the task cap. */
async function showState(kernel: Kernel, turn: Turn, run: CourseRun): Promise<void> {
  const open = openUnits(run.course);
  const questions = open.filter(({ waitsFor }) => waitsFor?.kind === 'interruption');
  const rests =
    open.length > 0 && open.every(({ waitsFor }) => waitsFor !== null) && underWay(run).length === 0;
  const waits = rests && questions.length === open.length;
  const { waitsForPeople: before, rests: rested } = run.course;
  run.course.waitsForPeople = waits;
  run.course.rests = rests;
  turn.undo(() => {
    run.course.waitsForPeople = before;
    run.course.rests = rested;
  });
  if (rests !== rested) kernel.passAtEnd(turn, run.task.spaceId);
  if (waits) await unpin(kernel, turn, run);
  if (run.wish !== 'none') return;
  const now = kernel.options.clock.now();
  const waitReason = waits
    ? `for an answer of people: ${questions.map(({ name }) => `"${name}"`).join(', ')}`
    : '';
  if (waits) {
    await saveTask(kernel, turn, { run, task: moveTask(run.task, 'waiting', now, { waitReason }) });
  } else if (before) {
    await saveTask(kernel, turn, { run, task: moveTask(run.task, 'executing', now, { waitReason: '' }) });
  }
}

/** Rows become a run again; what waited for something of the server before goes on. */
export async function takeUpCourse(turn: Turn, run: Run): Promise<void> {
  const { spaceId, id } = run.task;
  const plan = await turn.tx.processRuns.plan(spaceId, id);
  if (plan === undefined) {
    // It was taken from the queue, and the turn that planned it went with the node: plan and task are one commit.
    return;
  }
  run.course = newCourse(plan, await turn.tx.processRuns.activities(spaceId, id));
  turn.undo(() => (run.course = undefined));
  if (!isCourse(run)) return;
  for (const lease of run.leases.values()) {
    if (lease.holder.kind !== 'task' || lease.resource.kind !== 'worker') continue;
    const poolId = pinnedPool(run, lease.id);
    if (poolId !== undefined) run.course.pins.set(poolId, lease.id);
  }
}

/** The pool whose pinned worker the lease is on: that of the actions that ran under it. */
function pinnedPool(run: CourseRun, leaseId: string): string | undefined {
  const { plan } = run.course;
  for (const { attempt } of run.attempts.values()) {
    const place = attempt.leaseId === leaseId ? placeIn(run, keyOfAction(attempt.action).key) : undefined;
    const where = place === undefined ? undefined : whereRuns(plan, place.action, place.target);
    if (where?.kind === 'pool') return where.id;
  }
  return undefined;
}

/** After the rows are taken up: waits go on, and calls that were cut are told. */
export async function resumeCourse(kernel: Kernel, turn: Turn, run: Run): Promise<void> {
  if (!isCourse(run)) return;
  await kernel.books.lock(turn, run.task.spaceId);
  for (const activity of openUnits(run.course)) {
    const place = placeIn(run, activity.key);
    if (place === undefined) continue;
    const { clock } = kernel.options;
    if (activity.state === 'retrying') {
      const left = Math.max(0, (activity.nextTryAt ?? 0) - clock.now());
      turn.after(() => setTimer(kernel, run, activity.key, Math.min(left, longestWait(place))));
    } else if (
      activity.state === 'running' &&
      activity.waitsFor === null &&
      place.action.does.kind === 'webhook'
    ) {
      await callsLost(kernel, turn, { run, activity, place });
    } else if (activity.state === 'running' && activity.waitsFor !== null && place.action.timeoutMs > 0) {
      const ranMs = clock.since(await waitsSince(turn, run, { activity, now: clock.now() }));
      turn.after(() => setTimer(kernel, run, activity.key, Math.max(0, place.action.timeoutMs - ranMs)));
    }
  }
  if (run.wish !== 'none') await endOpenUnits(kernel, turn, run);
}

/** When this try began to wait; an activity's own `startedAt` is that of its first try. */
async function waitsSince(
  turn: Turn,
  { task: { spaceId } }: Run,
  { activity: { waitsFor }, now }: { activity: Activity; now: number },
): Promise<number> {
  if (waitsFor === null) return now;
  const row =
    waitsFor.kind === 'task'
      ? await turn.tx.tasks.get(spaceId, waitsFor.id)
      : await turn.tx.processRuns.interruption(spaceId, waitsFor.id);
  return row?.createdAt ?? now;
}

/** A clock that was set must not make a wait longer than it can be. */
function longestWait({ action: { retries } }: Place): number {
  return retries.waitMs * retries.factor ** Math.max(0, retries.times - 1);
}
