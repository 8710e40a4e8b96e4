/** Asking for leases for a task under way, and holding those that are granted. */
import { NORMAL_PRIORITY, type Lease, type LeaseRequest, type Resource } from '../../domain/lease.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { LeaseBook } from '../kernel/lease-book.ts';
import type { Run } from '../kernel/runs.ts';

/** Writes a lease that was granted. It ends with its holder: a step of the run, or the whole task. */
export async function hold(
  kernel: Kernel,
  turn: Turn,
  of: {
    run: Run;
    request: LeaseRequest;
    resource: Resource;
    holder: Lease['holder'];
    reason: string;
    book: LeaseBook;
  },
): Promise<Lease> {
  const { ids, clock, nodeId, store } = kernel.options;
  const { run, request, resource, book } = of;
  const lease: Lease = {
    spaceId: request.spaceId,
    id: ids(),
    resource,
    mode: request.mode,
    taskId: request.taskId,
    holder: of.holder,
    nodeId,
    epoch: kernel.epoch,
    fence: { generation: store.generation, n: kernel.books.nextFence(turn, book) },
    reason: of.reason,
    grantedAt: clock.now(),
    orphanedAt: null,
  };
  await turn.tx.leases.insert(lease);
  book.addLease(lease);
  run.leases.set(lease.id, lease);
  turn.undo(() => run.leases.delete(lease.id));
  store.announce(turn.tx, 'lease', resource.id);
  return lease;
}

/** Puts a request for a part of a task under way into the queue, at the task's own place. */
export async function ask(
  kernel: Kernel,
  turn: Turn,
  of: {
    run: Run;
    /** The action, or the activity, that it is for. */
    step: string;
    mode: LeaseRequest['mode'];
    wants: LeaseRequest['wants'];
    tools: string[];
    exclude: string[];
    priority?: number;
  },
): Promise<void> {
  const { run, step, mode, wants, tools, exclude, priority = NORMAL_PRIORITY } = of;
  const { task } = run;
  const book = await kernel.books.lock(turn, task.spaceId);
  const request: LeaseRequest = {
    spaceId: task.spaceId,
    id: kernel.options.ids(),
    ticket: task.ticket,
    priority,
    taskId: task.id,
    holder: { kind: 'step', id: step },
    mode,
    wants,
    barrier: null,
    tools,
    exclude,
    nodeId: task.nodeId,
    notBefore: null,
    expiresAt: null,
    createdAt: kernel.options.clock.now(),
  };
  await turn.tx.leases.enqueue(request);
  book.addRequest(request);
  kernel.books.changed(turn, book);
  run.requests.add(request.id);
  turn.undo(() => run.requests.delete(request.id));
  kernel.passAtEnd(turn, task.spaceId);
}

/** Takes requests of the run out of the queue: all, or those of one step. */
export async function takeBack(
  kernel: Kernel,
  turn: Turn,
  { run, step }: { run: Run; step?: string },
): Promise<void> {
  const { spaceId } = run.task;
  const book = await kernel.books.lock(turn, spaceId);
  for (const id of [...run.requests]) {
    if (step !== undefined && book.request(id)?.holder.id !== step) continue;
    await turn.tx.leases.dequeue(spaceId, id);
    book.removeRequest(id);
    kernel.books.changed(turn, book);
    run.requests.delete(id);
    turn.undo(() => run.requests.add(id));
  }
}
