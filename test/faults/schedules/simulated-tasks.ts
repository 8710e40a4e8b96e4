/** The tasks of one simulated node: what it does about submissions, facts, wishes and time-outs, in the order of the product's orchestrator. */
import type { Attempt } from '@longshore/server/domain/attempt';
import { isDenial, isFinal, transition, type AttemptFact } from '@longshore/server/domain/attempt-transition';
import { planOf } from '@longshore/server/domain/plan';
import { NORMAL_PRIORITY } from '@longshore/server/domain/lease';
import { conclude, isEnded, move, type Wish } from '@longshore/server/domain/task-transition';
import type { Task } from '@longshore/server/domain/task';

import { SPACE } from './database.ts';
import type { NodeParts } from './node-session.ts';

export class SimulatedTasks {
  readonly #node: NodeParts;
  readonly #wishes = new Map<string, Wish>();

  constructor(node: NodeParts) {
    this.#node = node;
  }

  /** The process is gone, and its memory with it. */
  forget(): void {
    this.#wishes.clear();
  }

  /** The attempt, if its task is this node's and under way. */
  mine(attemptId: string): Attempt | undefined {
    const attempt = this.#node.db.attempts.get(attemptId);
    const task = attempt === undefined ? undefined : this.#node.db.tasks.get(attempt.taskId);
    return task !== undefined && this.owns(task) ? attempt : undefined;
  }

  owns(task: Task): boolean {
    return task.nodeId === this.#node.id && task.epoch === this.#node.epoch && !isEnded(task.state);
  }

  wanted(attempt: Attempt): boolean {
    return (this.#wishes.get(attempt.taskId) ?? 'none') === 'none';
  }

  /** Another node is dead (or this one was): its tasks become ours, with a higher fence. @returns the workers to ask */
  takeOver(from: string): Set<string> {
    const workers = new Set<string>();
    for (const task of this.#node.db.tasks.values()) {
      if (task.nodeId !== from || isEnded(task.state)) continue;
      const fence = { generation: 1, n: task.fence.n + 1 };
      this.#node.db.putTask({ ...task, nodeId: this.#node.id, epoch: this.#node.epoch, fence });
      if (task.state === 'cancelling')
        this.#wishes.set(task.id, task.cancelRequestedAt === null ? 'timeOut' : 'cancel');
      for (const lease of this.#node.db.leases.values())
        if (lease.taskId === task.id)
          this.#node.db.leases.set(lease.id, { ...lease, nodeId: this.#node.id, epoch: this.#node.epoch });
      this.#node.db.requests = this.#node.db.requests.map((request) =>
        request.taskId === task.id ? { ...request, nodeId: this.#node.id } : request,
      );
      for (const attempt of this.#node.db.attemptsOf(task.id)) {
        workers.add(attempt.workerId);
        if (!attempt.complete && attempt.state !== 'denied') this.#node.db.putAttempt({ ...attempt, fence });
      }
      this.arm(task);
      this.advance(task.id);
    }
    return workers;
  }

  submit(task: Task): void {
    this.#node.db.putTask(task);
    const plan = planOf(task);
    this.#node.db.requests.push({
      spaceId: SPACE,
      id: this.#node.db.nextId(),
      ticket: task.ticket,
      taskId: task.id,
      holder: { kind: 'task', id: task.id },
      mode: plan.mode,
      wants: plan.wants,
      barrier: null,
      tools: [],
      exclude: [],
      nodeId: null,
      ...{ priority: NORMAL_PRIORITY, notBefore: null, expiresAt: null },
      createdAt: this.#node.world.now,
    });
    this.#node.pass();
  }

  /** A person cancels: the owner acts, or, where it waits in the queue, any node. */
  cancel(taskId: string): void {
    const task = this.#node.db.tasks.get(taskId);
    if (task === undefined || isEnded(task.state)) return;
    if (task.nodeId === null) {
      this.#node.db.requests = this.#node.db.requests.filter((request) => request.taskId !== taskId);
      this.#node.db.putTask(move(task, 'cancelled', this.#node.world.now));
    } else if (this.owns(task)) this.#askToEnd(task, 'cancel');
  }

