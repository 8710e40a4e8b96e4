import type { Lease, LeaseRequest } from '../../domain/lease.ts';

/** Of the leases and the queue of one space. None ever goes back. */
export interface BookCounters {
  /** What a cache of them must have: each change is a new version. */
  version: number;
  /** The last ticket that was given out. */
  ticket: number;
  /** The number in the last lease's fence. */
  fence: number;
}

export interface LeaseRepository {
  /** Serialises granting in this transaction, over all nodes. */
  lockGranting(spaceId: string): Promise<BookCounters>;
  /** Leases or queue change in this transaction, under the lock. */
  changed(spaceId: string, counters: BookCounters): Promise<void>;
  enqueue(request: LeaseRequest): Promise<void>;
  /** In ticket order. */
  requests(spaceId: string): Promise<LeaseRequest[]>;
  setBarrier(spaceId: string, requestId: string, barrier: LeaseRequest['barrier']): Promise<void>;
  setPriority(spaceId: string, requestId: string, priority: number): Promise<void>;
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
}
