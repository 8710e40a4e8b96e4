/** What becomes of an action whose try has ended: done, tried again, or people are asked. */
import type { Outcome } from '../outcome.ts';
import { succeeded } from '../outcome.ts';
import type { Retries } from '../model/process.ts';

export type AfterTry =
  | { kind: 'success' }
  | { kind: 'retry'; waitMs: number }
  /** Guided failure. */
  | { kind: 'ask' }
  | { kind: 'failed' }
  | { kind: 'cancelled' };

/** An action's try, as facts. */
export interface TryEnd {
  succeeded: boolean;
  cancelled: boolean;
  /** Nobody knows whether it runs still: what is tried again would run beside it. */
  uncertain: boolean;
}

export const FAILED: TryEnd = { succeeded: false, cancelled: false, uncertain: false };
export const SUCCEEDED: TryEnd = { ...FAILED, succeeded: true };

export function tryEnd(outcome: Outcome): TryEnd {
  return {
    succeeded: succeeded(outcome),
    cancelled: outcome.kind === 'cancelled',
    uncertain: outcome.kind === 'lost',
  };
}

export function afterTry(
  end: TryEnd,
  of: { tries: number; retries: Retries; guided: boolean; ending: boolean },
): AfterTry {
  if (end.succeeded) return { kind: 'success' };
  if (end.cancelled && of.ending) return { kind: 'cancelled' };
  if (of.ending) return { kind: 'failed' };
  if (!end.uncertain && of.tries <= of.retries.times)
    return { kind: 'retry', waitMs: of.retries.waitMs * of.retries.factor ** (of.tries - 1) };
  return of.guided ? { kind: 'ask' } : { kind: 'failed' };
}

/** What people may say to a failure. */
export const GUIDANCE = ['fail', 'retry', 'ignore', 'exclude'] as const;
export type Guidance = (typeof GUIDANCE)[number];

export function guidanceFor(of: { required: boolean; onTarget: boolean }): Guidance[] {
  return GUIDANCE.filter(
    (one) => (one !== 'ignore' && one !== 'exclude') || (!of.required && (one !== 'exclude' || of.onTarget)),
  );
}
