/**
 * One task from its grant to its end.
 *
 * Always true: each step is written in the turn that takes it, and frames go
 * out after that is durable. From `sending` on an attempt may have started:
 * its action moves to another worker only on the agent's positive denial, or
 * on an operator's word.
 */
import type { Choice } from '../domain/grant.ts';
import { isDenial, isFinal, transition, type AttemptFact } from '../domain/attempt-transition.ts';
import type { Attempt, AttemptReport } from '../domain/attempt.ts';
import type { Lease, LeaseRequest, Resource } from '../domain/lease.ts';
import type { Outcome } from '../domain/outcome.ts';
import { planOf, type Action, type Plan } from '../domain/plan.ts';
import { conclude, describeOutcome, isEnded, move, type EndState } from '../domain/task-transition.ts';
import type { Task } from '../domain/task.ts';
import type { Turn } from './batch.ts';
import {
  announceTask,
  note,
  releaseLease,
  saveAttempt,
  saveTask,
  workerName,
  type Kernel,
} from './kernel.ts';
import type { LeaseBook } from './lease-book.ts';
import { newRun, type Live, type Run } from './runs.ts';
import { sendStart } from './starting.ts';
import { armTimeOut } from './time-outs.ts';
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
  const actions = planOf(owned).actions;
  for (const resource of choice.resources) {
    const action = actions.find((one) => one.workerId === resource.id) ?? actions[0];
    const name = request.holder.kind === 'step' ? request.holder.id : (action?.name ?? 'script');
    const lease = await hold(kernel, turn, {
      run,
      request,
      resource,
      action: name,
      reason: choice.reason,
      book,
    });
    await prepare(kernel, turn, { run, lease, action: name });
  }
  if (known === undefined) armTimeOut(kernel, run);
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

async function hold(
  kernel: Kernel,
  turn: Turn,
  of: {
    run: Run;
    request: LeaseRequest;
    resource: Resource;
    action: string;
    reason: string;
    book: LeaseBook;
  },
): Promise<Lease> {
  const { ids, clock, nodeId, store } = kernel.options;
  const { run, request, resource, book } = of;
  const lease: Lease = {
    spaceId: request.spaceId,
    id: ids(),
    resource,
    mode: request.mode,
    taskId: request.taskId,
    holder: { kind: 'step', id: of.action },
    nodeId,
    epoch: kernel.epoch,
    fence: { generation: store.generation, n: kernel.books.nextFence(turn, book) },
    reason: of.reason,
    grantedAt: clock.now(),
    orphanedAt: null,
  };
  await turn.tx.leases.insert(lease);
  book.addLease(lease);
  run.leases.set(lease.id, lease);
  turn.undo(() => run.leases.delete(lease.id));
  store.announce(turn.tx, 'lease', resource.id);
  return lease;
}

/** Writes the attempt as `sending` with the agent's incarnation, and sends it once that is durable. */
async function prepare(
  kernel: Kernel,
  turn: Turn,
  { run, lease, action }: { run: Run; lease: Lease; action: string },
): Promise<void> {
  const { task } = run;
  const workerId = lease.resource.id;
  const tries = [...run.attempts.values()].filter(
    (live) => live.attempt.action === action && live.attempt.workerId === workerId,
  );
  const planned: Attempt = {
    spaceId: task.spaceId,
    id: kernel.options.ids(),
    taskId: task.id,
    action,
    workerId,
    try: tries.length + 1,
    leaseId: lease.id,
    fence: task.fence,
    state: 'planned',
    incarnation: null,
    outputLength: 0,
    eventCount: 0,
    verifiedLength: 0,
    segmentDigests: [],
    segmentRanges: [],
    outcome: null,
    report: null,
    complete: false,
    createdAt: kernel.options.clock.now(),
    startedAt: null,
    endedAt: null,
  };
  const session = kernel.sessions.get(workerId);
  const attempt =
    session === undefined
      ? planned
      : transition(planned, { kind: 'sending', incarnation: session.incarnation }, planned.createdAt);
  await turn.tx.attempts.insert(attempt);
  const live = kernel.runs.addAttempt(run, attempt);
  turn.undo(() => kernel.runs.removeAttempt(live));
  const text = `Leased worker "${workerName(kernel, task.spaceId, workerId)}" (${lease.mode}), ${lease.reason}`;
  await note(kernel, turn, { task, level: 'info', text, attemptId: attempt.id });
  turn.after(() => {
    kernel.watching.tell(task.id, { kind: 'attempt', attempt });
    sendStart(kernel, live, kernel.sessions.get(workerId));
  });
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
  if (settles) await free(kernel, turn, { live, why: describeOutcome(attempt.outcome) });
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
    plan,
    action: denied.attempt.action,
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
  await ask(kernel, turn, { run, plan, action: action.name, wants, exclude: [] });
}

/** Puts a request for one of its actions into the queue, at the task's own place. */
async function ask(
  kernel: Kernel,
  turn: Turn,
  of: { run: Run; plan: Plan; action: string; wants: LeaseRequest['wants']; exclude: string[] },
): Promise<void> {
  const { run, plan, action, wants, exclude } = of;
  const { task } = run;
  const book = await kernel.books.lock(turn, task.spaceId);
  const request: LeaseRequest = {
    spaceId: task.spaceId,
    id: kernel.options.ids(),
    ticket: task.ticket,
    taskId: task.id,
    holder: { kind: 'step', id: action },
    mode: plan.mode,
    wants,
    barrier: null,
    tools: plan.tools,
    exclude,
    nodeId: task.nodeId,
    createdAt: kernel.options.clock.now(),
  };
  await turn.tx.leases.enqueue(request);
  book.addRequest(request);
  kernel.books.changed(turn, book);
  run.requests.add(request.id);
  turn.undo(() => run.requests.delete(request.id));
  kernel.passAtEnd(turn, task.spaceId);
}

/** Every action has its outcome, or will have none. */
export async function end(kernel: Kernel, turn: Turn, run: Run): Promise<void> {
  if (run.task.spec.upgrade !== undefined) {
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

/** Ends the task with all that it still has: leases, requests. */
export async function endAs(
  kernel: Kernel,
  turn: Turn,
  { run, state, message }: { run: Run; state: EndState; message: string },
): Promise<void> {
  const { task } = run;
  const book = await kernel.books.lock(turn, task.spaceId);
  for (const id of run.requests) {
    await turn.tx.leases.dequeue(task.spaceId, id);
    book.removeRequest(id);
    kernel.books.changed(turn, book);
  }
  for (const lease of [...run.leases.values()])
    await releaseLease(kernel, turn, { lease, why: `the task ended: ${state}` });
  if (message !== '') {
    const text =
      state === 'success'
        ? message
        : `${state === 'failed' ? 'Failed' : state === 'timedOut' ? 'Timed out' : 'Cancelled'}: ${message}`;
    await note(kernel, turn, { task, level: state === 'success' ? 'info' : 'error', text });
  }
  await saveTask(kernel, turn, { run, task: move(task, state, kernel.options.clock.now(), { message }) });
  kernel.runs.remove(run);
  turn.undo(() => {
    kernel.runs.restore(run);
    armTimeOut(kernel, run);
  });
  kernel.passAtEnd(turn, task.spaceId);
}

export function outcomeFacts(
  outcome: Outcome,
  report: AttemptReport | null,
  stored: Extract<AttemptFact, { kind: 'stored' }> | undefined,
): AttemptFact[] {
  const fact: AttemptFact = { kind: 'outcome', outcome, report };
  return stored === undefined ? [fact] : [fact, stored];
}
