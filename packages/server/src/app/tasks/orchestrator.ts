/**
 * One task from its grant to its end.
 *
 * Always true: each step is written in the turn that takes it, and frames go
 * out after that is durable. From `sending` on an attempt may have started:
 * its action moves to another worker only on the agent's positive denial, or
 * on an operator's word.
 */
import { isDenial, isFinal, transition, type AttemptFact } from '../../domain/attempt-transition.ts';
import type { Attempt, AttemptReport } from '../../domain/attempt.ts';
import type { Choice } from '../../domain/grant.ts';
import type { LeaseRequest } from '../../domain/lease.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { planOf, type Action, type Plan } from '../../domain/plan.ts';
import { conclude, describeOutcome, isEnded, move } from '../../domain/task-transition.ts';
import { runOf, scriptOf, type Task } from '../../domain/task.ts';
import { isCourse } from '../course/activities.ts';
import { advanceCourse, beginCourse } from '../course/course.ts';
import { granted, keepsLease } from '../course/script-units.ts';
import type { Turn } from '../kernel/batch.ts';
import {
  announceTask,
  note,
  releaseLease,
  saveAttempt,
  saveTask,
  workerName,
  type Kernel,
} from '../kernel/kernel.ts';
import type { LeaseBook } from '../kernel/lease-book.ts';
import { newRun, type Live, type Run } from '../kernel/runs.ts';
import { endAs } from '../steps/ending.ts';
import { ask, hold } from '../steps/leasing.ts';
import { prepare } from '../steps/preparing.ts';
import { armTimeOut } from '../steps/time-outs.ts';
import { upgradeEnd, upgradeProblem } from './upgrade-course.ts';

/** A request is granted: the task becomes this node's, its leases are held, its attempts are about to be sent. */
export async function begin(
  kernel: Kernel,
  turn: Turn,
  grant: {
    request: LeaseRequest;
    choice: Extract<Choice, { kind: 'grant' }>;
    book: LeaseBook;
    /** The task is not a row yet. */
    isNew: boolean;
  },
): Promise<void> {
  const { request, choice, book, isNew } = grant;
  const known = kernel.runs.task(request.taskId);
  const task =
    known?.task ??
    kernel.fresh.get(request.taskId) ??
    (await turn.tx.tasks.get(request.spaceId, request.taskId));
  if (task === undefined || isEnded(task.state)) return;
  const run = known ?? take(kernel, turn, task);
  const owned =
    known === undefined
      ? claimed(kernel, task)
      : move(task, 'executing', kernel.options.clock.now(), { waitReason: '' });
  if (known === undefined) {
    run.task = owned;
    if (isNew) {
      run.logN = 0;
      await turn.tx.tasks.insert(owned);
    } else await turn.tx.tasks.update(owned, { nodeId: null, epoch: 0 });
    announceTask(kernel, turn, owned);
    turn.after(() => kernel.watching.tell(owned.id, { kind: 'task', task: { ...owned, place: null } }));
  } else {
    run.requests.delete(request.id);
    turn.undo(() => run.requests.add(request.id));
    await saveTask(kernel, turn, { run, task: owned });
  }
  if (known === undefined) armTimeOut(kernel, run);
  if (runOf(owned) !== undefined) await goOn(kernel, turn, { run, request, choice, book });
  else await startActions(kernel, turn, { run, request, choice, book });
}

interface Granted {
  run: Run;
  request: LeaseRequest;
  choice: Extract<Choice, { kind: 'grant' }>;
  book: LeaseBook;
}

/** A run of a process: its start is granted, or a lease for one of its steps. */
async function goOn(kernel: Kernel, turn: Turn, of: Granted): Promise<void> {
  const { run, request, choice, book } = of;
  if (isCourse(run)) {
    await granted(kernel, turn, { run, request, choice, book });
    await advanceCourse(kernel, turn, run);
    return;
  }
  const holder = { kind: 'task', id: run.task.id } as const;
  for (const resource of choice.resources)
    await hold(kernel, turn, { run, request, resource, holder, reason: choice.reason, book });
  await beginCourse(kernel, turn, run);
}

async function startActions(
  kernel: Kernel,
  turn: Turn,
  { run, request, choice, book }: Granted,
): Promise<void> {
  const { actions } = planOf(run.task);
  for (const resource of choice.resources) {
    const found = actions.find((one) => one.workerId === resource.id) ?? actions[0];
    const action = request.holder.kind === 'step' ? request.holder.id : (found?.name ?? 'script');
    const holder = { kind: 'step', id: action } as const;
    const lease = await hold(kernel, turn, { run, request, resource, holder, reason: choice.reason, book });
    await prepare(kernel, turn, { run, lease, action });
  }
}

function take(kernel: Kernel, turn: Turn, task: Task): Run {
  const run = newRun(task);
  kernel.runs.add(run);
  turn.undo(() => kernel.runs.remove(run));
  return run;
}

function claimed(kernel: Kernel, task: Task): Task {
  const { clock, nodeId, store } = kernel.options;
  return {
    ...move(task, 'executing', clock.now(), { waitReason: '' }),
    nodeId,
    epoch: kernel.epoch,
    fence: { generation: store.generation, n: task.fence.n + 1 },
  };
}

