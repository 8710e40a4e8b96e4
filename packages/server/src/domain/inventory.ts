/**
 * What each answer of an agent's inventory means for an attempt that the
 * database says is this node's (design, section 4: start at most once).
 *
 * |                    | listed        | not listed, same incarnation | not listed, another incarnation |
 * | ------------------ | ------------- | ---------------------------- | ------------------------------- |
 * | planned            | (impossible)  | send                         | send                            |
 * | sending, wanted    | keep          | send again                   | interrupted                     |
 * | sending, unwanted  | cancel        | denied, with a tombstone     | interrupted                     |
 * | accepted … running | keep, cancel  | interrupted                  | interrupted                     |
 * | ended, incomplete  | keep          | its output is gone           | its output is gone              |
 * | given up as lost   | cancel, keep  | nothing of it is left        | nothing of it is left           |
 * | complete, denied   | release, cancel | nothing                    | nothing                         |
 */
import { isGivenUp } from './attempt-transition.ts';
import type { Attempt } from './attempt.ts';
import { sameIncarnation, type Incarnation } from './incarnation.ts';

export type ListedMeaning = 'keep' | 'cancel' | 'release';

/** @param phase of the attempt as the agent lists it */
export function listed(
  attempt: Attempt,
  wanted: boolean,
  phase: 'accepted' | 'waiting' | 'running' | 'ended',
): ListedMeaning {
  if (attempt.state === 'denied') return phase === 'ended' ? 'release' : 'cancel';
  if (isGivenUp(attempt) && phase !== 'ended') return 'cancel';
  if (attempt.state === 'ended') return attempt.complete ? 'release' : 'keep';
  return wanted || phase === 'ended' ? 'keep' : 'cancel';
}

export type UnlistedMeaning =
  | 'send'
  /** Positive denial: the agent is to keep a tombstone. */
  | 'denied'
  | 'interrupted'
  /** What it had stored and we did not get can't be had any more. */
  | 'outputGone'
  | 'nothing';

export function unlisted(attempt: Attempt, wanted: boolean, now: Incarnation): UnlistedMeaning {
  switch (attempt.state) {
    case 'planned':
      return wanted ? 'send' : 'denied';
    case 'sending':
      if (attempt.incarnation === null || !sameIncarnation(attempt.incarnation, now)) return 'interrupted';
      return wanted ? 'send' : 'denied';
    case 'accepted':
    case 'waiting':
    case 'running':
      return 'interrupted';
    case 'ended':
      return attempt.complete ? 'nothing' : 'outputGone';
    case 'denied':
      return 'nothing';
  }
}
