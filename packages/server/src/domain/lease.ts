import type { Fence } from './fence.ts';

export const LEASE_MODES = ['shared', 'exclusive', 'maintenance'] as const;
export type LeaseMode = (typeof LEASE_MODES)[number];

export interface Resource {
  /** `run`: what only one run at a time may have, that of a project, environment and tenant. */
  kind: 'worker' | 'target' | 'run';
  /** Of a worker and of a target: its machine's, so that one that is both has one occupancy. */
  id: string;
}

/** The right of a holder to use a resource. Exists while it is held: releasing deletes the row (history keeps it). */
export interface Lease {
  spaceId: string;
  id: string;
  resource: Resource;
  mode: LeaseMode;
  taskId: string;
  /** The task itself, or a step of it; the lease ends with this scope. */
  holder: { kind: 'task' | 'step'; id: string };
  nodeId: string;
  epoch: number;
  fence: Fence;
  /** Why this resource was chosen, for people. */
  reason: string;
  grantedAt: number;
  /** Its holder node was declared dead; freed when every attempt under it is settled. */
  orphanedAt: number | null;
}

/** A wish in the queue. Priority, then `ticket`, is the one order of all requests of a space. */
export interface LeaseRequest {
  spaceId: string;
  id: string;
  ticket: number;
  /** 0: moved to the top; 1: prioritised; 2: all others. */
  priority: number;
  taskId: string;
  holder: { kind: 'task' | 'step'; id: string };
  mode: LeaseMode;
  /** All of `all`, or one of the pool `anyOfPool`: exactly one of the two is given. */
  wants: { all: Resource[] } | { anyOfPool: string };
  /** An exclusive request on a pool chooses its worker when it is queued, and bars it there. */
  barrier: Resource | null;
  /** Tools that the worker must have, the interpreter's included. */
  tools: string[];
  /** Workers that denied this action before. */
  exclude: string[];
  /** The node that owns its task already, and alone may grant it; null: any node. */
  nodeId: string | null;
  /** Not granted before; null: at once. */
  notBefore: number | null;
  /** Not granted later: then its task ends; null: it waits as long as need be. */
  expiresAt: number | null;
  createdAt: number;
}

export const NORMAL_PRIORITY = 2;

/** The order of the queue. */
export function inOrder(a: LeaseRequest, b: LeaseRequest): number {
  return a.priority - b.priority || a.ticket - b.ticket || (a.id < b.id ? -1 : 1);
}

/** What is held of one resource: how many leases of each mode. */
export type Occupancy = Record<LeaseMode, number>;

/** Per mode that is asked for, the modes that must not be held. `shared` is bounded by the slots besides. */
const INCOMPATIBLE: Readonly<Record<LeaseMode, readonly LeaseMode[]>> = {
  shared: ['exclusive'],
  exclusive: ['shared', 'exclusive'],
  maintenance: ['maintenance'],
};

export const FREE: Readonly<Occupancy> = { shared: 0, exclusive: 0, maintenance: 0 };

/** Whether one more lease of this mode can be held beside what is held. */
export function fits(held: Readonly<Occupancy>, mode: LeaseMode, slots: number): boolean {
  if (INCOMPATIBLE[mode].some((other) => held[other] > 0)) return false;
  return mode !== 'shared' || held.shared < slots;
}

export function withLease(held: Readonly<Occupancy>, mode: LeaseMode, by = 1): Occupancy {
  return { ...held, [mode]: held[mode] + by };
}

/** Requests of one lane want the very same: where the first must wait, all must. Undefined: a lane of its own. */
export function laneOf(request: LeaseRequest): string | undefined {
  if (request.exclude.length > 0 || request.nodeId !== null) return undefined;
  // Each of these has a time of its own.
  if (request.notBefore !== null || request.expiresAt !== null) return undefined;
  const { mode, barrier, wants } = request;
  const tools = `${request.tools.join(',')} ${request.priority}`;
  if (mode === 'exclusive') {
    // Once it has settled on a worker it wants just that one.
    if (barrier === null || 'all' in wants) return undefined;
    return `${barrier.kind} ${barrier.id} of ${wants.anyOfPool} ${mode} ${tools}`;
  }
  if ('anyOfPool' in wants) return `pool ${wants.anyOfPool} ${mode} ${tools}`;
  const [only, ...more] = wants.all;
  return only === undefined || more.length > 0 ? undefined : `${only.kind} ${only.id} ${mode} ${tools}`;
}
