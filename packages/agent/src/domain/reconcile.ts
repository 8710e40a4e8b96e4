/** What the agent does about a node's verdict on one of its attempts. */
export type Verdict =
  | { kind: 'keep'; fromOffset: number; fromEvent: number; artifactOffsets: readonly number[] }
  | { kind: 'cancel' }
  | { kind: 'release' }
  | { kind: 'notMine' }
  | { kind: 'unknown' };

export interface Local {
  ended: boolean;
  /** What the server had acknowledged, as far as this agent remembers. */
  ackedOffset: number;
  ackedEvent: number;
  outputLength: number;
  eventCount: number;
}

export type Action =
  /** Send from here to the node that answered. */
  | {
      kind: 'feed';
      fromOffset: number;
      fromEvent: number;
      artifactOffsets: readonly number[];
      cancel: boolean;
    }
  | { kind: 'release' }
  | { kind: 'leave' }
  /** Nobody's: kept until it has ended and its time is over, or an operator acts. */
  | { kind: 'flag' };

export function reconcile(verdict: Verdict, local: Local): Action {
  switch (verdict.kind) {
    case 'keep':
      return {
        kind: 'feed',
        // A cursor beyond our end can't be: a spool lost its tail with its machine. What is there was stored.
        fromOffset: Math.min(verdict.fromOffset, local.outputLength),
        fromEvent: Math.min(verdict.fromEvent, local.eventCount),
        artifactOffsets: verdict.artifactOffsets,
        cancel: false,
      };
    case 'cancel':
      return {
        kind: 'feed',
        fromOffset: local.ackedOffset,
        fromEvent: local.ackedEvent,
        artifactOffsets: [],
        cancel: !local.ended,
      };
    case 'release':
      // One that runs is never thrown away: it is nobody's until it has ended.
      return local.ended ? { kind: 'release' } : { kind: 'flag' };
    case 'notMine':
      return { kind: 'leave' };
    case 'unknown':
      return { kind: 'flag' };
  }
}