  arm(task: Task): void {
    if (task.timeoutMs === 0) return;
    const left = Math.max(
      0,
      (task.startedAt ?? this.#node.world.now) + task.timeoutMs - this.#node.world.now,
    );
    this.#node.later(left, () => {
      const now = this.#node.db.tasks.get(task.id);
      if (now !== undefined && this.owns(now)) this.#askToEnd(now, 'timeOut');
    });
  }

  #askToEnd(task: Task, wish: 'cancel' | 'timeOut'): void {
    if ((this.#wishes.get(task.id) ?? 'none') !== 'none' && wish === 'cancel') return;
    this.#wishes.set(task.id, wish);
    const { now } = this.#node.world;
    const cancelRequestedAt = wish === 'cancel' ? (task.cancelRequestedAt ?? now) : task.cancelRequestedAt;
    this.#node.db.putTask({ ...move(task, 'cancelling', now), cancelRequestedAt });
    for (const attempt of this.#node.db.attemptsOf(task.id)) {
      if (isFinal(attempt)) continue;
      const { id, workerId, fence } = attempt;
      const session = this.#node.session(workerId);
      if (attempt.state === 'planned') this.learn(id, [{ kind: 'denied', outcome: { kind: 'cancelled' } }]);
      else if (session?.working === true)
        this.#node.durably(() => session.line.toAgent({ kind: 'cancel', attemptId: id, fence }));
      else if (wish === 'timeOut') this.#giveUp(attempt);
    }
    this.advance(task.id);
  }

  #giveUp(attempt: Attempt): void {
    const worker = this.#node.db.workers.get(attempt.workerId);
    this.#node.world.tell(`${this.#node.id}: ${attempt.id} is given up; ${attempt.workerId} is quarantined`);
    if (worker !== undefined) worker.quarantined = true;
    this.learn(attempt.id, [{ kind: 'outcome', outcome: { kind: 'lost', detail: '' }, report: null }]);
  }

  learn(attemptId: string, facts: readonly AttemptFact[]): void {
    const before = this.mine(attemptId);
    if (before === undefined) return;
    const after = facts.reduce((current, fact) => transition(current, fact, this.#node.world.now), before);
    if (after === before) return;
    this.#node.db.putAttempt(after);
    if (isFinal(after) && !isFinal(before) && this.#node.db.leases.has(after.leaseId)) {
      this.#node.db.release(after.leaseId);
      this.#node.pass();
    }
    if (isFinal(after)) this.advance(after.taskId);
  }

  advance(taskId: string): void {
    const task = this.#node.db.tasks.get(taskId);
    if (task === undefined || !this.owns(task)) return;
    const last = new Map(this.#node.db.attemptsOf(taskId).map((attempt) => [attempt.action, attempt]));
    const wish = this.#wishes.get(taskId) ?? 'none';
    for (const action of planOf(task).actions) {
      const attempt = last.get(action.name);
      if (attempt === undefined) {
        if (wish === 'none') return;
        continue;
      }
      const denied = attempt.state === 'denied' || (attempt.outcome !== null && isDenial(attempt.outcome));
      if (wish === 'none' && action.workerId === null && denied) {
        this.#moveOn(task, attempt);
        return;
      }
      if (!attempt.complete && attempt.outcome?.kind !== 'lost') return;
    }
    const outcomes = [...last.values()].map((attempt) => ({ attempt, workerName: attempt.workerId }));
    const { state, message } = conclude(outcomes, wish);
    this.#node.db.requests = this.#node.db.requests.filter((request) => request.taskId !== taskId);
    for (const lease of [...this.#node.db.leases.values()])
      if (lease.taskId === taskId) this.#node.db.release(lease.id);
    this.#node.db.putTask(move(task, state, this.#node.world.now, { message }));
    this.#node.pass();
  }

  #moveOn(task: Task, denied: Attempt): void {
    if (this.#node.db.requests.some((request) => request.taskId === task.id)) return;
    const plan = planOf(task);
    this.#node.db.requests.push({
      spaceId: SPACE,
      id: this.#node.db.nextId(),
      ticket: task.ticket,
      taskId: task.id,
      holder: { kind: 'step', id: denied.action },
      mode: plan.mode,
      wants: plan.wants,
      barrier: null,
      tools: [],
      exclude: [...new Set(this.#node.db.attemptsOf(task.id).map(({ workerId }) => workerId))],
      nodeId: task.nodeId,
      ...{ priority: NORMAL_PRIORITY, notBefore: null, expiresAt: null },
      createdAt: this.#node.world.now,
    });
    this.#node.db.putTask(move(task, 'waiting', this.#node.world.now));
    this.#node.pass();
  }

  settleLost(workerId: string, isGone: (attemptId: string) => boolean): void {
    for (const attempt of this.#node.db.openOn(workerId))
      if (attempt.outcome?.kind === 'lost' && isGone(attempt.id))
        this.#node.db.putAttempt({ ...attempt, complete: true });
    this.endQuarantine(workerId);
  }

  endQuarantine(workerId: string): void {
    const worker = this.#node.db.workers.get(workerId);
    if (worker?.quarantined !== true) return;
    if (this.#node.db.openOn(workerId).some((attempt) => attempt.outcome?.kind === 'lost')) return;
    worker.quarantined = false;
    this.#node.pass();
  }
}
