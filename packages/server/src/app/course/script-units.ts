/**
 * Actions that run a script: on a worker of a pool, or on a target. Each try
 * asks for a lease, and is an attempt under it.
 *
 * Always true: the lease of a step is held until the clean-up script after an
 * exclusive lease has ended too; that of a pinned worker until the run ends,
 * or waits for people and nothing else.
 */
import { isDenial, isFinal, mayHaveStarted } from '../../domain/attempt-transition.ts';
import type { Attempt } from '../../domain/attempt.ts';
import { actionOf, type Activity } from '../../domain/deployment/activity.ts';
import { FAILED, tryEnd } from '../../domain/deployment/after-try.ts';
import { whereRuns } from '../../domain/deployment/plan.ts';
import type { Choice } from '../../domain/grant.ts';
import type { Lease, LeaseRequest, Resource } from '../../domain/lease.ts';
import type { ScriptAction } from '../../domain/model/process.ts';
import { INTERPRETER_TOOL } from '../../domain/script.ts';
import { describeOutcome } from '../../domain/task-transition.ts';
import { runOf } from '../../domain/task.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, placeNameOf, releaseLease, workerName, type Kernel } from '../kernel/kernel.ts';
import type { LeaseBook } from '../kernel/lease-book.ts';
import { ask, hold } from '../steps/leasing.ts';
import { prepare } from '../steps/preparing.ts';
import { change, type CourseRun } from './activities.ts';
import { scriptFor } from './scripts.ts';
import { placeIn, tryEnded, type Place } from './tries.ts';

/** Asks for the lease of the next try. The activity is `queued` by now. */
export async function askForLease(
  kernel: Kernel,
  turn: Turn,
  { run, place, exclude = [] }: { run: CourseRun; place: Place; exclude?: string[] },
): Promise<void> {
  const where = whereRuns(run.course.plan, place.action, place.target);
  if (where === undefined) return;
  const { does } = place.action;
  const priority = runOf(run.task)?.priority;
  const common = { run, step: place.key, exclude, ...(priority === undefined ? {} : { priority }) };
  if (where.kind === 'machine') {
    const mode = does.kind === 'healthCheck' ? 'maintenance' : 'exclusive';
    const wants = { all: [{ kind: 'target', id: where.id } satisfies Resource] };
    await ask(kernel, turn, { ...common, mode, wants, tools: toolsOf(place) });
    return;
  }
  const pinned = run.course.plan.pinned[where.id];
  if (pinned !== undefined) {
    const lease = run.leases.get(run.course.pins.get(where.id) ?? '');
    if (lease !== undefined) {
      await startTry(kernel, turn, { run, key: place.key, lease });
      return;
    }
    // Whoever asked first gets the worker for all.
    if (await somebodyAsks(kernel, turn, run, where.id)) return;
  }
  const mode = pinned ?? (does.kind === 'script' ? does.leaseMode : 'shared');
  await ask(kernel, turn, { ...common, mode, wants: { anyOfPool: where.id }, tools: toolsOf(place) });
}

function toolsOf({ action: { does } }: Place): string[] {
  if (does.kind !== 'script') return [];
  return [...new Set([INTERPRETER_TOOL[does.script.interpreter], ...does.tools])].sort();
}

async function somebodyAsks(kernel: Kernel, turn: Turn, run: CourseRun, poolId: string): Promise<boolean> {
  const book = await kernel.books.lock(turn, run.task.spaceId);
  return [...run.requests].some((id) => {
    const wants = book.request(id)?.wants;
    return wants !== undefined && 'anyOfPool' in wants && wants.anyOfPool === poolId;
  });
}

/** A request of the run is granted. */
export async function granted(
  kernel: Kernel,
  turn: Turn,
  {
    run,
    request,
    choice,
    book,
  }: {
    run: CourseRun;
    request: LeaseRequest;
    choice: Extract<Choice, { kind: 'grant' }>;
    book: LeaseBook;
  },
): Promise<void> {
  run.requests.delete(request.id);
  turn.undo(() => run.requests.add(request.id));
  const [resource] = choice.resources;
  if (resource === undefined) return;
  const { wants } = request;
  const poolId = 'anyOfPool' in wants ? wants.anyOfPool : '';
  const pins = run.course.plan.pinned[poolId] !== undefined;
  const holder: Lease['holder'] = pins ? { kind: 'task', id: run.task.id } : request.holder;
  const lease = await hold(kernel, turn, { run, request, resource, holder, reason: choice.reason, book });
  const key = request.holder.id;
  await startTry(kernel, turn, { run, key, lease });
  if (!pins) return;
  run.course.pins.set(poolId, lease.id);
  turn.undo(() => run.course.pins.delete(poolId));
  for (const other of [...run.course.activities.values()]) {
    const place = placeIn(run, other.key);
    if (other.state !== 'queued' || other.key === key || place === undefined) continue;
    const where = whereRuns(run.course.plan, place.action, place.target);
    if (where?.kind === 'pool' && where.id === poolId)
      await startTry(kernel, turn, { run, key: other.key, lease });
  }
}

