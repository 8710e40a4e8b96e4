/**
 * The grant pass: who gets what, in ticket order.
 *
 * Always true: a set is granted whole or not at all. A request that must wait
 * keeps a place on each resource that it waits for, so that a later one gets
 * there only what is left beside it; on all other resources later requests
 * pass it. So nothing that was asked for earlier is delayed by a later wish.
 */
import {
  fits,
  FREE,
  withLease,
  type LeaseMode,
  type LeaseRequest,
  type Occupancy,
  type Resource,
} from './lease.ts';

/** What becomes of one request, given what is held or kept for earlier ones. */
export type Choice =
  | { kind: 'grant'; resources: readonly Resource[]; reason: string }
  /** `keep`: where it keeps its place. `barrier`: the worker that an exclusive request settles on. */
  | { kind: 'wait'; reason: string; keep: readonly Resource[]; barrier: Resource | null }
  /** It can't be granted, and waiting won't help. */
  | { kind: 'fail'; reason: string; state?: 'failed' | 'timedOut' };

export interface Verdict {
  request: LeaseRequest;
  choice: Choice;
}

/** Requests in ticket order. */
export interface Queue {
  next(): LeaseRequest | undefined;
  /** The request that `next` gave last must wait: the rest of its lane must too, and need not be given. */
  waits(request: LeaseRequest): void;
}

/** What is held, and what earlier requests keep, as the pass goes on. */
export class Allocation {
  readonly #held: (resourceId: string) => Readonly<Occupancy>;
  readonly #slots: (resourceId: string) => number;
  readonly #changed = new Map<string, Occupancy>();

  constructor(
    held: (resourceId: string) => Readonly<Occupancy> | undefined,
    slots: (resourceId: string) => number,
  ) {
    this.#held = (id) => held(id) ?? FREE;
    this.#slots = slots;
  }

  of(resourceId: string): Readonly<Occupancy> {
    return this.#changed.get(resourceId) ?? this.#held(resourceId);
  }

  fits(resourceId: string, mode: LeaseMode): boolean {
    return fits(this.of(resourceId), mode, this.#slots(resourceId));
  }

  take(resourceId: string, mode: LeaseMode): void {
    this.#changed.set(resourceId, withLease(this.of(resourceId), mode));
  }
}

export function grantPass(
  queue: Queue,
  allocation: Allocation,
  choose: (request: LeaseRequest, allocation: Allocation) => Choice,
): Verdict[] {
  const verdicts: Verdict[] = [];
  for (let request = queue.next(); request !== undefined; request = queue.next()) {
    const choice = choose(request, allocation);
    verdicts.push({ request, choice });
    if (choice.kind === 'grant') {
      for (const resource of choice.resources) allocation.take(resource.id, request.mode);
    } else if (choice.kind === 'wait') {
      for (const resource of choice.keep) allocation.take(resource.id, request.mode);
      queue.waits(request);
    }
  }
  return verdicts;
}

/** A queue of what is given, which must be in ticket order. */
export function queueOf(requests: readonly LeaseRequest[]): Queue {
  let at = 0;
  return { next: () => requests[at++], waits: () => undefined };
}

/** Whether two requests could use the same resource: only then does the earlier hold back the later. */
export function compete(
  a: LeaseRequest,
  b: LeaseRequest,
  membersOf: (poolId: string) => ReadonlySet<string>,
): boolean {
  const ofA = usable(a, membersOf);
  const ofB = usable(b, membersOf);
  const [fewer, more] = ofA.size <= ofB.size ? [ofA, ofB] : [ofB, ofA];
  for (const id of fewer) if (more.has(id)) return true;
  return false;
}

function usable(
  request: LeaseRequest,
  membersOf: (poolId: string) => ReadonlySet<string>,
): ReadonlySet<string> {
  if ('all' in request.wants) return new Set(request.wants.all.map((resource) => resource.id));
  if (request.barrier !== null) return new Set([request.barrier.id]);
  return membersOf(request.wants.anyOfPool);
}
