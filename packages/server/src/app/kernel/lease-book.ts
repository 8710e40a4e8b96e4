/**
 * The leases and the queue of one space in memory: a cache of the rows, good
 * as long as its version is that of the row under which granting is locked.
 */
import type { Queue } from '../../domain/grant.ts';
import {
  FREE,
  inOrder,
  laneOf,
  withLease,
  type Lease,
  type LeaseRequest,
  type Occupancy,
} from '../../domain/lease.ts';
import type { BookCounters } from '../ports/leases.ts';
import type { Tx } from '../ports/store.ts';

export class LeaseBook {
  readonly spaceId: string;
  version = -1;
  /** Right while the book is locked, as are all its counters. */
  #ticket = 0;
  #fence = 0;
  readonly #leases = new Map<string, Lease>();
  readonly #occupancy = new Map<string, Occupancy>();
  readonly #requests = new Map<string, LeaseRequest>();
  readonly #requestOfTask = new Map<string, string>();
  /** Requests that want the very same, in ticket order; `#singles` are those that have no lane. */
  readonly #lanes = new Map<string, LeaseRequest[]>();
  readonly #singles: LeaseRequest[] = [];

  constructor(spaceId: string) {
    this.spaceId = spaceId;
  }

  /** Reads the rows anew unless they are what is here. Under the granting lock. */
  async load(tx: Tx, { version, ticket, fence }: BookCounters): Promise<void> {
    this.#ticket = ticket;
    this.#fence = fence;
    if (version === this.version) return;
    this.#leases.clear();
    this.#occupancy.clear();
    this.#requests.clear();
    this.#requestOfTask.clear();
    this.#lanes.clear();
    this.#singles.length = 0;
    for (const lease of await tx.leases.held(this.spaceId)) this.addLease(lease);
    for (const request of await tx.leases.requests(this.spaceId)) this.addRequest(request);
    this.version = version;
  }

  /** What is here may be wrong: the next load reads it anew. */
  discard(): void {
    this.version = -1;
  }

  /** Under the lock, as the next two: rises in memory, and is written with the change that it is for. */
  takeVersion(): BookCounters {
    this.version += 1;
    return { version: this.version, ticket: this.#ticket, fence: this.#fence };
  }

  takeTicket(): number {
    return (this.#ticket += 1);
  }

  takeFence(): number {
    return (this.#fence += 1);
  }

  occupancy(resourceId: string): Occupancy | undefined {
    return this.#occupancy.get(resourceId);
  }

  get leases(): Iterable<Lease> {
    return this.#leases.values();
  }

  get heldCount(): number {
    return this.#leases.size;
  }

  get queueLength(): number {
    return this.#requests.size;
  }

  /** In ticket order. */
  requests(): LeaseRequest[] {
    return [...this.#requests.values()].sort(inOrder);
  }

  request(id: string): LeaseRequest | undefined {
    return this.#requests.get(id);
  }

  requestOf(taskId: string): LeaseRequest | undefined {
    const id = this.#requestOfTask.get(taskId);
    return id === undefined ? undefined : this.#requests.get(id);
  }

  addLease(lease: Lease): void {
    if (this.#leases.has(lease.id)) return;
    this.#leases.set(lease.id, lease);
    this.#occupancy.set(
      lease.resource.id,
      withLease(this.#occupancy.get(lease.resource.id) ?? FREE, lease.mode),
    );
  }

  removeLease(id: string): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    this.#leases.delete(id);
    const left = withLease(this.#occupancy.get(lease.resource.id) ?? FREE, lease.mode, -1);
    if (left.shared + left.exclusive + left.maintenance === 0) this.#occupancy.delete(lease.resource.id);
    else this.#occupancy.set(lease.resource.id, left);
  }

  addRequest(request: LeaseRequest): void {
    this.#requests.set(request.id, request);
    this.#requestOfTask.set(request.taskId, request.id);
    const lane = laneOf(request);
    if (lane === undefined) {
      insert(this.#singles, request);
      return;
    }
    const list = this.#lanes.get(lane);
    if (list === undefined) this.#lanes.set(lane, [request]);
    else insert(list, request);
  }

  removeRequest(id: string): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    this.#requests.delete(id);
    if (this.#requestOfTask.get(request.taskId) === id) this.#requestOfTask.delete(request.taskId);
    const lane = laneOf(request);
    const list = lane === undefined ? this.#singles : this.#lanes.get(lane);
    const at = list?.findIndex((other) => other.id === id) ?? -1;
    if (at >= 0) list?.splice(at, 1);
    if (lane !== undefined && list?.length === 0) this.#lanes.delete(lane);
  }

  setBarrier(id: string, barrier: LeaseRequest['barrier']): void {
    this.#change(id, { barrier });
  }

  setPriority(id: string, priority: number): void {
    this.#change(id, { priority });
  }

  #change(id: string, change: Partial<LeaseRequest>): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    this.removeRequest(id);
    this.addRequest({ ...request, ...change });
  }

  /** 1 is next among those that compete with it. A lane competes as a whole, so that its length costs nothing. */
  placeOf(request: LeaseRequest, competes: (other: LeaseRequest) => boolean): number {
    let place = 1;
    for (const list of this.#lanes.values()) {
      if (list[0] !== undefined && competes(list[0])) place += countBefore(list, request);
    }
    for (const other of this.#singles) if (inOrder(other, request) < 0 && competes(other)) place++;
    return place;
  }

  /**
   * All in ticket order, without the rest of a lane whose first must wait. Good until the book changes.
   *
   * @param starts whether requests that start a task are given too: once they are not, they are not even looked at
   */
  queue(starts: () => boolean): Queue {
    // The pass decides first and changes the book afterwards, so that nothing need be copied.
    const singles = { list: this.#singles, at: 0 };
    // A lane holds none that a task under way asks for: those name its node.
    const lanes = [...this.#lanes.values()].map((list) => ({ list, at: 0 }));
    let given: (typeof lanes)[number] | undefined;
    return {
      next() {
        given = undefined;
        const more = starts();
        if (!more) while (singles.list[singles.at]?.holder.kind === 'task') singles.at += 1;
        const all = more ? [singles, ...lanes] : [singles];
        for (const one of all) {
          const head = one.list[one.at];
          const best = given?.list[given.at];
          if (head !== undefined && (best === undefined || inOrder(head, best) < 0)) given = one;
        }
        return given?.list[given.at++];
      },
      waits: (request) => {
        if (given !== undefined && laneOf(request) !== undefined) given.at = Infinity;
      },
    };
  }
}

/** How many of a list in ticket order come before it. */
function countBefore(list: readonly LeaseRequest[], request: LeaseRequest): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inOrder(list[middle] as LeaseRequest, request) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Keeps ticket order; mostly at the end. */
function insert(list: LeaseRequest[], request: LeaseRequest): void {
  let at = list.length;
  while (at > 0 && inOrder(list[at - 1] as LeaseRequest, request) > 0) at--;
  list.splice(at, 0, request);
}
