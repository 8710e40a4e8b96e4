/**
 * What agents say of attempts: output, events, artifacts, phases, outcomes.
 *
 * Always true: what is acknowledged is durable. Phases that nobody waits for
 * are written with whatever is written next.
 */
import { AppError } from '@longshore/base';

import { isAllStored, isDenial, transition, type AttemptFact } from '../../domain/attempt-transition.ts';
import type { AttemptReport } from '../../domain/attempt.ts';
import type { Outcome, RefusedReason } from '../../domain/outcome.ts';
import { LAZY_WRITE_MS } from '../../limits.ts';
import { isCourse } from '../course/activities.ts';
import { addOutputs } from '../course/scene-of.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, OwnershipLost, saveAttempt, type Kernel } from '../kernel/kernel.ts';
import type { Live } from '../kernel/runs.ts';
import { masked } from '../kernel/watching.ts';
import { AttemptOutput } from '../output/attempt-output.ts';
import type { ArtifactChunk } from '../ports/agents.ts';
import type { AttemptEventRecord } from '../ports/attempts.ts';
import { contextOf } from '../steps/starting.ts';
import { learn, outcomeFacts } from '../tasks/orchestrator.ts';

export class Attempts {
  readonly #kernel: Kernel;
  readonly #output: AttemptOutput;
  #flushing = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#output = new AttemptOutput(kernel);
  }

  async startReply(
    attemptId: string,
    reply: { kind: 'accepted' } | { kind: 'refused'; reason: RefusedReason; detail: string },
  ): Promise<void> {
    const live = this.#kernel.runs.attempt(attemptId);
    if (live === undefined) return;
    if (reply.kind === 'accepted') {
      this.#phase(live, 'accepted');
      return;
    }
    const outcome: Outcome = { kind: 'refused', reason: reply.reason, detail: reply.detail };
    // A refusal of what runs already is the answer to a Start sent twice.
    if (live.attempt.state !== 'sending') return;
    const fact: AttemptFact = isDenial(outcome)
      ? { kind: 'denied', outcome }
      : { kind: 'outcome', outcome, report: null };
    const stored: AttemptFact = { kind: 'stored', outputLength: 0, eventCount: 0 };
    await this.#kernel.batch.add((turn) => learn(this.#kernel, turn, { live, facts: [fact, stored] }));
  }

  async phaseChanged(attemptId: string, phase: 'accepted' | 'waiting' | 'running' | 'ended'): Promise<void> {
    const live = this.#kernel.runs.attempt(attemptId);
    if (live !== undefined) this.#phase(live, phase);
  }

  /** In memory now, in the database with the next write, or soon. */
  #phase(live: Live, phase: 'accepted' | 'waiting' | 'running' | 'ended'): void {
    const attempt = transition(live.attempt, { kind: 'phase', phase }, this.#kernel.options.clock.now());
    if (attempt === live.attempt) return;
    live.attempt = attempt;
    live.dirty = true;
    if (this.#flushing) return;
    this.#flushing = true;
    this.#kernel.options.clock.after(LAZY_WRITE_MS, () => {
      this.#flushing = false;
      void this.flush().catch((error: unknown) =>
        this.#kernel.options.logger.error('writing phases failed', { error }),
      );
    });
  }

  /** Writes the phases that are only in memory. */
  async flush(): Promise<void> {
    const kernel = this.#kernel;
    const dirty = (): Live[] =>
      [...kernel.runs].flatMap((run) => [...run.attempts.values()]).filter((live) => live.dirty);
    while (dirty().length > 0) {
      try {
        await kernel.batch.add(async (turn) => {
          for (const live of dirty()) await saveAttempt(kernel, turn, { live, attempt: live.attempt });
        });
      } catch (thrown) {
        // One of them is another node's now and has been dropped: the others are tried again.
        if (!(thrown instanceof OwnershipLost)) throw thrown;
      }
    }
  }

  /** @throws AppError `corrupt`, `notFound` when no task of this node has the attempt */
  async output(
    attemptId: string,
    offset: number,
    records: Uint8Array,
    segmentDigest: string | null,
  ): Promise<number> {
    return this.#output.take(this.#live(attemptId), { offset, records, segmentDigest });
  }

  async outputMissing(attemptId: string, offset: number, bytes: number): Promise<number> {
    return this.#output.missing(this.#live(attemptId), { from: offset, to: offset + bytes });
  }

  async events(attemptId: string, events: AttemptEventRecord[]): Promise<number> {
    const live = this.#live(attemptId);
    const kernel = this.#kernel;
    if (live.attempt.report !== null) await this.#outputKept(live);
    return kernel.batch.add(async (turn) => {
      const fresh = events.filter((event) => event.n > live.attempt.eventCount).sort((a, b) => a.n - b.n);
      const last = fresh.at(-1);
      if (last === undefined) return live.attempt.eventCount;
      if (fresh[0]?.n !== live.attempt.eventCount + 1) {
        throw new AppError(
          'conflict',
          `events of attempt ${attemptId} leave a gap after ${live.attempt.eventCount}`,
        );
      }
      const sealed = fresh.map((event) => this.#sealed(live, event));
      await turn.tx.attempts.appendEvents(live.attempt, sealed);
      await saveAttempt(kernel, turn, { live, attempt: { ...live.attempt, eventCount: last.n } });
      for (const event of fresh) await this.#heed(turn, live, event);
      if (isCourse(live.run) && live.run.course.scene !== undefined)
        addOutputs(live.run.course.scene.outputs, live.run, live.attempt, sealed);
      turn.after(() =>
        kernel.watching.tell(live.run.task.id, { kind: 'events', attemptId, events: fresh.map(masked) }),
      );
      await this.#complete(turn, live);
      return last.n;
    });
  }

  #sealed(live: Live, event: AttemptEventRecord): AttemptEventRecord {
    if (event.kind !== 'setVariable' || !event.sensitive) return event;
    return {
      ...event,
      value: this.#kernel.options.sealer.seal(event.value, contextOf(live.run.task.id, event.name)),
    };
  }

  async #heed(turn: Turn, live: Live, event: AttemptEventRecord): Promise<void> {
    if (event.kind === 'newArtifact') {
      const arriving = live.artifacts.get(event.index);
      if (arriving !== undefined) {
        // Its first bytes were faster than its event.
        arriving.name = event.name;
        return;
      }
      live.artifacts.set(event.index, { name: event.name, stored: false, length: 0 });
      turn.undo(() => live.artifacts.delete(event.index));
    } else if (event.kind === 'note') {
      const level = LOG_LEVELS.find((known) => known === event.level) ?? 'info';
      await note(this.#kernel, turn, {
        task: live.run.task,
        level,
        text: event.text,
        attemptId: live.attempt.id,
      });
    }
  }

  async outcome(attemptId: string, outcome: Outcome, report: AttemptReport): Promise<void> {
    const live = this.#kernel.runs.attempt(attemptId);
    if (live === undefined) return;
    const kernel = this.#kernel;
    await this.#outputKept(live);
    await kernel.batch.add(async (turn) => {
      const stored = this.#allStored(live, report);
      turn.until(live.stored);
      await this.#doubt(turn, live, stored === undefined ? undefined : report);
      await learn(kernel, turn, { live, facts: outcomeFacts(outcome, report, stored) });
      if (live.attempt.complete) this.#releaseAfter(turn, live);
    });
  }

  /**
   * The output that was said before is durable by then: a commit that calls the attempt complete must not outlive the
   * power loss that takes its output, for the agent would be told to forget it.
   */
  async #outputKept(live: Live): Promise<void> {
    await live.readable;
    await live.stored;
  }

  /** If the last missing piece of an ended attempt has come. */
  async #complete(turn: Turn, live: Live): Promise<void> {
    const { attempt } = live;
    if (attempt.complete || attempt.report === null || attempt.state !== 'ended') return;
    const stored = this.#allStored(live, attempt.report);
    if (stored === undefined) return;
    turn.until(live.stored);
    await this.#doubt(turn, live, attempt.report);
    await learn(this.#kernel, turn, { live, facts: [stored] });
    this.#releaseAfter(turn, live);
  }

  #releaseAfter(turn: Turn, live: Live): void {
    const { id, workerId, fence } = live.attempt;
    turn.after(() => this.#kernel.sessions.get(workerId)?.release(id, fence));
  }

  #allStored(live: Live, report: AttemptReport): Extract<AttemptFact, { kind: 'stored' }> | undefined {
    const artifactCount = [...live.artifacts.values()].filter((artifact) => artifact.stored).length;
    const { eventCount } = live.attempt;
    const outputLength = live.appendedTo;
    if (!isAllStored(report, { outputLength, eventCount, artifactCount })) return undefined;
    return { kind: 'stored', outputLength, eventCount };
  }

  /** All is stored; if it is not what the agent's digest says, the task says so. */
  async #doubt(turn: Turn, live: Live, report: AttemptReport | undefined): Promise<void> {
    const wrong = report === undefined ? undefined : this.#wrongDigest(live, report);
    if (wrong === undefined) return;
    const text = `The stored output is not what its agent's digest says (${wrong})`;
    await note(this.#kernel, turn, { task: live.run.task, level: 'error', text, attemptId: live.attempt.id });
  }

  /** Compares the list of segment digests; the last segment, closed by the end of the attempt, is closed here if need be. */
  #wrongDigest(live: Live, report: AttemptReport): string | undefined {
    if (report.segmentDigests.length === 0) return undefined;
    const known = [...live.verified];
    if (live.verifiedTo < report.outputLength && live.digest !== undefined) known.push(live.digest.hex());
    // With a gap, or hashed in another life: what can't be recomputed was verified segment by segment.
    if (known.length !== report.segmentDigests.length) return undefined;
    const at = known.findIndex((digest, i) => digest !== report.segmentDigests[i]);
    if (at >= 0) return `segment ${at}`;
    return this.#kernel.options.digests.ofList(known) === report.digest ? undefined : 'list';
  }

  async artifact(attemptId: string, chunk: ArtifactChunk): Promise<{ offset: number; complete: boolean }> {
    const live = this.#live(attemptId);
    const { logs } = this.#kernel.options;
    const known = live.artifacts.get(chunk.index) ?? {
      name: `artifact-${chunk.index}`,
      stored: false,
      length: 0,
    };
    if (known.stored) return { offset: known.length, complete: true };
    live.artifacts.set(chunk.index, known);
    const id = artifactId(attemptId, chunk.index);
    if (chunk.error === '') {
      known.length =
        chunk.content.length > 0 ? await logs.putArtifact(id, chunk.offset, chunk.content) : known.length;
      if (!chunk.last) return { offset: known.length, complete: false };
      known.length = await logs.finishArtifact(id, chunk.digest);
    }
    await this.#putArtifact(live, chunk, known);
    return { offset: known.length, complete: true };
  }

  async #putArtifact(
    live: Live,
    chunk: ArtifactChunk,
    known: { name: string; length: number },
  ): Promise<void> {
    const kernel = this.#kernel;
    const { attempt } = live;
    if (attempt.report !== null) await this.#outputKept(live);
    await kernel.batch.add(async (turn) => {
      await turn.tx.attempts.putArtifact({
        spaceId: attempt.spaceId,
        id: artifactId(attempt.id, chunk.index),
        taskId: attempt.taskId,
        attemptId: attempt.id,
        index: chunk.index,
        name: known.name,
        length: known.length,
        digest: chunk.digest,
        error: chunk.error,
        createdAt: kernel.options.clock.now(),
      });
      live.artifacts.set(chunk.index, { ...known, stored: true });
      turn.undo(() => live.artifacts.set(chunk.index, { ...known, stored: false }));
      const text =
        chunk.error === ''
          ? `Artifact "${known.name}" stored (${known.length} bytes)`
          : `Artifact "${known.name}" could not be collected: ${chunk.error}`;
      await note(kernel, turn, {
        task: live.run.task,
        level: chunk.error === '' ? 'info' : 'warning',
        text,
        attemptId: attempt.id,
      });
      await this.#complete(turn, live);
    });
  }

  async warning(attemptId: string, text: string): Promise<void> {
    const live = this.#kernel.runs.attempt(attemptId);
    if (live === undefined) return;
    await this.#kernel.batch.add((turn) =>
      note(this.#kernel, turn, { task: live.run.task, level: 'warning', text, attemptId }),
    );
  }

  #live(attemptId: string): Live {
    const live = this.#kernel.runs.attempt(attemptId);
    if (live === undefined)
      throw new AppError('notFound', `attempt ${attemptId} is not under way on this node`);
    return live;
  }
}

const LOG_LEVELS = ['verbose', 'info', 'highlight', 'wait', 'warning', 'error'] as const;

/** One id for one artifact, however often it is sent. */
function artifactId(attemptId: string, index: number): string {
  return `${attemptId}-${index}`;
}
