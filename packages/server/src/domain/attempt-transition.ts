/**
 * What a fact makes of an attempt; the drawing is in `attempt.ts`.
 *
 * Always true: a final attempt (`ended`, `denied`) never changes its outcome,
 * with one exception: what was given up as `lost` stays so, but has a report
 * once its agent has told its end, and is complete once its output is stored,
 * or nothing of it is left. A fact that comes late or twice changes nothing:
 * the very same object comes back.
 */
import type { Attempt, AttemptReport, AttemptState } from './attempt.ts';
import type { Incarnation } from './incarnation.ts';
import type { Outcome } from './outcome.ts';

export type AttemptFact =
  /** About to be sent to an agent of this incarnation: to be committed before the frame is. */
  | { kind: 'sending'; incarnation: Incarnation }
  | { kind: 'phase'; phase: 'accepted' | 'waiting' | 'running' | 'ended' }
  /** The agent's positive word that it did not, and will not, start. */
  | { kind: 'denied'; outcome: Outcome }
  | { kind: 'outcome'; outcome: Outcome; report: AttemptReport | null }
  /** Everything that the report names is stored. */
  | { kind: 'stored'; outputLength: number; eventCount: number };

const ORDER: Readonly<Record<AttemptState, number>> = {
  planned: 0,
  sending: 1,
  accepted: 2,
  waiting: 3,
  running: 4,
  ended: 5,
  denied: 5,
};

export function isFinal(attempt: Attempt): boolean {
  return attempt.state === 'ended' || attempt.state === 'denied';
}

/** From here on it may have started, and only a denial lets the action move on. */
export function mayHaveStarted(attempt: Attempt): boolean {
  return attempt.state !== 'planned' && attempt.state !== 'denied';
}

/** Nothing can be under way for it any more, as far as its lease is concerned. */
export function isSettled(attempt: Attempt): boolean {
  return attempt.state === 'planned' || isFinal(attempt);
}

/** Nobody waits for it any more, whatever it does on its machine: only an agent that comes back can tell. */
export function isGivenUp(attempt: Attempt): boolean {
  return attempt.outcome?.kind === 'lost';
}

/** Given up, and what it started may still run. */
export function mayStillRun(attempt: Attempt): boolean {
  return isGivenUp(attempt) && attempt.report === null && !attempt.complete;
}

/** An outcome of the agent that says: it did not start here. */
export function isDenial(outcome: Outcome): boolean {
  return outcome.kind === 'refused' && outcome.reason !== 'invalid';
}

export function transition(attempt: Attempt, fact: AttemptFact, now: number): Attempt {
  if (fact.kind === 'stored') {
    if (attempt.complete) return attempt;
    return { ...attempt, complete: true, outputLength: fact.outputLength, eventCount: fact.eventCount };
  }
  if (isFinal(attempt)) return attempt;
  switch (fact.kind) {
    case 'sending':
      return attempt.state === 'planned'
        ? { ...attempt, state: 'sending', incarnation: fact.incarnation }
        : attempt;
    case 'phase':
      return phase(attempt, fact.phase, now);
    case 'denied':
      return { ...attempt, state: 'denied', outcome: fact.outcome, complete: true, endedAt: now };
    case 'outcome':
      return { ...attempt, state: 'ended', outcome: fact.outcome, report: fact.report, endedAt: now };
  }
}

/** Phases only go on. `ended` says nothing without its outcome, which follows. */
function phase(attempt: Attempt, next: 'accepted' | 'waiting' | 'running' | 'ended', now: number): Attempt {
  const state = next === 'ended' ? 'running' : next;
  if (attempt.state === 'planned' || ORDER[state] <= ORDER[attempt.state]) return attempt;
  return {
    ...attempt,
    state,
    startedAt: state === 'running' ? (attempt.startedAt ?? now) : attempt.startedAt,
  };
}

/** What is stored of an attempt. */
export interface Stored {
  outputLength: number;
  eventCount: number;
  /** Artifacts whose last chunk is stored, or whose failure is. */
  artifactCount: number;
}

/** Whether all that the agent reported is stored, so that it may forget the attempt. */
export function isAllStored(report: AttemptReport, stored: Stored): boolean {
  return (
    stored.outputLength >= report.outputLength &&
    stored.eventCount >= report.eventCount &&
    stored.artifactCount >= report.artifactCount
  );
}
