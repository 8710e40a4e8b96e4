/** How one simulated node grants leases, and sends what is to run under them. */
import type { Attempt } from '@longshore/server/domain/attempt';
import { transition } from '@longshore/server/domain/attempt-transition';
import { Allocation, grantPass, queueOf, type Choice } from '@longshore/server/domain/grant';
import type { LeaseRequest, Resource } from '@longshore/server/domain/lease';
import { planOf } from '@longshore/server/domain/plan';
import { isEnded, move } from '@longshore/server/domain/task-transition';
import type { Task } from '@longshore/server/domain/task';

import { SPACE } from './database.ts';
import type { NodeParts, NodeSession } from './node-session.ts';
import type { SimulatedTasks } from './simulated-tasks.ts';

export class SimulatedLeases {
  readonly #node: NodeParts;
  readonly #tasks: SimulatedTasks;
  #passing = false;

  constructor(node: NodeParts, tasks: SimulatedTasks) {
    this.#node = node;
    this.#tasks = tasks;
  }

  /** The process is gone, and its memory with it. */
  forget(): void {
    this.#passing = false;
  }

  pass(): void {
    if (this.#passing) return;
    this.#passing = true;
    this.#node.durably(() => {
      this.#passing = false;
      this.#grant();
    });
  }

  #grant(): void {
    const queue = this.#node.db.requests.toSorted((a, b) => a.ticket - b.ticket);
    const allocation = new Allocation(
      (id) => this.#node.db.held(id),
      (id) => this.#node.db.workers.get(id)?.slots ?? 0,
    );
    for (const { request, choice } of grantPass(queueOf(queue), allocation, (one, left) =>
      this.#choose(one, left),
    )) {
      if (choice.kind === 'wait') {
        if (choice.barrier !== null && request.barrier === null)
          this.#replace({ ...request, barrier: choice.barrier });
        continue;
      }
      this.#node.db.requests = this.#node.db.requests.filter((one) => one.id !== request.id);
      if (choice.kind === 'grant') this.#begin(request, choice.resources);
      else this.#fail(request);
    }
  }

  #replace(request: LeaseRequest): void {
    this.#node.db.requests = this.#node.db.requests.map((one) => (one.id === request.id ? request : one));
  }

  #choose(request: LeaseRequest, left: Allocation): Choice {
    const { wants, mode } = request;
    const usable = (id: string): boolean =>
      this.#node.reaches(id) && this.#node.db.workers.get(id)?.quarantined === false;
    const wait = (keep: readonly Resource[], barrier: Resource | null = null): Choice => ({
      kind: 'wait',
      reason: '',
      keep,
      barrier,
    });
    if (request.nodeId !== null && request.nodeId !== this.#node.id) return wait([]);
    if ('all' in wants)
      return wants.all.every(({ id }) => usable(id) && left.fits(id, mode))
        ? { kind: 'grant', resources: wants.all, reason: '' }
        : wait(wants.all);
    const members = [...this.#node.db.workers.keys()].filter((id) => !request.exclude.includes(id));
    if (members.length === 0) return { kind: 'fail', reason: 'every worker denied it' };
    const open = request.barrier === null ? members : [request.barrier.id];
    const free = open.find((id) => usable(id) && left.fits(id, mode));
    if (free !== undefined) return { kind: 'grant', resources: [{ kind: 'worker', id: free }], reason: '' };
    const barred = open.find(usable);
    const barrier: Resource | null =
      mode === 'exclusive' && barred !== undefined ? { kind: 'worker', id: barred } : request.barrier;
    return wait(barrier === null ? [] : [barrier], barrier);
  }

  #fail(request: LeaseRequest): void {
    const task = this.#node.db.tasks.get(request.taskId);
    if (task !== undefined && !isEnded(task.state))
      this.#node.db.putTask(move(task, 'failed', this.#node.world.now));
  }

  #begin(request: LeaseRequest, resources: readonly Resource[]): void {
    const before = this.#node.db.tasks.get(request.taskId);
    if (before === undefined || isEnded(before.state)) return;
    const claimed = before.nodeId === null;
    const task: Task = {
      ...move(before, 'executing', this.#node.world.now),
      nodeId: this.#node.id,
      epoch: this.#node.epoch,
      fence: claimed ? { generation: 1, n: before.fence.n + 1 } : before.fence,
    };
    this.#node.db.putTask(task);
    const { actions } = planOf(task);
    for (const resource of resources) {
      const action = actions.find((one) => one.workerId === resource.id) ?? actions[0];
      this.#prepare(task, { request, resource, action: action?.name ?? 'script' });
    }
    if (claimed) this.#tasks.arm(task);
  }

  #prepare(
    task: Task,
    { request, resource, action }: { request: LeaseRequest; resource: Resource; action: string },
  ): void {
    const leaseId = this.#node.db.nextId();
    this.#node.db.leases.set(leaseId, {
      spaceId: SPACE,
      id: leaseId,
      resource,
      mode: request.mode,
      taskId: task.id,
      holder: { kind: 'step', id: action },
      nodeId: this.#node.id,
      epoch: this.#node.epoch,
      fence: task.fence,
      reason: '',
      grantedAt: this.#node.world.now,
      orphanedAt: null,
    });
    const session = this.#node.session(resource.id);
    const planned: Attempt = {
      spaceId: SPACE,
      id: this.#node.db.nextId(),
      taskId: task.id,
      action,
      workerId: resource.id,
      try: 1,
      leaseId,
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
      createdAt: this.#node.world.now,
      startedAt: null,
      endedAt: null,
    };
    const attempt =
      session?.working === true
        ? transition(planned, { kind: 'sending', incarnation: session.incarnation }, this.#node.world.now)
        : planned;
    this.#node.db.putAttempt(attempt);
    this.#node.durably(() => {
      const now = this.#node.session(resource.id);
      if (now?.working === true) this.sendStart(now, attempt);
    });
  }

  /** As this node knows the attempt: one that was stopped meanwhile knows nothing of a new owner. */
  sendStart(session: NodeSession, remembered: Attempt): void {
    const owner = this.#node.db.tasks.get(remembered.taskId);
    const ours = owner?.nodeId === this.#node.id && owner.epoch === this.#node.epoch;
    const known = (ours ? this.#node.db.attempts.get(remembered.id) : undefined) ?? remembered;
    const { state, id, taskId, action, fence } = known;
    if (state !== 'sending' || !session.line.openAtServer) return;
    session.line.toAgent({ kind: 'start', attemptId: id, action: `${taskId} ${action}`, fence });
  }
}
