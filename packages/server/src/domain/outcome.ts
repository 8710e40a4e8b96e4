/** How an attempt ended, as data. Only a server says `lost`; the rest is the agent's word. */
export type Outcome =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; name: string }
  | { kind: 'cancelled' }
  | { kind: 'timedOut' }
  | { kind: 'refused'; reason: RefusedReason; detail: string }
  | { kind: 'interrupted'; detail: string }
  | { kind: 'lost'; detail: string };

export type RefusedReason =
  | 'deniedBefore'
  | 'toolMissing'
  | 'draining'
  | 'diskFull'
  | 'invalid'
  | 'staleFence'
  | 'quarantined'
  | 'spawnFailed'
  | 'tooMany';

export function succeeded(outcome: Outcome): boolean {
  return outcome.kind === 'exited' && outcome.code === 0;
}