async function startTry(
  kernel: Kernel,
  turn: Turn,
  { run, key, lease }: { run: CourseRun; key: string; lease: Lease },
): Promise<void> {
  const activity = run.course.activities.get(key);
  const place = placeIn(run, key);
  if (activity === undefined || place === undefined) return;
  const tries = activity.tries + 1;
  const begun = await change(kernel, turn, { run, activity, to: { state: 'running', message: '', tries } });
  const made = await scriptFor(kernel, turn, { run, place, lease });
  if ('problem' in made) {
    await endLease(kernel, turn, { run, lease, why: 'the script could not be made' });
    await tryEnded(kernel, turn, { run, activity: begun, place, end: FAILED, message: made.problem });
    return;
  }
  await prepare(kernel, turn, { run, lease, action: actionOf(key, 'script'), script: made.script });
}

/** No waiting would help: nobody can take it. */
export async function requestFailed(
  kernel: Kernel,
  turn: Turn,
  { run, request, reason }: { run: CourseRun; request: LeaseRequest; reason: string },
): Promise<void> {
  run.requests.delete(request.id);
  turn.undo(() => run.requests.add(request.id));
  const { wants } = request;
  const poolId = 'anyOfPool' in wants ? wants.anyOfPool : undefined;
  for (const activity of [...run.course.activities.values()]) {
    const place = placeIn(run, activity.key);
    if (place === undefined || activity.state !== 'queued') continue;
    const where = whereRuns(run.course.plan, place.action, place.target);
    // What hoped for the same pinned worker has no request of its own.
    const hoped = poolId !== undefined && where?.kind === 'pool' && where.id === poolId;
    if (activity.key !== request.holder.id && !(hoped && run.course.plan.pinned[poolId] !== undefined))
      continue;
    const tried = { ...activity, tries: activity.tries + 1 };
    await tryEnded(kernel, turn, { run, activity: tried, place, end: FAILED, message: reason });
  }
}

/** An attempt of the run has its end, all of it stored; or it was denied, or given up. */
export async function attemptsEnded(kernel: Kernel, turn: Turn, run: CourseRun): Promise<void> {
  for (const activity of [...run.course.activities.values()]) {
    if (activity.state !== 'running' || activity.waitsFor !== null) continue;
    const place = placeIn(run, activity.key);
    const last = lastOf(run, actionOf(activity.key, 'script'));
    if (place === undefined || last === undefined || !isOver(last)) continue;
    await attemptEnded(kernel, turn, { run, activity, place, attempt: last });
  }
}

function isOver(attempt: Attempt): boolean {
  return attempt.complete || attempt.state === 'denied' || attempt.outcome?.kind === 'lost';
}

function lastOf(run: CourseRun, action: string): Attempt | undefined {
  let last: Attempt | undefined;
  for (const { attempt } of run.attempts.values()) if (attempt.action === action) last = attempt;
  return last;
}

async function attemptEnded(
  kernel: Kernel,
  turn: Turn,
  of: { run: CourseRun; activity: Activity; place: Place; attempt: Attempt },
): Promise<void> {
  const { run, activity, place, attempt } = of;
  const lease = run.leases.get(attempt.leaseId);
  // While the lease is still there, which says whether it ran on a target.
  const name = placeNameOf(kernel, run, attempt);
  const { outcome } = attempt;
  const denied = attempt.state === 'denied' || (outcome !== null && isDenial(outcome));
  if (!denied && lease !== undefined && (await cleansUp(kernel, turn, { ...of, lease }))) return;
  if (lease !== undefined) await endLease(kernel, turn, { run, lease, why: describeOutcome(outcome) });
  // A pinned worker that takes nothing has no other in its place.
  const pinned = lease?.holder.kind === 'task';
  if (denied && !pinned && run.wish === 'none' && (await movesOn(kernel, turn, of))) return;
  const said = attempt.report?.message ?? '';
  const told = `${describeOutcome(outcome)} on ${name}${said === '' ? '' : `: ${said}`}`;
  const end = outcome === null ? { ...FAILED, cancelled: true } : tryEnd(outcome);
  const { does } = place.action;
  if (
    !end.succeeded &&
    does.kind === 'healthCheck' &&
    does.onUnhealthy === 'exclude' &&
    run.wish === 'none'
  ) {
    const message = `${told}: the run goes on without it`;
    await change(kernel, turn, { run, activity, to: { state: 'excluded', message } });
    return;
  }
  await tryEnded(kernel, turn, { run, activity, place, end, message: end.succeeded ? said : told });
}

