/** The queue as people see it: who waits, in which place, and for what. Computed when asked for, never stored. */
import { Allocation, compete, grantPass, queueOf } from '../../domain/grant.ts';
import type { LeaseRequest } from '../../domain/lease.ts';
import { counted } from '../../domain/placement.ts';
import type { Task } from '../../domain/task.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { LeaseBook } from '../kernel/lease-book.ts';
import type { SpaceRoster } from '../kernel/roster.ts';
import type { QueuedRequest, TaskView } from '../ports/core-api.ts';
import { choose } from './choosing.ts';
import type { Scheduler } from './scheduler.ts';

export class QueueView {
  readonly #kernel: Kernel;
  readonly #scheduler: Scheduler;
  readonly #current = new Map<string, Promise<QueuedRequest[]>>();

  constructor(kernel: Kernel, scheduler: Scheduler) {
    this.#kernel = kernel;
    this.#scheduler = scheduler;
  }

  /** Computed once for all that ask within one turn of the event loop. */
  of(spaceId: string): Promise<QueuedRequest[]> {
    const current = this.#current.get(spaceId);
    if (current !== undefined) return current;
    const computed = this.#compute(spaceId);
    this.#current.set(spaceId, computed);
    this.#kernel.options.nextTurn(() => this.#current.delete(spaceId));
    return computed;
  }

  async #compute(spaceId: string): Promise<QueuedRequest[]> {
    const { roster, book } = await this.#kernel.options.store.read(async (tx) => {
      const fresh = new LeaseBook(spaceId);
      await fresh.load(tx, { version: 0, ticket: 0, fence: 0 });
      return { roster: await this.#kernel.roster.load(tx, spaceId), book: fresh };
    });
    const requests = book.requests();
    const context = { ...this.#scheduler.context(roster, spaceId), lastChosen: new Map<string, string>() };
    const allocation = allocationOf(book, roster);
    const verdicts = grantPass(queueOf(requests), allocation, (request, left) =>
      choose(context, request, left),
    );
    return verdicts.map(({ request, choice }, i) => ({
      request,
      place: placeOf(request, requests.slice(0, i), (poolId) => roster.members(poolId).ids),
      reason: choice.kind === 'grant' ? this.#capReason() : choice.reason,
    }));
  }

  /** A task with its place; one that queues says why. From memory where that knows it: a long queue costs no more than a short one. */
  async view(task: Task): Promise<TaskView> {
    if (task.state !== 'queued' && task.state !== 'waiting') return { ...task, place: null };
    const queued =
      this.#fromMemory(task) ??
      (await this.of(task.spaceId)).find(({ request }) => request.taskId === task.id);
    if (queued === undefined) return { ...task, place: null };
    return {
      ...task,
      waitReason: task.waitReason === '' ? queued.reason : task.waitReason,
      place: queued.place,
    };
  }

  #fromMemory(task: Task): { place: number; reason: string } | undefined {
    const book = this.#kernel.books.known(task.spaceId);
    const roster = this.#kernel.roster.known(task.spaceId);
    const request = book.requestOf(task.id);
    if (book.version < 0 || roster === undefined || request === undefined) return undefined;
    const members = (poolId: string): ReadonlySet<string> => roster.members(poolId).ids;
    const place = book.placeOf(request, (other) => compete(other, request, members));
    const context = {
      ...this.#scheduler.context(roster, task.spaceId),
      lastChosen: new Map<string, string>(),
    };
    const choice = choose(context, request, allocationOf(book, roster));
    if (choice.kind !== 'grant') return { place, reason: choice.reason };
    return {
      place,
      reason: place > 1 ? `for ${counted(place - 1, 'request')} before it` : this.#capReason(),
    };
  }

  #capReason(): string {
    const { draining, options, runs } = this.#kernel;
    if (draining) return `for a server node that takes tasks: node ${options.nodeId} is draining`;
    if (runs.busy >= options.taskCap)
      return `for the task cap of node ${options.nodeId}: ${runs.busy} of ${options.taskCap} tasks run`;
    return 'it is about to start';
  }
}

export function allocationOf(book: LeaseBook, roster: SpaceRoster): Allocation {
  return new Allocation(
    (id) => book.occupancy(id),
    (id) => roster.workers.get(id)?.slots ?? 1,
  );
}

function placeOf(
  request: LeaseRequest,
  earlier: readonly LeaseRequest[],
  membersOf: (poolId: string) => ReadonlySet<string>,
): number {
  return 1 + earlier.filter((other) => compete(other, request, membersOf)).length;
}
