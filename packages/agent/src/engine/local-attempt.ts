/**
 * One attempt as the link knows it: what its workspace says, how far it has
 * come, and who is told. Its phases are drawn in `domain/phase.ts`.
 */
import type { Outcome } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import type { AttemptSummary } from '@longshore/protocol/gen/longshore/link/v1/link';

import { workspacePaths, type WorkspacePaths, type WorkspaceState } from '../contract/workspace.ts';
import { compareFences, type Fence } from '../domain/fence.ts';
import { laterPhase, type Phase } from '../domain/phase.ts';
import { EventsReader } from './events-reader.ts';
import { phaseToWire } from './names.ts';
import { readOutcome } from './outcome-file.ts';
import { SpoolReader } from './spool-reader.ts';
import { writeState } from './workspace-files.ts';

/** The session that an attempt's output goes to. */
export interface Follower {
  /** More of it can be sent. */
  grown(attempt: LocalAttempt): void;
  /** The server hears of what can't be written down. */
  warn(attempt: LocalAttempt, text: string): void;
  /** Another session takes it, or it goes. */
  drop(attempt: LocalAttempt): void;
}

export class LocalAttempt {
  readonly paths: WorkspacePaths;
  readonly state: WorkspaceState;
  readonly spool: SpoolReader;
  readonly events: EventsReader;
  phase: Phase = 'accepted';
  outputLength = 0;
  eventCount = 0;
  /** Present: it has ended. */
  outcome: Outcome | undefined;
  /** No server knows it (wall clock, milliseconds since the epoch when that was said). */
  unknownSince: number | undefined;
  /** What it waits for, where its notes can't say so. */
  stuck = '';
  /** Its end without an outcome is being written down. */
  closing = false;
  #follower: Follower | undefined;
  #taken = false;
  #whenTaken: (() => void) | undefined;
  #ackUnsaved = false;

  constructor(dataDir: string, state: WorkspaceState) {
    this.state = state;
    this.paths = workspacePaths(dataDir, state.attemptId);
    this.spool = new SpoolReader(this.paths.spool);
    this.events = new EventsReader(this.paths.events);
  }

  get id(): string {
    return this.state.attemptId;
  }

  get ended(): boolean {
    return this.outcome !== undefined;
  }

  get follower(): Follower | undefined {
    return this.#follower;
  }

  /** A script host has it, or has had it: only then is its Start answered. The last one asked for counts. */
  whenTaken(answer: () => void): void {
    if (this.#taken) answer();
    else this.#whenTaken = answer;
  }

  taken(): void {
    this.#taken = true;
    this.#whenTaken?.();
    this.#whenTaken = undefined;
  }

  /** From now on its output goes there, and nowhere else. */
  follow(follower: Follower): void {
    if (this.#follower !== undefined && this.#follower !== follower) this.#follower.drop(this);
    this.#follower = follower;
    this.unknownSince = undefined;
  }

  unfollow(follower: Follower): void {
    if (this.#follower === follower) this.#follower = undefined;
  }

  /** What the host says; later words count, whatever order they come in. */
  reached({
    phase,
    outputLength,
    eventCount,
  }: {
    phase: Phase;
    outputLength: number;
    eventCount: number;
  }): void {
    this.phase = laterPhase(this.phase, phase === 'ended' ? 'running' : phase);
    this.outputLength = Math.max(this.outputLength, outputLength);
    this.eventCount = Math.max(this.eventCount, eventCount);
  }

  /** Takes the outcome over when it stands on disk. @returns whether it has ended */
  readOutcome(): boolean {
    if (this.outcome === undefined) {
      const outcome = readOutcome(this.paths.outcome);
      if (outcome !== undefined) this.end(outcome);
    }
    return this.ended;
  }

  end(outcome: Outcome): void {
    this.outcome = outcome;
    this.phase = 'ended';
    this.outputLength = outcome.outputLength;
    this.eventCount = outcome.eventCount;
  }

  /** @returns whether it rose; it is on disk before the command is obeyed */
  raiseFence(fence: Fence): boolean {
    if (compareFences(fence, this.state.fence) <= 0) return false;
    const before = this.state.fence;
    this.state.fence = { generation: fence.generation, n: fence.n };
    try {
      this.save();
    } catch (thrown) {
      // What is not on disk must not seem to be.
      this.state.fence = before;
      throw thrown;
    }
    return true;
  }

  acknowledged(offset: number, event: number): void {
    if (offset <= this.state.ackedOffset && event <= this.state.ackedEvent) return;
    this.state.ackedOffset = Math.max(this.state.ackedOffset, offset);
    this.state.ackedEvent = Math.max(this.state.ackedEvent, event);
    this.#ackUnsaved = true;
  }

  save(): void {
    writeState(this.paths, this.state);
    this.#ackUnsaved = false;
  }

  /** Remembered now, and written down with the next acknowledged offset: for what the server says again if it is lost. */
  saveLater(): void {
    this.#ackUnsaved = true;
  }

  /** Acknowledged offsets are written down now and then: losing them costs sending again, no more. */
  saveAck(): void {
    if (this.#ackUnsaved) this.save();
  }

  summary(): AttemptSummary {
    return {
      attemptId: this.id,
      fence: this.state.fence,
      phase: phaseToWire(this.phase),
      outputLength: this.outputLength,
      eventCount: this.eventCount,
      outcome: this.outcome,
    };
  }
}
