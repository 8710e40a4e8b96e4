/**
 * What one session has sent of one attempt, and the next frame of it:
 * phase, events, output, then the outcome, then artifacts.
 *
 * Always true: sent ≥ acknowledged; the outcome is sent only after all output
 * and all events were; artifacts only after the outcome, and when the events
 * that name them are acknowledged, for bytes may take the faster connection.
 */
import type { AgentFrame, ArtifactChunk, Output } from '@longshore/protocol/gen/longshore/link/v1/link';

import { PHASES, type Phase } from '../domain/phase.ts';
import { EVENTS_CHUNK_BYTES, EVENTS_PER_FRAME, EVENTS_WINDOW } from '../limits.ts';
import { ArtifactReader } from './artifact-reader.ts';
import type { LocalAttempt } from './local-attempt.ts';
import { phaseToWire } from './names.ts';

export interface FeedStart {
  offset: number;
  event: number;
  /** Stored bytes of each artifact, by index. */
  artifactOffsets: readonly number[];
}

interface Artifact {
  index: number;
  sent: number;
  acked: number;
  /** Its last chunk was sent; the reader is closed. */
  allSent: boolean;
  reader: ArtifactReader;
}

export class Feed {
  readonly attempt: LocalAttempt;
  /** How bytes go: by one of the two at a time, so that they arrive in order. */
  lane: 'control' | 'data' = 'control';
  /** A change of phase has waited long enough for what may follow it. */
  phaseDue = false;
  stopPhaseTimer: (() => void) | undefined;
  #sent: number;
  #acked: number;
  #sentEvent: number;
  #ackedEvent: number;
  #phaseSent: Phase = 'accepted';
  #outcomeSent = false;
  #artifact: Artifact | undefined;
  readonly #artifactOffsets: readonly number[];
  #nextArtifact = 0;

  constructor(attempt: LocalAttempt, from: FeedStart) {
    this.attempt = attempt;
    this.#sent = this.#acked = from.offset;
    this.#sentEvent = this.#ackedEvent = from.event;
    this.#artifactOffsets = from.artifactOffsets;
  }

