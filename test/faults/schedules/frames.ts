/** What the simulated ends say to each other: the link's frames, without what no decision rests on. */
import type { Fence } from '@longshore/server/domain/fence';
import type { Incarnation } from '@longshore/server/domain/incarnation';
import type { Outcome } from '@longshore/server/domain/outcome';

export type PhaseName = 'accepted' | 'waiting' | 'running' | 'ended';
export type AgentOutcome = Exclude<Outcome, { kind: 'lost' }>;

export interface Summary {
  attemptId: string;
  fence: Fence;
  phase: PhaseName;
  outcome: AgentOutcome | null;
}

export type ToServer =
  | { kind: 'hello'; incarnation: Incarnation }
  | { kind: 'inventory'; attempts: Summary[] }
  | { kind: 'accepted'; attemptId: string }
  | { kind: 'refused'; attemptId: string; outcome: Extract<Outcome, { kind: 'refused' }> }
  | { kind: 'phase'; attemptId: string; phase: PhaseName }
  | { kind: 'outcome'; attemptId: string; outcome: AgentOutcome }
  | { kind: 'commandRefused'; attemptId: string };

export interface Verdict {
  attemptId: string;
  kind: 'keep' | 'cancel' | 'release' | 'notMine' | 'unknown';
}

export type ToAgent =
  | { kind: 'welcome' }
  | { kind: 'verdicts'; verdicts: Verdict[] }
  | { kind: 'start'; attemptId: string; action: string; fence: Fence }
  | { kind: 'adopt' | 'cancel' | 'release'; attemptId: string; fence: Fence };
