/**
 * The slow check of all stored output: segment by segment against the digest
 * under which it was verified, those of attempts under way first, for their
 * agents still have what is found damaged.
 *
 * Always true: a beat reads at most two segments, in parts, and gives way
 * between them; a round over all that is kept ends, and begins anew.
 */
import { segmentsOf, type Segment } from '../../domain/segment.ts';
import { LOG_CHECK_ATTEMPTS, LOG_CHECK_READ_BYTES } from '../../limits.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { unlessAway, type Mending } from './mending.ts';

interface Due {
  attemptId: string;
  segment: Segment;
}

export class LogCheck {
  readonly #kernel: Kernel;
  readonly #mending: Mending;
  #live: Due[] = [];
  #kept: Due[] = [];
  /** Where the round over all that is kept has come to. */
  #place: { spaceId: string; afterId: string } | undefined;

  constructor(kernel: Kernel, mending: Mending) {
    this.#kernel = kernel;
    this.#mending = mending;
  }

  /** A beat: one segment of what is under way, and one of what is kept. */
  async check(): Promise<void> {
    if (this.#live.length === 0) this.#live = this.#underWay();
    await this.#checkOne(this.#live.shift());
    if (this.#kept.length === 0) this.#kept = await this.#nextKept();
    await this.#checkOne(this.#kept.shift());
  }

  /** After a start: all that is under way, for what the one before wrote last may not have reached the disk. */
  async checkUnderWay(): Promise<void> {
    for (const due of this.#underWay()) {
      if (this.#kernel.closed) return;
      await this.#checkOne(due);
    }
  }

  #underWay(): Due[] {
    const due: Due[] = [];
    for (const run of this.#kernel.runs)
      for (const { attempt } of run.attempts.values())
        for (const segment of segmentsOf(attempt)) due.push({ attemptId: attempt.id, segment });
    return due;
  }

  async #nextKept(): Promise<Due[]> {
    const { store } = this.#kernel.options;
    const spaces = [...this.#kernel.books.spaces];
    const { spaceId, afterId } = this.#place ?? { spaceId: spaces[0] ?? '', afterId: '' };
    const attempts = await store.read((tx) => tx.attempts.withOutput(spaceId, afterId, LOG_CHECK_ATTEMPTS));
    const last = attempts.at(-1);
    const nextSpace = spaces[spaces.indexOf(spaceId) + 1];
    if (last !== undefined) this.#place = { spaceId, afterId: last.id };
    else this.#place = nextSpace === undefined ? undefined : { spaceId: nextSpace, afterId: '' };
    return attempts.flatMap((attempt) =>
      segmentsOf(attempt).map((segment) => ({ attemptId: attempt.id, segment })),
    );
  }

  async #checkOne(due: Due | undefined): Promise<void> {
    if (due === undefined || due.segment.digest === null || (await this.#isRight(due))) return;
    await unlessAway(this.#kernel, this.#mending.wrong(due.attemptId, due.segment));
  }

  async #isRight({ attemptId, segment: { from, to, digest } }: Due): Promise<boolean> {
    const { logs, digests, nextTurn } = this.#kernel.options;
    const running = digests.begin();
    for (let at = from; at < to; at += LOG_CHECK_READ_BYTES) {
      running.add(await logs.readRaw(attemptId, { from: at, to: Math.min(to, at + LOG_CHECK_READ_BYTES) }));
      await new Promise<void>((resolve) => nextTurn(resolve));
    }
    return running.hex() === digest;
  }
}