/** Writes a fact about an attempt, and does what follows from it. */
export async function learn(
  kernel: Kernel,
  turn: Turn,
  { live, facts }: { live: Live; facts: readonly AttemptFact[] },
): Promise<void> {
  const { run } = live;
  const now = kernel.options.clock.now();
  const before = live.attempt;
  const attempt = facts.reduce((current, fact) => transition(current, fact, now), before);
  if (attempt === before && !live.dirty) return;
  const settles = isFinal(attempt) && !isFinal(before);
  if (settles) await kernel.books.lock(turn, run.task.spaceId);
  await saveAttempt(kernel, turn, { live, attempt });
  if (settles && !(isCourse(run) && keepsLease(run, attempt)))
    await free(kernel, turn, { live, why: describeOutcome(attempt.outcome) });
  if (isFinal(attempt)) await advance(kernel, turn, run);
}

/** The lease ends with its step: when the attempt has a final outcome or a denial. */
async function free(kernel: Kernel, turn: Turn, { live, why }: { live: Live; why: string }): Promise<void> {
  const lease = live.run.leases.get(live.attempt.leaseId);
  if (lease === undefined) return;
  live.run.leases.delete(lease.id);
  turn.undo(() => live.run.leases.set(lease.id, lease));
  await releaseLease(kernel, turn, { lease, why });
}

/** What the facts so far ask for: the next worker, or the end. */
export async function advance(kernel: Kernel, turn: Turn, run: Run): Promise<void> {
  if (isEnded(run.task.state)) return;
  if (runOf(run.task) !== undefined) {
    await advanceCourse(kernel, turn, run);
    return;
  }
  const plan = planOf(run.task);
  const last = new Map<string, Live>();
  for (const live of run.attempts.values()) last.set(live.attempt.action, live);
  for (const action of plan.actions) {
    const live = last.get(action.name);
    if (live === undefined) {
      if (!plan.oneByOne) return;
      if (run.wish !== 'none') break;
      await nextInLine(kernel, turn, { run, plan, action });
      return;
    }
    const { attempt } = live;
    if (movesOn(run, attempt, action.workerId)) {
      await moveOn(kernel, turn, { run, denied: live });
      return;
    }
    if (!attempt.complete && attempt.outcome?.kind !== 'lost') return;
    if (plan.oneByOne && (await upgradeProblem(turn, run.task, attempt)) !== '') break;
  }
  await end(kernel, turn, run);
}

function movesOn(run: Run, attempt: Attempt, namedWorkerId: string | null): boolean {
  if (run.wish !== 'none' || namedWorkerId !== null) return false;
  return attempt.state === 'denied' || (attempt.outcome !== null && isDenial(attempt.outcome));
}

/** Denied before it started: another worker of the pool is asked for, at the task's own place in the queue. */
async function moveOn(
  kernel: Kernel,
  turn: Turn,
  { run, denied }: { run: Run; denied: Live },
): Promise<void> {
  if (run.requests.size > 0) return;
  const { task } = run;
  const plan = planOf(task);
  const exclude = [...run.attempts.values()].map((live) => live.attempt.workerId);
  await ask(kernel, turn, {
    run,
    mode: plan.mode,
    tools: plan.tools,
    step: denied.attempt.action,
    wants: plan.wants,
    exclude: [...new Set(exclude)].sort(),
  });
  const name = workerName(kernel, task.spaceId, denied.attempt.workerId);
  const waitReason = `worker "${name}" did not start it (${describeOutcome(denied.attempt.outcome)}); another one is looked for`;
  await saveTask(kernel, turn, {
    run,
    task: move(task, 'waiting', kernel.options.clock.now(), { waitReason }),
  });
  await note(kernel, turn, { task, level: 'warning', text: waitReason, attemptId: denied.attempt.id });
}

/** The worker before it is done: the next one's lease is asked for. */
async function nextInLine(
  kernel: Kernel,
  turn: Turn,
  { run, plan, action }: { run: Run; plan: Plan; action: Action },
): Promise<void> {
  if (run.requests.size > 0 || action.workerId === null) return;
  const wants = { all: [{ kind: 'worker' as const, id: action.workerId }] };
  const { mode, tools } = plan;
  await ask(kernel, turn, { run, step: action.name, mode, tools, wants, exclude: [] });
}

/** Every action has its outcome, or will have none. */
export async function end(kernel: Kernel, turn: Turn, run: Run): Promise<void> {
  if (scriptOf(run.task)?.upgrade !== undefined) {
    await endAs(kernel, turn, { run, ...(await upgradeEnd(turn, run)) });
    return;
  }
  const last = new Map<string, Attempt>();
  for (const { attempt } of run.attempts.values()) last.set(attempt.action, attempt);
  const outcomes = [...last.values()].map((attempt) => ({
    attempt,
    workerName: workerName(kernel, attempt.spaceId, attempt.workerId),
  }));
  await endAs(kernel, turn, { run, ...conclude(outcomes, run.wish) });
}

export function outcomeFacts(
  outcome: Outcome,
  report: AttemptReport | null,
  stored: Extract<AttemptFact, { kind: 'stored' }> | undefined,
): AttemptFact[] {
  const fact: AttemptFact = { kind: 'outcome', outcome, report };
  return stored === undefined ? [fact] : [fact, stored];
}
