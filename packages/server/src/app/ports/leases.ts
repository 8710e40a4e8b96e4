import type { Lease, LeaseRequest } from '../../domain/lease.ts';

export interface LeaseRepository {
  /** Takes the lock that serialises granting in this transaction (advisory in PostgreSQL; nothing to do in SQLite). */
  lockGranting(spaceId: string): Promise<void>;
  enqueue(request: LeaseRequest): Promise<void>;
  /** In ticket order. */
  requests(spaceId: string): Promise<LeaseRequest[]>;
  dequeue(spaceId: string, requestId: string): Promise<void>;
  dequeueTask(spaceId: string, taskId: string): Promise<void>;
  insert(lease: Lease): Promise<void>;
  held(spaceId: string): Promise<Lease[]>;
  get(spaceId: string, id: string): Promise<Lease | undefined>;
  ofTask(spaceId: string, taskId: string): Promise<Lease[]>;
  update(lease: Lease): Promise<void>;
  /** Ends a lease and keeps it in the history, with why and when. Idempotent. */
  release(lease: Lease, at: number, why: string): Promise<boolean>;
  history(spaceId: string, filter: { taskId?: string; resourceId?: string; limit: number }): Promise<(Lease & { releasedAt: number; releaseReason: string })[]>;
  /** The next fence number of a resource: never goes back. */
  nextFence(spaceId: string, resourceId: string): Promise<number>;
}
