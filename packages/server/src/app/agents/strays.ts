/**
 * What agents say of attempts that nobody waits for: those that were given
 * up, and those whose task has ended. It is taken, so that the agent can be
 * done with it.
 *
 * Always true: what one session says of them is taken one after another, so
 * that an outcome finds all that was said before it; another node's attempts
 * are left to that node.
 */
import { AppError, Mutex } from '@longshore/base';

import { isGivenUp } from '../../domain/attempt-transition.ts';
import type { Attempt, AttemptReport } from '../../domain/attempt.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { isEnded } from '../../domain/task-transition.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { requireOwn } from '../kernel/own.ts';
import { appendMissing } from '../output/missing.ts';
import type { AgentSession } from '../ports/agents.ts';
import { endedAfterAll, isStored } from './returned-attempts.ts';

/** What is said, and of which attempt by whom. */
interface Said {
  session: AgentSession;
  attemptId: string;
}

export class Strays {
  readonly #kernel: Kernel;
  readonly #inOrder = new WeakMap<AgentSession, Mutex>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @returns the durable length */
  output(of: Said, offset: number, records: Uint8Array): Promise<number> {
    return this.#take(of, async (attempt) => {
      requireWithin(attempt, offset + records.length);
      return this.#kernel.options.logs.append(attempt.id, offset, records).durable;
    });
  }

  /** @returns the durable length */
  outputMissing(of: Said, gap: { from: number; to: number }): Promise<number> {
    return this.#take(of, async (attempt) => {
      requireWithin(attempt, gap.to);
      return (await appendMissing(this.#kernel.options.logs, attempt.id, gap)).durable;
    });
  }

  /** Events and artifacts: its task has gone on without them, and nothing reads them any more. */
  passOver<T>(of: Said, taken: T): Promise<T> {
    return this.#take(of, () => Promise.resolve(taken));
  }

  /** The agent may forget it once all of it is stored: what failed is asked for again, and its outcome said once more. */
  outcome(of: Said, end: { outcome: Outcome; report: AttemptReport }): Promise<void> {
    return this.#take(of, async (attempt) => {
      const stored = isGivenUp(attempt)
        ? await endedAfterAll(this.#kernel, attempt, end)
        : await isStored(this.#kernel, attempt.id, attempt.outputLength);
      if (stored) of.session.release(attempt.id, attempt.fence);
    });
  }

  /** @throws AppError `notFound`: another node's matter, or nobody's; `forbidden`: another agent's */
  #take<T>({ session, attemptId }: Said, take: (attempt: Attempt) => Promise<T>): Promise<T> {
    const inOrder = this.#inOrder.get(session) ?? new Mutex();
    this.#inOrder.set(session, inOrder);
    return inOrder.run(async () => {
      const attempt = await this.#find(attemptId);
      if (attempt === undefined) throw new AppError('notFound', `attempt ${attemptId} is not this node's`);
      requireOwn(session.agentId, attempt);
      return take(attempt);
    });
  }

  async #find(attemptId: string): Promise<Attempt | undefined> {
    const live = this.#kernel.runs.attempt(attemptId);
    if (live !== undefined) return isGivenUp(live.attempt) ? live.attempt : undefined;
    return this.#kernel.options.store.read(async (tx) => {
      const attempt = await tx.attempts.find(attemptId);
      const task = attempt === undefined ? undefined : await tx.tasks.get(attempt.spaceId, attempt.taskId);
      return task !== undefined && isEnded(task.state) ? attempt : undefined;
    });
  }
}

/** A complete attempt's log is what its outcome said: nothing comes after its end. Of one given up nobody knows that. */
function requireWithin(attempt: Attempt, end: number): void {
  const { id, complete, outputLength } = attempt;
  if (complete && !isGivenUp(attempt) && end > outputLength)
    throw new AppError(
      'forbidden',
      `output of attempt ${id} up to ${end}: it is complete with ${outputLength} bytes`,
    );
}
