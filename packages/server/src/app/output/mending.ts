/**
 * Damage in the stored output: a byte that is not what was stored. Found on
 * reading (a record's check sum) or by the check of segments (`log-check.ts`),
 * it is had once more from the agent while that has it, and is marked as
 * missing, exactly, when it has not.
 *
 * Always true: what is put in the place of damaged bytes is what the agent's
 * digest says, or markers of the same length, so that every offset stays right.
 */
import { AppError, isCode, toError } from '@longshore/base';

import type { Attempt, SegmentRange } from '../../domain/attempt.ts';
import { segmentsOf, type Segment } from '../../domain/segment.ts';
import { isEnded } from '../../domain/task-transition.ts';
import type { Task } from '../../domain/task.ts';
import { MENDING_WINDOW_BYTES } from '../../limits.ts';
import { note, saveAttempt, type Kernel } from '../kernel/kernel.ts';

interface Range {
  from: number;
  to: number;
}

interface Known {
  attempt: Attempt;
  task: Task;
}

export class Mending {
  readonly #kernel: Kernel;
  /** One after another for each attempt. */
  readonly #underWay = new Map<string, Promise<void>>();
  /** Attempts whose damage waits for their agent, and where it is. */
  readonly #waiting = new Map<string, { workerId: string; at: number }>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * What stands at `at` was found damaged. It can be read when this resolves.
   *
   * @throws AppError `unavailable` while the agent, which may still have it, is away; `invalid` when nothing is
   * damaged there: no record begins at `at`
   */
  damaged(attemptId: string, at: number): Promise<void> {
    return this.#inTurn(attemptId, async () => {
      const known = await this.#known(attemptId);
      const segment =
        segmentsOf(known.attempt).find(({ from, to }) => from <= at && at < to) ??
        (await this.#windowAt(attemptId, at));
      await this.#mend(known, segment, at);
    });
  }

  /** A segment whose bytes are not what its digest says. */
  wrong(attemptId: string, segment: Segment): Promise<void> {
    return this.#inTurn(attemptId, async () =>
      this.#mend(await this.#known(attemptId), segment, segment.from),
    );
  }

  /** Its agent is back: what waited for it is tried again. */
  async opened(workerId: string): Promise<void> {
    for (const [attemptId, waiting] of [...this.#waiting]) {
      if (waiting.workerId !== workerId) continue;
      await this.damaged(attemptId, waiting.at).catch((thrown: unknown) => {
        // It was cut off meanwhile, and had anew.
        if (isCode(thrown, 'invalid')) this.#waiting.delete(attemptId);
        else if (!isCode(thrown, 'unavailable')) throw thrown;
      });
    }
  }

  #inTurn(attemptId: string, mend: () => Promise<void>): Promise<void> {
    const mended = (this.#underWay.get(attemptId) ?? Promise.resolve()).then(mend, mend);
    this.#underWay.set(attemptId, mended);
    const done = (): void => {
      if (this.#underWay.get(attemptId) === mended) this.#underWay.delete(attemptId);
    };
    mended.then(done, done);
    return mended;
  }

  async #known(attemptId: string): Promise<Known> {
    const { runs, options } = this.#kernel;
    const live = runs.attempt(attemptId);
    if (live !== undefined) return { attempt: live.attempt, task: live.run.task };
    return options.store.read(async (tx) => {
      const attempt = await tx.attempts.find(attemptId);
      const task = attempt && (await tx.tasks.get(attempt.spaceId, attempt.taskId));
      if (attempt === undefined || task === undefined)
        throw new AppError('notFound', `mending the log of attempt ${attemptId}: there is none`);
      return { attempt, task };
    });
  }

  /** Where no segment is known (the open one, an earlier version's log): as far as a record can reach, and some. */
  async #windowAt(attemptId: string, at: number): Promise<Segment> {
    const length = await this.#kernel.options.logs.length(attemptId);
    return { from: at, to: Math.min(length, at + MENDING_WINDOW_BYTES), digest: null };
  }

  async #mend(known: Known, segment: Segment, at: number): Promise<void> {
    const { logs, logger } = this.#kernel.options;
    const { id, workerId } = known.attempt;
    const damage = await this.#damageIn(id, segment);
    if (damage.length === 0) {
      if (await this.#isRecord(id, at)) return;
      throw new AppError('invalid', `no record of attempt ${id} begins at ${at}`);
    }
    logger.warn('stored output is damaged', { attemptId: id, damage });
    for (const range of segment.digest === null ? damage : [segment]) {
      const again = await this.#again(known, { ...range, digest: segment.digest }).catch(
        (thrown: unknown) => {
          if (isCode(thrown, 'unavailable')) this.#waiting.set(id, { workerId, at: range.from });
          throw thrown;
        },
      );
      this.#waiting.delete(id);
      if (again === null) await this.#mark(known, segment, segment.digest === null ? [range] : damage);
      else {
        await logs.rewrite(id, range.from, again);
        await this.#tell(known, {
          level: 'info',
          text: `Output from byte ${range.from} to ${range.to} was damaged in the store, and was had from the agent once more`,
        });
      }
    }
  }

  /** Damaged records; the whole segment when each is right by itself and the segment is not. */
  async #damageIn(attemptId: string, segment: Segment): Promise<Range[]> {
    const { logs, digests } = this.#kernel.options;
    const bytes = await logs.readRaw(attemptId, segment);
    if (segment.digest !== null && hashOf(this.#kernel, bytes) === segment.digest) return [];
    const found = digests.damage(bytes).map(({ from, to }) => ({
      from: segment.from + from,
      to: segment.from + to,
    }));
    if (segment.digest !== null) return found.length > 0 ? found : [segment];
    // A window ends anywhere: the record that it cuts off is not damaged.
    const ends = (await logs.length(attemptId)) === segment.to;
    return found.filter(({ from, to }) => ends || from === segment.from || to < segment.to);
  }

  async #isRecord(attemptId: string, at: number): Promise<boolean> {
    try {
      await this.#kernel.options.logs.read(attemptId, at, 1);
      return true;
    } catch (thrown) {
      if (isCode(thrown, 'corrupt')) return false;
      throw thrown;
    }
  }

  /** From the agent, found right; null when it can't be had any more. */
  async #again({ attempt, task }: Known, segment: Segment): Promise<Buffer | null> {
    const { digests, logger } = this.#kernel.options;
    // From its release on the agent has nothing; and of what was given up nothing more is asked.
    if (attempt.complete || isEnded(task.state)) return null;
    const session = this.#kernel.sessions.get(attempt.workerId);
    if (session === undefined)
      throw new AppError(
        'unavailable',
        `the log of attempt ${attempt.id} is damaged at ${segment.from}, and its agent, which may have it, is away`,
      );
    const bytes = (await session.fetchOutput?.(attempt.id, segment)) ?? null;
    if (bytes === null) return null;
    const right =
      segment.digest === null
        ? digests.wholeRecords(bytes) === segment.to - segment.from
        : hashOf(this.#kernel, bytes) === segment.digest;
    if (!right) logger.error('an agent has other bytes than it had', { attemptId: attempt.id, ...segment });
    return right ? bytes : null;
  }

  async #mark(known: Known, segment: Segment, damage: readonly Range[]): Promise<void> {
    const { logs, clock, digests } = this.#kernel.options;
    const { id } = known.attempt;
    for (const { from, to } of damage) {
      await logs.rewrite(id, from, digests.missingRecords(from, to - from, clock.now()));
      await this.#tell(known, {
        level: 'warning',
        text: `Output from byte ${from} to ${to} is missing: it was damaged in the store, and the agent no longer has it`,
      });
    }
    if (segment.digest === null) return;
    const digest = hashOf(this.#kernel, await logs.readRaw(id, segment));
    await this.#remember(id, [segment.from, segment.to, digest]);
  }

  /** From now on the segment is right as it is, markers and all. */
  async #remember(attemptId: string, marked: SegmentRange): Promise<void> {
    const kernel = this.#kernel;
    const change = (attempt: Attempt): Attempt => ({
      ...attempt,
      segmentRanges: [...attempt.segmentRanges.filter(([from]) => from !== marked[0]), marked].sort(
        ([a], [b]) => a - b,
      ),
    });
    await kernel.batch.add(async (turn) => {
      const live = kernel.runs.attempt(attemptId);
      if (live !== undefined) {
        await saveAttempt(kernel, turn, { live, attempt: change(live.attempt) });
        return;
      }
      const attempt = await turn.tx.attempts.find(attemptId);
      if (attempt !== undefined) await turn.tx.attempts.update(change(attempt));
    });
  }

  async #tell({ attempt, task }: Known, line: { level: 'info' | 'warning'; text: string }): Promise<void> {
    await this.#kernel.batch.add((turn) =>
      note(this.#kernel, turn, { task, ...line, attemptId: attempt.id }),
    );
  }
}

function hashOf({ options }: Kernel, bytes: Buffer): string {
  const digest = options.digests.begin();
  digest.add(bytes);
  return digest.hex();
}

/** For what runs in the background: an agent that is away is no trouble, its return is waited for. */
export function unlessAway(kernel: Kernel, mended: Promise<void>): Promise<void> {
  return mended.catch((thrown: unknown) => {
    if (!isCode(thrown, 'unavailable') && !isCode(thrown, 'invalid') && !kernel.closed)
      kernel.options.logger.error('mending a log failed', { error: toError(thrown) });
  });
}
