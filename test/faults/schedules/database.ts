/** What the server's nodes share: rows that survive all of them. A write is whole or is not made. */
import type { Attempt } from '@longshore/server/domain/attempt';
import { isFinal, isSettled } from '@longshore/server/domain/attempt-transition';
import {
  FREE,
  withLease,
  type Lease,
  type LeaseRequest,
  type Occupancy,
} from '@longshore/server/domain/lease';
import { isEnded } from '@longshore/server/domain/task-transition';
import type { Task } from '@longshore/server/domain/task';

export const SPACE = 'default';

export interface WorkerRow {
  id: string;
  slots: number;
  /** Given up on something there: no new lease until it is back and clean. */
  quarantined: boolean;
}

export class Database {
  readonly tasks = new Map<string, Task>();
  readonly attempts = new Map<string, Attempt>();
  readonly leases = new Map<string, Lease>();
  requests: LeaseRequest[] = [];
  readonly workers = new Map<string, WorkerRow>();
  /** Epoch of each node that counts as alive. */
  readonly nodes = new Map<string, number>();
  #ids = 0;
  #ticket = 0;

  nextId(): string {
    return `i${++this.#ids}`;
  }

  nextTicket(): number {
    return ++this.#ticket;
  }

  /** @throws Error when it changes what is final */
  putAttempt(attempt: Attempt): void {
    const before = this.attempts.get(attempt.id);
    if (before !== undefined && isFinal(before) && attempt.outcome !== before.outcome)
      throw new Error(
        `attempt ${attempt.id} was ${before.outcome?.kind ?? ''} and becomes ${attempt.outcome?.kind ?? ''}`,
      );
    this.attempts.set(attempt.id, attempt);
  }

  /** @throws Error when it changes what has ended */
  putTask(task: Task): void {
    const before = this.tasks.get(task.id);
    if (before !== undefined && isEnded(before.state))
      throw new Error(`task ${task.id} was ${before.state} and becomes ${task.state}`);
    this.tasks.set(task.id, task);
  }

  attemptsOf(taskId: string): Attempt[] {
    return [...this.attempts.values()].filter((attempt) => attempt.taskId === taskId);
  }

  openOn(workerId: string): Attempt[] {
    return [...this.attempts.values()].filter(
      (attempt) => attempt.workerId === workerId && !attempt.complete,
    );
  }

  held(workerId: string): Occupancy {
    let held: Occupancy = FREE;
    for (const lease of this.leases.values())
      if (lease.resource.id === workerId) held = withLease(held, lease.mode);
    return held;
  }

  /** @throws Error when something may still run under it */
  release(leaseId: string): void {
    for (const attempt of this.attempts.values())
      if (attempt.leaseId === leaseId && !isSettled(attempt))
        throw new Error(`lease ${leaseId} is freed while attempt ${attempt.id} is ${attempt.state}`);
    this.leases.delete(leaseId);
  }
}
