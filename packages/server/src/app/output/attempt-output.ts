/**
 * The output of attempts under way, on its way into the log.
 *
 * Always true: bytes are facts, taken by their offset whatever session brings
 * them; what was damaged on its way reaches neither digest nor log; a
 * segment's end is acknowledged only once its digest was found right.
 */
import { AppError, isCode } from '@longshore/base';

import type { SegmentRange } from '../../domain/attempt.ts';
import { REHASH_READ_BYTES, SEGMENT_REFUSALS } from '../../limits.ts';
import { note, saveAttempt, type Kernel } from '../kernel/kernel.ts';
import type { Live } from '../kernel/runs.ts';
import type { Appending } from '../ports/log-store.ts';
import { appendMissing } from './missing.ts';

/** Whole records at an offset, and the digest of the segment that they end. */
export interface ArrivedOutput {
  offset: number;
  records: Uint8Array;
  segmentDigest: string | null;
}

/** A segment whose digest was found right. */
interface Closed {
  from: number;
  end: number;
  digest: string;
}

const NOTHING = new Uint8Array(0);

export class AttemptOutput {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @returns the durable length @throws AppError `corrupt`, `conflict` with where it is wanted from */
  take(live: Live, { offset, records, segmentDigest }: ArrivedOutput): Promise<number> {
    return this.#store(live, async (before) => {
      this.#refuseGap(live, offset);
      this.#refuseDamaged(live, offset, records);
      await this.#digest(live, offset, records);
      const end = offset + records.length;
      const closes = segmentDigest !== null && end > live.verifiedTo;
      if (closes && (live.digestedTo !== end || live.digest?.hex() !== segmentDigest)) {
        await before;
        await this.#refuse(live, end);
      }
      const closed = closes
        ? this.#verified(live, { from: live.verifiedTo, end, digest: live.digest?.hex() ?? segmentDigest })
        : undefined;
      const appending = this.#kernel.options.logs.append(live.attempt.id, offset, records);
      live.appendedTo = Math.max(live.appendedTo, end);
      return { appending, closes: closed };
    });
  }

  /** The agent can't give these bytes any more. */
  missing(live: Live, { from: offset, to }: { from: number; to: number }): Promise<number> {
    const { logs } = this.#kernel.options;
    const { id } = live.attempt;
    return this.#store(live, async () => {
      this.#refuseGap(live, offset);
      // What is stored already is not missing, whatever became of the agent's copy.
      const from = live.appendedTo;
      if (to <= from) return { appending: logs.append(id, from, NOTHING), closes: undefined };
      // Nothing of an incomplete segment can be verified any more: the next one begins after the gap.
      live.digest = undefined;
      live.digestedTo = to;
      live.verifiedTo = to;
      try {
        const appending = await appendMissing(logs, id, { from, to });
        live.appendedTo = to;
        await appending.durable;
        await this.#kernel.batch.add(async (turn) => {
          await saveAttempt(this.#kernel, turn, { live, attempt: { ...live.attempt, verifiedLength: to } });
          const text = `Output from byte ${from} to ${to} is missing: the agent could not keep it`;
          await note(this.#kernel, turn, { task: live.run.task, level: 'warning', text, attemptId: id });
        });
        return { appending, closes: undefined };
      } catch (thrown) {
        // A marker that is not stored must not count: the attempt would be called complete without it.
        this.#stepBack(live);
        throw thrown;
      }
    });
  }

  /** The next segment's bytes may come before this one is durable. */
  #verified(live: Live, closed: Closed): Closed {
    live.verified = [...live.verified, closed.digest];
    live.verifiedTo = closed.end;
    live.digest = this.#kernel.options.digests.begin();
    return closed;
  }

  /**
   * One after another for each attempt as far as the order counts; durability is waited for side by side.
   *
   * @param store gets the storing of all that came before; what it refuses changes nothing
   */
  #store(
    live: Live,
    store: (before: Promise<unknown>) => Promise<{ appending: Appending; closes: Closed | undefined }>,
  ): Promise<number> {
    const before = live.stored;
    const appended = live.storing.then(() => store(before));
    const stored = appended.then(async ({ appending, closes }) => {
      try {
        const length = await appending.durable;
        if (closes !== undefined) await this.#close(live, closes);
        live.storedLength = Math.max(live.storedLength, length);
        return length;
      } catch (thrown) {
        this.#stepBack(live);
        throw thrown;
      }
    });
    live.storing = appended.then(
      () => undefined,
      () => undefined,
    );
    live.readable = appended.then(
      async ({ appending }) => {
        if (!(await appending.readable)) this.#stepBack(live);
      },
      () => undefined,
    );
    live.stored = Promise.allSettled([before, stored]);
    return stored;
  }

  /** What came could not be stored: only what is durable counts, and the rest is asked for again. */
  #stepBack(live: Live): void {
    live.appendedTo = Math.min(live.appendedTo, live.storedLength);
    live.verified = live.attempt.segmentDigests;
    live.verifiedTo = live.attempt.verifiedLength;
    live.digest = undefined;
    live.digestedTo = live.verifiedTo;
  }

  #refuseGap(live: Live, offset: number): void {
    if (offset <= live.appendedTo) return;
    const length = live.appendedTo;
    throw new AppError(
      'conflict',
      `output of attempt ${live.attempt.id} at ${offset} leaves a gap after ${length}`,
      {
        detail: { length },
      },
    );
  }

  /** Bytes that a line changed: they go neither into the digest nor into the log. */
  #refuseDamaged(live: Live, offset: number, records: Uint8Array): void {
    const whole = this.#kernel.options.digests.wholeRecords(records);
    if (whole === records.length) return;
    const from = live.appendedTo;
    throw new AppError(
      'corrupt',
      `output of attempt ${live.attempt.id} at ${offset + whole} was damaged on its way`,
      { detail: { from } },
    );
  }

  async #close(live: Live, { from, end, digest }: Closed): Promise<void> {
    await this.#kernel.batch.add(async (turn) => {
      if (end <= live.attempt.verifiedLength) return;
      const attempt = {
        ...live.attempt,
        verifiedLength: end,
        segmentDigests: [...live.attempt.segmentDigests, digest],
        segmentRanges: [...live.attempt.segmentRanges, [from, end] satisfies SegmentRange],
      };
      await saveAttempt(this.#kernel, turn, { live, attempt });
    });
    if (live.verifiedTo >= end) return;
    // What came after it could not be stored, which took all back that was not durable by then.
    live.verified = live.attempt.segmentDigests;
    live.verifiedTo = end;
    live.digest = undefined;
    live.digestedTo = end;
  }

  /** Takes the bytes that are new into the digest of the open segment. */
  async #digest(live: Live, offset: number, records: Uint8Array): Promise<void> {
    if (live.digest === undefined) await this.#redigest(live, offset);
    const from = live.digestedTo - offset;
    if (from < 0 || from >= records.length) return;
    live.digest?.add(from === 0 ? records : records.subarray(from));
    live.digestedTo = offset + records.length;
  }

  /** After a restart the open segment is hashed again, as far as it is stored. */
  async #redigest(live: Live, upTo: number): Promise<void> {
    const { logs, digests } = this.#kernel.options;
    live.digest = digests.begin();
    live.digestedTo = live.verifiedTo;
    while (live.digestedTo < upTo) {
      const wanted = Math.min(REHASH_READ_BYTES, upTo - live.digestedTo);
      const bytes = await logs.read(live.attempt.id, live.digestedTo, wanted).catch((thrown: unknown) => {
        // Damaged in the store: the open segment is had once more, as with a wrong digest.
        if (isCode(thrown, 'corrupt')) return NOTHING;
        throw thrown;
      });
      if (bytes.length === 0) return;
      live.digest.add(bytes);
      live.digestedTo += bytes.length;
    }
  }

  /** @throws AppError `corrupt`; when it differs again and again it is taken as it is, and the end of the attempt tells of it */
  async #refuse(live: Live, end: number): Promise<void> {
    const from = live.verifiedTo;
    live.refused = { from, times: live.refused.from === from ? live.refused.times + 1 : 1 };
    if (live.refused.times > SEGMENT_REFUSALS) return;
    live.digest = undefined;
    live.digestedTo = from;
    live.storedLength = Math.min(live.storedLength, from);
    live.appendedTo = from;
    await this.#kernel.options.logs.truncate(live.attempt.id, from);
    throw new AppError(
      'corrupt',
      `the segment of attempt ${live.attempt.id} from byte ${from} to ${end} is not what its digest says`,
      {
        detail: { from },
      },
    );
  }
}
