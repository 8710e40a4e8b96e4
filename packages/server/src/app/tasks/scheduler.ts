/**
 * Takes from the queue what can have its lease now, in ticket order, up to
 * the node's task cap. It runs at the end of any turn that changed leases,
 * queue or workers, within that turn's transaction, so that a submission and
 * its start share one commit.
 */
import type { Cancel } from '@longshore/base';

import { isDenial } from '../../domain/attempt-transition.ts';
import { Allocation, grantPass, type Choice, type Verdict } from '../../domain/grant.ts';
import type { LeaseRequest } from '../../domain/lease.ts';
import { describeOutcome, move } from '../../domain/task-transition.ts';
import { runOf, scriptOf } from '../../domain/task.ts';
import { LONGEST_TIMER_MS } from '../../limits.ts';
import { isCourse } from '../course/activities.ts';
import { advanceCourse } from '../course/course.ts';
import { requestFailed } from '../course/script-units.ts';
import type { Turn } from '../kernel/batch.ts';
import { announceTask, note, workerName, type Kernel } from '../kernel/kernel.ts';
import type { LeaseBook } from '../kernel/lease-book.ts';
import type { SpaceRoster } from '../kernel/roster.ts';
import { endAs, tellParent } from '../steps/ending.ts';
import type { ChoosingContext } from './choosing-context.ts';
import { choose } from './choosing.ts';
import { begin } from './orchestrator.ts';
import { upgradeStopped } from './upgrade-course.ts';

export class Scheduler {
  readonly #kernel: Kernel;
  readonly #lastChosen = new Map<string, string>();
  /** Queued in the turn under way: not in the database yet, in case they are granted at once. */
  readonly #unsaved = new Map<string, LeaseRequest>();
  /** By space: ends the timer for the next time that a request waits for. */
  readonly #wake = new Map<string, Cancel>();

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
  context(roster: SpaceRoster, spaceId: string): ChoosingContext {
    const { runs, options } = this.#kernel;
    const pinned = (taskId: string): string | undefined =>
      [...(runs.task(taskId)?.attempts.values() ?? [])].at(-1)?.attempt.workerId;
    const holders = (resourceId: string): string[] =>
      [...this.#kernel.books.known(spaceId).leases]
        .filter((lease) => lease.resource.id === resourceId)
        .map((lease) => lease.taskId);
    const now = options.clock.now();
    return { roster, nodeId: options.nodeId, now, lastChosen: this.#lastChosen, pinned, holders };
  }

  async #pass(turn: Turn, spaceId: string): Promise<void> {
    const kernel = this.#kernel;
    const book = await kernel.books.lock(turn, spaceId);
    let room = kernel.draining ? 0 : kernel.options.taskCap - kernel.runs.busy;
    if (book.queueLength > 0) {
      const roster = await kernel.roster.load(turn.tx, spaceId);
      const context = this.context(roster, spaceId);
      const allocation = new Allocation(
        (id) => book.occupancy(id),
        (id) => roster.workers.get(id)?.slots ?? 1,
      );
      const starts = (): boolean => room > 0;
      const verdicts = grantPass(book.queue(starts), allocation, (request, left) => {
        const choice = choose(context, request, left);
        if (choice.kind === 'grant' && request.holder.kind === 'task') room -= 1;
        return choice;
      });
      this.#wakeFor(spaceId, verdicts);
      for (const verdict of verdicts) await this.#apply(turn, book, verdict);
    }
    await this.#save(turn, book);
  }

  /** What waits for a time of the clock is looked at again then. */
  #wakeFor(spaceId: string, verdicts: readonly Verdict[]): void {
    const now = this.#kernel.options.clock.now();
    const times = verdicts
      .filter(({ choice }) => choice.kind === 'wait')
      .flatMap(({ request: { notBefore, expiresAt } }) => [notBefore, expiresAt])
      .filter((time) => time !== null && time > now) as number[];
    this.#wake.get(spaceId)?.();
    this.#wake.delete(spaceId);
    if (times.length === 0) return;
    const ms = Math.min(Math.min(...times) - now, LONGEST_TIMER_MS);
    this.#wake.set(
      spaceId,
      this.#kernel.options.clock.after(ms, () => {
        if (!this.#kernel.closed) void this.kick(spaceId).catch(() => undefined);
      }),
    );
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
          state: choice.state ?? 'failed',
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
    {
      request,
      reason,
      state,
      isNew,
    }: { request: LeaseRequest; reason: string; state: 'failed' | 'timedOut'; isNew: boolean },
  ): Promise<void> {
    const kernel = this.#kernel;
    const run = kernel.runs.task(request.taskId);
    if (run !== undefined && isCourse(run)) {
      await requestFailed(kernel, turn, { run, request, reason });
      await advanceCourse(kernel, turn, run);
      return;
    }
    if (run !== undefined) {
      // Who denied it said why, and that is what has to be mended.
      const denials = [...run.attempts.values()]
        .filter(({ attempt }) => attempt.outcome !== null && isDenial(attempt.outcome))
        .map(
          ({ attempt }) =>
            `worker "${workerName(kernel, attempt.spaceId, attempt.workerId)}": ${describeOutcome(attempt.outcome)}`,
        );
      const why = [reason, ...denials].join('; ');
      const upgrade = scriptOf(run.task)?.upgrade !== undefined;
      const message = upgrade ? await upgradeStopped(turn, run, why) : why;
      await endAs(kernel, turn, { run, state: 'failed', message });
      return;
    }
    const task =
      kernel.fresh.get(request.taskId) ?? (await turn.tx.tasks.get(request.spaceId, request.taskId));
    if (task === undefined) return;
    const failed = move(task, state, kernel.options.clock.now(), { message: reason });
    if (runOf(task) !== undefined) await turn.tx.processRuns.endRun(task.spaceId, task.id, false);
    if (isNew) await turn.tx.tasks.insert(failed);
    else await turn.tx.tasks.update(failed, { nodeId: null, epoch: 0 });
    await note(kernel, turn, {
      task,
      level: 'error',
      text: `${state === 'failed' ? 'Failed' : 'Timed out'}: ${reason}`,
    });
    announceTask(kernel, turn, failed);
    turn.after(() => kernel.watching.tell(task.id, { kind: 'task', task: { ...failed, place: null } }));
    tellParent(kernel, turn, failed);
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
