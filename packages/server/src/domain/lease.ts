import type { Fence } from './fence.ts';

export const LEASE_MODES = ['shared', 'exclusive', 'maintenance'] as const;
export type LeaseMode = (typeof LEASE_MODES)[number];

export interface Resource {
  kind: 'worker' | 'target';
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

/** A wish in the queue. `ticket` is the one order of all requests of a space. */
export interface LeaseRequest {
  spaceId: string;
  id: string;
  ticket: number;
  taskId: string;
  holder: { kind: 'task' | 'step'; id: string };
  mode: LeaseMode;
  /** All of `all`, or one of the pool `anyOfPool`: exactly one of the two is given. */
  wants: { all: Resource[] } | { anyOfPool: string };
  /** An exclusive request on a pool chooses its worker when it is queued, and bars it there. */
  barrier: Resource | null;
  createdAt: number;
}