/** Denied before it started: another worker of the pool is asked for. A target has no other. */
async function movesOn(
  kernel: Kernel,
  turn: Turn,
  { run, activity, place, attempt }: { run: CourseRun; activity: Activity; place: Place; attempt: Attempt },
): Promise<boolean> {
  const where = whereRuns(run.course.plan, place.action, place.target);
  if (where?.kind !== 'pool') return false;
  const name = workerName(kernel, attempt.spaceId, attempt.workerId);
  const message = `worker "${name}" did not start it (${describeOutcome(attempt.outcome)}); another one is looked for`;
  const tries = Math.max(0, activity.tries - 1);
  await change(kernel, turn, { run, activity, to: { state: 'queued', message, tries } });
  await note(kernel, turn, { task: run.task, level: 'warning', text: message, attemptId: attempt.id });
  const exclude = [...run.attempts.values()]
    .filter((live) => live.attempt.action === attempt.action && live.attempt.state === 'denied')
    .map((live) => live.attempt.workerId);
  await askForLease(kernel, turn, { run, place, exclude: [...new Set(exclude)].sort() });
  return true;
}

/** Whether the clean-up script is still to come, or under way. */
async function cleansUp(
  kernel: Kernel,
  turn: Turn,
  of: { run: CourseRun; place: Place; attempt: Attempt; lease: Lease },
): Promise<boolean> {
  const { run, place, attempt, lease } = of;
  const cleanUp = cleanUpOf(place, lease);
  if (cleanUp === null || !mayHaveStarted(attempt) || attempt.outcome?.kind === 'lost') return false;
  const action = actionOf(place.key, 'cleanUp');
  const before = [...run.attempts.values()].find(
    (live) =>
      live.attempt.action === action && live.attempt.leaseId === lease.id && isAfter(live.attempt, attempt),
  )?.attempt;
  if (before !== undefined) return !isOver(before);
  const made = await scriptFor(kernel, turn, { run, place, lease, text: cleanUp });
  if ('problem' in made) {
    const text = `The clean-up script could not be made: ${made.problem}`;
    await note(kernel, turn, { task: run.task, level: 'warning', text, activity: place.key });
    return false;
  }
  await prepare(kernel, turn, { run, lease, action, script: made.script });
  return true;
}

/** Ids rise with time; of one turn, with the order in it. */
function isAfter(one: Attempt, other: Attempt): boolean {
  return one.id > other.id;
}

function cleanUpOf({ action: { does } }: Place, lease: Lease): ScriptAction['cleanUp'] {
  return does.kind === 'script' && lease.mode === 'exclusive' ? does.cleanUp : null;
}

/** Whether the end of an attempt ends its lease: not where the run, or a clean-up script, goes on under it. */
export function keepsLease(run: CourseRun, attempt: Attempt): boolean {
  const lease = run.leases.get(attempt.leaseId);
  if (lease === undefined || lease.holder.kind === 'task') return true;
  const place = placeIn(run, lease.holder.id);
  return place !== undefined && cleanUpOf(place, lease) !== null && attempt.state !== 'denied';
}

async function endLease(
  kernel: Kernel,
  turn: Turn,
  { run, lease, why }: { run: CourseRun; lease: Lease; why: string },
): Promise<void> {
  if (lease.holder.kind === 'task') return;
  run.leases.delete(lease.id);
  turn.undo(() => run.leases.set(lease.id, lease));
  await releaseLease(kernel, turn, { lease, why });
}

/** Nothing of the run is on its workers, and people may take long: others may have them, and the run chooses anew afterwards. */
export async function unpin(kernel: Kernel, turn: Turn, run: CourseRun): Promise<void> {
  for (const [poolId, leaseId] of [...run.course.pins]) {
    const lease = run.leases.get(leaseId);
    const used = [...run.attempts.values()].some(
      (live) => live.attempt.leaseId === leaseId && !isFinal(live.attempt),
    );
    if (used || lease === undefined) continue;
    run.course.pins.delete(poolId);
    run.leases.delete(leaseId);
    turn.undo(() => {
      run.course.pins.set(poolId, leaseId);
      run.leases.set(leaseId, lease);
    });
    await releaseLease(kernel, turn, { lease, why: 'the run waits for people' });
  }
}