  /** Spool and artifact bytes that were sent and are not acknowledged. */
  get inFlight(): number {
    return (
      this.#sent -
      this.#acked +
      (this.#artifact === undefined ? 0 : this.#artifact.sent - this.#artifact.acked)
    );
  }

  /** Spool bytes to be sent. */
  get waiting(): number {
    return this.attempt.outputLength - this.#sent;
  }

  get phaseWaits(): boolean {
    return !this.attempt.ended && PHASES.indexOf(this.attempt.phase) > PHASES.indexOf(this.#phaseSent);
  }

  /** Phase and events: small, always by control. */
  nextSmall(): AgentFrame | undefined {
    const { attempt } = this;
    const events = attempt.eventCount > this.#sentEvent && this.#sentEvent - this.#ackedEvent < EVENTS_WINDOW;
    // One that has ended needs no word of the phases before: its outcome says it all.
    if (this.phaseWaits && (this.phaseDue || events || this.waiting > 0)) {
      this.#phaseSent = attempt.phase;
      this.phaseDue = false;
      return {
        kind: { $case: 'phaseChanged', value: { attemptId: attempt.id, phase: phaseToWire(attempt.phase) } },
      };
    }
    if (!events) return undefined;
    const found = attempt.events.next(this.#sentEvent, {
      count: EVENTS_PER_FRAME,
      bytes: EVENTS_CHUNK_BYTES,
      known: attempt.eventCount,
    });
    const last = found.at(-1);
    if (last === undefined) return undefined;
    this.#sentEvent = last.n;
    return { kind: { $case: 'events', value: { attemptId: attempt.id, events: found } } };
  }

  /** Whole records, at least one even where `limit` is less. */
  nextOutput(limit: number): Output | undefined {
    const { attempt } = this;
    if (this.waiting <= 0) return undefined;
    const offset = this.#sent;
    const chunk = attempt.spool.read(offset, { length: attempt.outputLength, limit });
    if (chunk.kind === 'missing') {
      this.#sent += chunk.bytes;
      return {
        attemptId: attempt.id,
        offset,
        records: EMPTY,
        segmentDigest: EMPTY,
        missingBytes: chunk.bytes,
      };
    }
    this.#sent += chunk.records.length;
    return {
      attemptId: attempt.id,
      offset,
      records: chunk.records,
      segmentDigest: chunk.segmentDigest ?? EMPTY,
      missingBytes: 0,
    };
  }

  /** The outcome, once, when its time has come. */
  nextOutcome(): AgentFrame | undefined {
    const { attempt } = this;
    if (
      this.#outcomeSent ||
      attempt.outcome === undefined ||
      this.waiting > 0 ||
      attempt.eventCount > this.#sentEvent
    )
      return undefined;
    // Bytes on another connection may be overtaken: then the outcome waits until they are stored.
    if (this.lane === 'data' && this.#sent > this.#acked) return undefined;
    this.#outcomeSent = true;
    attempt.spool.close();
    return { kind: { $case: 'outcome', value: { attemptId: attempt.id, outcome: attempt.outcome } } };
  }

  /** Whether artifact bytes are still to be sent. */
  get artifactsWait(): boolean {
    const count = this.attempt.outcome?.artifactCount ?? 0;
    return (
      this.#outcomeSent &&
      this.#ackedEvent >= this.attempt.eventCount &&
      (this.#artifact === undefined ? this.#nextArtifact < count : !this.#artifact.allSent)
    );
  }

  nextArtifact(limit: number): ArtifactChunk | undefined {
    if (!this.artifactsWait) return undefined;
    this.#artifact ??= this.#openArtifact(this.#nextArtifact);
    const chunk = this.#artifact.reader.read(this.#artifact.sent, limit);
    this.#artifact.sent = chunk.offset + chunk.content.length;
    this.#artifact.allSent = chunk.last;
    if (chunk.last) this.#artifact.reader.close();
    return chunk;
  }

  /** @returns bytes that this acknowledges anew */
  acknowledged(offset: number, event: number): number {
    const fresh = Math.max(0, offset - this.#acked);
    this.#acked = Math.max(this.#acked, offset);
    this.#sent = Math.max(this.#sent, this.#acked);
    this.#ackedEvent = Math.max(this.#ackedEvent, event);
    this.#sentEvent = Math.max(this.#sentEvent, this.#ackedEvent);
    return fresh;
  }

  artifactAcknowledged({
    index,
    offset,
    complete,
  }: {
    index: number;
    offset: number;
    complete: boolean;
  }): number {
    if (this.#artifact?.index !== index) return 0;
    const fresh = Math.max(0, Math.min(offset, this.#artifact.sent) - this.#artifact.acked);
    const back = offset < this.#artifact.acked && !complete;
    this.#artifact.acked += fresh;
    if (complete) {
      this.#artifact.reader.close();
      this.#artifact = undefined;
      this.#nextArtifact = index + 1;
    } else if (back) {
      // The receiver wants bytes again: it lost them.
      this.#artifact = { ...this.#openArtifact(index), sent: offset, acked: offset };
    }
    return fresh;
  }

  /** What was sent and not acknowledged is lost: send it again. */
  rewind(): void {
    this.#sent = this.#acked;
    if (this.#artifact !== undefined)
      this.#artifact = {
        ...this.#openArtifact(this.#artifact.index),
        sent: this.#artifact.acked,
        acked: this.#artifact.acked,
      };
  }

  /**
   * The server asks in mid-session for output again, maybe from before what it acknowledged. The outcome follows that
   * output once more; artifacts go on where they were.
   */
  resume(from: Omit<FeedStart, 'artifactOffsets'>): void {
    this.#sent = this.#acked = from.offset;
    this.#sentEvent = this.#ackedEvent = from.event;
    this.#outcomeSent = false;
  }

  close(): void {
    this.stopPhaseTimer?.();
    this.#artifact?.reader.close();
    this.attempt.spool.close();
  }

  #openArtifact(index: number): Artifact {
    this.#artifact?.reader.close();
    const stored = this.#artifactOffsets[index] ?? 0;
    const reader = new ArtifactReader(this.attempt.paths.artifacts, { attemptId: this.attempt.id, index });
    return { index, sent: stored, acked: stored, allSent: false, reader };
  }
}

const EMPTY = Buffer.alloc(0);
