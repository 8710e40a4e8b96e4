import type { Lease, LeaseRequest } from '../../domain/lease.ts';

export interface LeaseRepository {
  /**
   * Serialises granting in this transaction, over all nodes, and returns the version of the space's leases and
   * queue: what a cache of them must have.
   */
  lockGranting(spaceId: string): Promise<number>;
  /** Says that leases or queue change in this transaction; returns the new version. */
  changed(spaceId: string): Promise<number>;
  enqueue(request: LeaseRequest): Promise<void>;
  /** In ticket order. */
  requests(spaceId: string): Promise<LeaseRequest[]>;
  setBarrier(spaceId: string, requestId: string, barrier: LeaseRequest['barrier']): Promise<void>;
  dequeue(spaceId: string, requestId: string): Promise<void>;
  /** Requests that only one node may grant pass to the node that takes its tasks over. */
  passRequests(spaceId: string, taskId: string, nodeId: string): Promise<void>;
  insert(lease: Lease): Promise<void>;
  held(spaceId: string): Promise<Lease[]>;
  get(spaceId: string, id: string): Promise<Lease | undefined>;
  ofTask(spaceId: string, taskId: string): Promise<Lease[]>;
  update(lease: Lease): Promise<void>;
  /** Held by a task that has ended: what the reaper looks at. */
  ofEndedTasks(limit: number): Promise<Lease[]>;
  /** Ends a lease and keeps it in the history, with why and when. Idempotent. */
  release(lease: Lease, at: number, why: string): Promise<boolean>;
  history(
    spaceId: string,
    filter: { taskId?: string; resourceId?: string; limit: number },
  ): Promise<(Lease & { releasedAt: number; releaseReason: string })[]>;
  /** The next fence number of a resource: never goes back. */
  nextFence(spaceId: string, resourceId: string): Promise<number>;
}
