/** Whether a Start is taken: at most once for an attempt, whatever is sent again. */
import { isStale, type Fence } from './fence.ts';

export interface StartFacts {
  /** The attempt's fence, where this agent has it already. */
  known: Fence | null;
  /** This agent has denied the attempt, or released it. */
  tombstone: boolean;
  draining: boolean;
  /** Why no attempt is taken for now; empty: nothing is in the way. */
  quarantined: string;
  /** Why no more attempts are taken; empty: there is room. */
  tooMany: string;
  freeBytes: number;
  floorBytes: number;
  /** Name of the tool that the script needs and the machine lacks; empty: it has it. */
  missingTool: string;
  /** What is wrong with the spec; empty: nothing. */
  invalid: string;
}

export type StartDecision =
  | { kind: 'start' }
  /** It has it: say so again, start nothing. */
  | { kind: 'repeat' }
  /** A command refused, not the attempt: who sends it no longer owns it. */
  | { kind: 'stale' }
  /** A positive denial: it may go to another worker, and never starts here. */
  | {
      kind: 'refuse';
      reason:
        'deniedBefore' | 'toolMissing' | 'draining' | 'diskFull' | 'invalid' | 'quarantined' | 'tooMany';
      detail: string;
    };

export function decideStart(fence: Fence, facts: StartFacts): StartDecision {
  if (facts.known !== null) return isStale(fence, facts.known) ? { kind: 'stale' } : { kind: 'repeat' };
  if (facts.tombstone) return refuse('deniedBefore', 'this agent has denied or released the attempt before');
  if (facts.invalid !== '') return refuse('invalid', facts.invalid);
  if (facts.quarantined !== '') return refuse('quarantined', facts.quarantined);
  if (facts.draining) return refuse('draining', 'the agent is draining');
  if (facts.tooMany !== '') return refuse('tooMany', facts.tooMany);
  if (facts.missingTool !== '') return refuse('toolMissing', `${facts.missingTool} is not on this machine`);
  if (facts.freeBytes < facts.floorBytes) {
    return refuse(
      'diskFull',
      `${facts.freeBytes} bytes are free for attempts; at least ${facts.floorBytes} must be`,
    );
  }
  return { kind: 'start' };
}

function refuse(reason: Extract<StartDecision, { kind: 'refuse' }>['reason'], detail: string): StartDecision {
  return { kind: 'refuse', reason, detail };
}
