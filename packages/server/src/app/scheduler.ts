/**
 * Takes from the queue what can have its lease now, in ticket order, up to
 * the node's task cap. It runs at the end of any turn that changed leases,
 * queue or workers, within that turn's transaction, so that a submission and
 * its start share one commit.
 */
import { Allocation, grantPass, type Choice, type Verdict } from '../domain/grant.ts';
import type { LeaseRequest } from '../domain/lease.ts';
import { isDenial } from '../domain/attempt-transition.ts';
import { describeOutcome, move } from '../domain/task-transition.ts';
import type { Turn } from './batch.ts';
import { choose, type ChoosingContext } from './choosing.ts';
import { announceTask, note, workerName, type Kernel } from './kernel.ts';
import type { LeaseBook } from './lease-book.ts';
import { begin, endAs } from './orchestrator.ts';
import type { SpaceRoster } from './roster.ts';
import { upgradeStopped } from './upgrade-course.ts';

export class Scheduler {
  readonly #kernel: Kernel;
  readonly #lastChosen = new Map<string, string>();
  /** Queued in the turn under way: not in the database yet, in case they are granted at once. */
  readonly #unsaved = new Map<string, LeaseRequest>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Puts a request into the queue, within this turn. */
  enqueue(turn: Turn, book: LeaseBook, request: LeaseRequest): void {
    book.addRequest(request);
    this.#unsaved.set(request.id, request);
    turn.undo(() => this.#unsaved.delete(request.id));
    this.passAtEnd(turn, request.spaceId);
  }

  passAtEnd(turn: Turn, spaceId: string): void {
    turn.atEnd(`pass ${spaceId}`, () => this.#pass(turn, spaceId));
  }

  /** Looks at the queue in a turn of its own. */
  async kick(spaceId: string): Promise<void> {
    await this.#kernel.batch.add(async (turn) => this.passAtEnd(turn, spaceId));
  }

  /** What a request waits for, as a pass would find it now. */
  context(roster: SpaceRoster): ChoosingContext {
    const { runs, options } = this.#kernel;
    const pinned = (taskId: string): string | undefined =>
      [...(runs.task(taskId)?.attempts.values() ?? [])].at(-1)?.attempt.workerId;
    return { roster, nodeId: options.nodeId, lastChosen: this.#lastChosen, pinned };
  }

  async #pass(turn: Turn, spaceId: string): Promise<void> {
    const kernel = this.#kernel;
    const book = await kernel.books.lock(turn, spaceId);
    const room = kernel.draining ? 0 : kernel.options.taskCap - kernel.runs.count;
    if (book.queueLength > 0 && room > 0) {
      const roster = await kernel.roster.load(turn.tx, spaceId);
      const context = this.context(roster);
      const allocation = new Allocation(
        (id) => book.occupancy(id),
        (id) => roster.workers.get(id)?.slots ?? 1,
      );
      const verdicts = grantPass(
        book.queue(),
        allocation,
        (request, left) => choose(context, request, left),
        { atMost: room },
      );
      for (const verdict of verdicts) await this.#apply(turn, book, verdict);
    }
    await this.#save(turn, book);
  }

  async #apply(turn: Turn, book: LeaseBook, { request, choice }: Verdict): Promise<void> {
    switch (choice.kind) {
      case 'grant':
        await begin(this.#kernel, turn, {
          request,
          choice,
          book,
          isNew: await this.#leaveQueue(turn, book, request),
        });
        return;
      case 'fail':
        await this.#fail(turn, {
          request,
          reason: choice.reason,
          isNew: await this.#leaveQueue(turn, book, request),
        });
        return;
      case 'wait':
        await this.#wait(turn, book, { request, choice });
    }
  }

  /** @returns whether it came in this very turn, so that neither it nor its task is a row yet */
  async #leaveQueue(turn: Turn, book: LeaseBook, request: LeaseRequest): Promise<boolean> {
    book.removeRequest(request.id);
    if (this.#unsaved.delete(request.id)) return true;
    await turn.tx.leases.dequeue(request.spaceId, request.id);
    this.#kernel.books.changed(turn, book);
    return false;
  }

  async #wait(
    turn: Turn,
    book: LeaseBook,
    { request, choice }: { request: LeaseRequest; choice: Extract<Choice, { kind: 'wait' }> },
  ): Promise<void> {
    if (request.barrier?.id !== choice.barrier?.id) {
      book.setBarrier(request.id, choice.barrier);
      const unsaved = this.#unsaved.get(request.id);
      if (unsaved !== undefined) this.#unsaved.set(request.id, { ...unsaved, barrier: choice.barrier });
      else {
        await turn.tx.leases.setBarrier(request.spaceId, request.id, choice.barrier);
        this.#kernel.books.changed(turn, book);
      }
    }
    const task = this.#kernel.fresh.get(request.taskId);
    if (task === undefined || !this.#unsaved.has(request.id)) return;
    // Told once in the log, when it is queued; the place and reason of now are computed when asked for.
    await note(this.#kernel, turn, { task, level: 'wait', text: `Waits in the queue ${choice.reason}` });
  }

  /** No waiting would help. */
  async #fail(
    turn: Turn,
    { request, reason, isNew }: { request: LeaseRequest; reason: string; isNew: boolean },
  ): Promise<void> {
    const kernel = this.#kernel;
    const run = kernel.runs.task(request.taskId);
    if (run !== undefined) {
      // Who denied it said why, and that is what has to be mended.
      const denials = [...run.attempts.values()]
        .filter(({ attempt }) => attempt.outcome !== null && isDenial(attempt.outcome))
        .map(
          ({ attempt }) =>
            `worker "${workerName(kernel, attempt.spaceId, attempt.workerId)}": ${describeOutcome(attempt.outcome)}`,
        );
      const why = [reason, ...denials].join('; ');
      const upgrade = run.task.spec.upgrade !== undefined;
      const message = upgrade ? await upgradeStopped(turn, run, why) : why;
      await endAs(kernel, turn, { run, state: 'failed', message });
      return;
    }
    const task =
      kernel.fresh.get(request.taskId) ?? (await turn.tx.tasks.get(request.spaceId, request.taskId));
    if (task === undefined) return;
    const failed = move(task, 'failed', kernel.options.clock.now(), { message: reason });
    if (isNew) await turn.tx.tasks.insert(failed);
    else await turn.tx.tasks.update(failed, { nodeId: null, epoch: 0 });
    await note(kernel, turn, { task, level: 'error', text: `Failed: ${reason}` });
    announceTask(kernel, turn, failed);
    turn.after(() => kernel.watching.tell(task.id, { kind: 'task', task: { ...failed, place: null } }));
  }

  /** What was queued in this turn and is still waiting becomes rows. */
  async #save(turn: Turn, book: LeaseBook): Promise<void> {
    for (const request of this.#unsaved.values()) {
      if (request.spaceId !== book.spaceId) continue;
      const task = this.#kernel.fresh.get(request.taskId);
      if (task !== undefined) await turn.tx.tasks.insert(task);
      await turn.tx.leases.enqueue(request);
      this.#unsaved.delete(request.id);
      this.#kernel.books.changed(turn, book);
    }
  }
}
