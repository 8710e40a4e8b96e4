/**
 * Everything that one session sends of the attempts it follows: by turns, and
 * within the byte credit of each attempt and of the session.
 *
 * Always true: nothing is read from disk before there is credit and room for
 * it; a feed that has nothing to send is not looked at until it grows or is
 * acknowledged; a large amount goes by the data lane, or at a limited rate.
 */
import { AppError, type Clock } from '@longshore/base';
import type { AgentDataFrame, AgentFrame, ArtifactAck } from '@longshore/protocol/gen/longshore/link/v1/link';

import {
  ANSWERS_WAITING,
  CONTROL_BURST_BYTES,
  CONTROL_BYTES_PER_SECOND,
  DATA_THRESHOLD_BYTES,
  OUTPUT_CHUNK_BYTES,
  PHASE_HOLD_MS,
} from '../limits.ts';
import type { DataLane } from './data-lane.ts';
import { Feed, type FeedStart } from './feed.ts';
import type { Follower, LocalAttempt } from './local-attempt.ts';

export interface SenderOptions {
  clock: Clock;
  windows: { attemptBytes: number; sessionBytes: number };
  /** Control has something to send. */
  wake: () => void;
  /** Sends what needs no credit. */
  say: (frame: AgentFrame) => void;
}

export class Sender implements Follower {
  readonly #options: SenderOptions;
  readonly #feeds = new Map<string, Feed>();
  /** Feeds that may have something for control, by turns; likewise for the data lane. */
  readonly #control = new Set<Feed>();
  readonly #data = new Set<Feed>();
  #lane: DataLane | undefined;
  #inFlight = 0;
  #tokens = CONTROL_BURST_BYTES;
  #tokensAt: number;
  #stopRefill: (() => void) | undefined;
  #wakeAsked = false;
  /** Answers that are made when there is room for them. */
  readonly #asked: (() => AgentFrame)[] = [];

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#tokensAt = options.clock.monotonic();
  }

  useLane(lane: DataLane): void {
    this.#lane = lane;
  }

  has(attempt: LocalAttempt): boolean {
    return this.#feeds.has(attempt.id);
  }

  /** This session gets the attempt from now on, from there on. */
  add(attempt: LocalAttempt, from: FeedStart): void {
    const feed = this.#feeds.get(attempt.id);
    if (feed === undefined) this.#feeds.set(attempt.id, new Feed(attempt, from));
    else this.#counted(feed, () => feed.resume(from));
    attempt.follow(this);
    this.grown(attempt);
  }

  grown(attempt: LocalAttempt): void {
    const feed = this.#feeds.get(attempt.id);
    if (feed === undefined) return;
    if (feed.phaseWaits && !feed.phaseDue) this.#holdPhase(feed);
    this.#ready(feed);
  }

  warn(attempt: LocalAttempt, text: string): void {
    this.#options.say({ kind: { $case: 'attemptWarning', value: { attemptId: attempt.id, text } } });
  }

  drop(attempt: LocalAttempt): void {
    const feed = this.#feeds.get(attempt.id);
    if (feed === undefined) return;
    this.#inFlight -= feed.inFlight;
    feed.close();
    this.#feeds.delete(attempt.id);
    this.#control.delete(feed);
    this.#data.delete(feed);
  }

  acknowledged(attempt: LocalAttempt, offset: number, event: number): void {
    const feed = this.#feeds.get(attempt.id);
    if (feed === undefined) return;
    const fresh = this.#counted(feed, () => feed.acknowledged(offset, event));
    this.#progressed(feed, fresh);
  }

  artifactAcknowledged(attempt: LocalAttempt, ack: ArtifactAck): void {
    const feed = this.#feeds.get(attempt.id);
    if (feed === undefined) return;
    const fresh = this.#counted(feed, () => feed.artifactAcknowledged(ack));
    this.#progressed(feed, fresh);
  }

  /**
   * An answer that carries bulk, made when the stream has room for it: a server that asks and does not read makes this
   * process hold nothing.
   *
   * @throws AppError `tooMany`
   */
  answer(make: () => AgentFrame): void {
    if (this.#asked.push(make) > ANSWERS_WAITING)
      throw new AppError('tooMany', `the server wants more than ${ANSWERS_WAITING} things at once`);
    this.#wakeSoon();
  }

  /** Whether bytes are under way on the data lane. */
  get dataUnderWay(): boolean {
    for (const feed of this.#feeds.values()) if (feed.lane === 'data' && feed.inFlight > 0) return true;
    return false;
  }

  /** The data connection is there: feeds with much to send move to it as soon as control has none of their bytes under way. */
  dataOpened(): void {
    for (const feed of this.#feeds.values()) this.#ready(feed);
  }

  /** It is not there (any more): what went by it unacknowledged is sent again. */
  dataLost(): void {
    for (const feed of this.#feeds.values()) {
      if (feed.lane === 'data') {
        this.#counted(feed, () => feed.rewind());
        feed.lane = 'control';
        this.#data.delete(feed);
      }
      this.#ready(feed);
    }
  }

  close(): void {
    this.#stopRefill?.();
    this.#asked.length = 0;
    for (const { attempt } of [...this.#feeds.values()]) {
      this.drop(attempt);
      attempt.unfollow(this);
    }
  }

  /** The control stream's bulk. */
  nextControl(): AgentFrame | undefined {
    const asked = this.#asked.shift();
    if (asked !== undefined) return asked();
    for (const feed of this.#control) {
      // By turns: the next frame is another's.
      this.#control.delete(feed);
      const frame = this.#counted(feed, () => this.#controlFrame(feed));
      if (frame === undefined) continue;
      this.#control.add(feed);
      return frame;
    }
    return undefined;
  }

  nextData(): AgentDataFrame | undefined {
    for (const feed of this.#data) {
      this.#data.delete(feed);
      const frame = this.#counted(feed, () => this.#dataFrame(feed));
      if (frame === undefined) continue;
      this.#data.add(feed);
      return frame;
    }
    return undefined;
  }

  #controlFrame(feed: Feed): AgentFrame | undefined {
    const small = feed.nextSmall() ?? (feed.lane === 'control' ? undefined : feed.nextOutcome());
    if (small !== undefined || feed.lane === 'data') return small;
    const limit = this.#controlLimit(feed);
    if (limit > 0) {
      const value = feed.nextOutput(limit);
      if (value !== undefined) return this.#spend(value.records.length, { kind: { $case: 'output', value } });
      const outcome = feed.nextOutcome();
      if (outcome !== undefined) return outcome;
      const chunk = feed.nextArtifact(limit);
      if (chunk !== undefined)
        return this.#spend(chunk.content.length, { kind: { $case: 'artifactChunk', value: chunk } });
      return undefined;
    }
    return feed.waiting > 0 ? undefined : feed.nextOutcome();
  }

  /** Bytes that may go by control now. Much of it asks for the data lane, and moves there when that is open. */
  #controlLimit(feed: Feed): number {
    const credit = this.#credit(feed);
    const much = feed.waiting > DATA_THRESHOLD_BYTES || feed.artifactsWait;
    if (!much || this.#lane === undefined) return credit;
    if (!this.#lane.open) {
      this.#lane.want();
      return Math.min(credit, this.#allowed());
    }
    if (feed.inFlight > 0) return 0;
    feed.lane = 'data';
    this.#data.add(feed);
    // Not now: we are in the middle of counting this feed.
    queueMicrotask(() => this.#lane?.pump());
    return 0;
  }

  #dataFrame(feed: Feed): AgentDataFrame | undefined {
    const limit = this.#credit(feed);
    if (limit <= 0) return undefined;
    const value = feed.nextOutput(limit);
    if (value !== undefined) return { kind: { $case: 'output', value } };
    const chunk = feed.nextArtifact(limit);
    return chunk === undefined ? undefined : { kind: { $case: 'artifactChunk', value: chunk } };
  }

  #credit(feed: Feed): number {
    const { attemptBytes, sessionBytes } = this.#options.windows;
    return Math.min(OUTPUT_CHUNK_BYTES, attemptBytes - feed.inFlight, sessionBytes - this.#inFlight);
  }

  /** Tokens of the limited rate; when there are none, control is woken as soon as there are. */
  #allowed(): number {
    const { clock, wake } = this.#options;
    const now = clock.monotonic();
    this.#tokens = Math.min(
      CONTROL_BURST_BYTES,
      this.#tokens + ((now - this.#tokensAt) * CONTROL_BYTES_PER_SECOND) / 1000,
    );
    this.#tokensAt = now;
    // Not a few bytes at a time: a frame costs too.
    if (this.#tokens >= CONTROL_BURST_BYTES / 2) return Math.floor(this.#tokens);
    this.#stopRefill ??= clock.after(
      ((DATA_THRESHOLD_BYTES - this.#tokens) * 1000) / CONTROL_BYTES_PER_SECOND,
      () => {
        this.#stopRefill = undefined;
        for (const feed of this.#feeds.values()) if (feed.lane === 'control') this.#control.add(feed);
        wake();
      },
    );
    return 0;
  }

  #spend(bytes: number, frame: AgentFrame): AgentFrame {
    if (this.#lane?.open !== true) this.#tokens = Math.max(-CONTROL_BURST_BYTES, this.#tokens - bytes);
    return frame;
  }

  #progressed(feed: Feed, fresh: number): void {
    if (feed.lane === 'data') {
      if (fresh > 0) this.#lane?.progressed();
      if (feed.inFlight === 0 && feed.waiting <= DATA_THRESHOLD_BYTES && !feed.artifactsWait) {
        feed.lane = 'control';
        this.#data.delete(feed);
      }
    }
    this.#ready(feed);
    // Credit of the session may be what others waited for.
    if (fresh > 0 && this.#inFlight + fresh > this.#options.windows.sessionBytes / 2)
      for (const other of this.#feeds.values()) this.#ready(other);
  }

  #ready(feed: Feed): void {
    this.#control.add(feed);
    if (feed.lane === 'data') {
      this.#data.add(feed);
      this.#lane?.pump();
    }
    this.#wakeSoon();
  }

  #wakeSoon(): void {
    if (this.#wakeAsked) return;
    // What grows in one turn is sent together.
    this.#wakeAsked = true;
    queueMicrotask(() => {
      this.#wakeAsked = false;
      this.#options.wake();
    });
  }

  #holdPhase(feed: Feed): void {
    feed.stopPhaseTimer ??= this.#options.clock.after(PHASE_HOLD_MS, () => {
      feed.stopPhaseTimer = undefined;
      feed.phaseDue = feed.phaseWaits;
      this.#ready(feed);
    });
  }

  /** Keeps the sum of bytes in flight right, whatever `change` does to the feed. */
  #counted<T>(feed: Feed, change: () => T): T {
    const before = feed.inFlight;
    const result = change();
    this.#inFlight += feed.inFlight - before;
    return result;
  }
}
