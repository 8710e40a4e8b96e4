/**
 * What a worker's health is, from what was seen.
 *
 *   unknown ──connected──▶ healthy ◀──check──▶ hasWarnings ◀──check──▶ unhealthy
 *      any of these ──no session for the grace──▶ unavailable ──connected──▶ healthy (and a check is due)
 */
import type { Outcome } from './outcome.ts';
import type { HealthState, Worker } from './worker.ts';

export interface Finding {
  state: HealthState;
  reason: string;
}

/** What a health script left behind. */
export interface CheckResult {
  /** Null: it never came to run, or was cancelled before. */
  outcome: Outcome | null;
  /** The script's own word (`fail step`), or the host's. */
  message: string;
  /** Lines on standard error, and what was said at level `warning`. */
  warnings: readonly string[];
  /** What was said at level `error`. */
  errors: readonly string[];
}

/** Lines of a script's words that a reason holds. */
const LINES_IN_REASON = 3;

/** What a check says; null: nothing, what was known before stays. */
export function judgeCheck(result: CheckResult): Finding | null {
  const { outcome, message } = result;
  if (outcome === null) return null;
  const said = [...(message === '' ? [] : [message]), ...result.errors, ...result.warnings];
  switch (outcome.kind) {
    case 'exited':
      if (outcome.code !== 0)
        return unhealthy(`The health script ended with exit code ${outcome.code}`, said);
      if (result.errors.length > 0) return unhealthy('The health script told of an error', result.errors);
      if (result.warnings.length > 0) return { state: 'hasWarnings', reason: joined(result.warnings) };
      return { state: 'healthy', reason: message === '' ? 'The health script succeeded' : message };
    case 'signalled':
      return unhealthy(`The health script was ended by ${outcome.name}`, said);
    case 'timedOut':
      return unhealthy('The health script took too long', said);
    case 'refused':
      // It takes nothing at the moment, and says so itself: its script host is being replaced, say. The next check tells.
      if (outcome.reason === 'draining' || outcome.reason === 'quarantined') return null;
      return unhealthy(`The agent refused the health script: ${outcome.detail}`, []);
    case 'lost':
      return { state: 'unavailable', reason: `Lost during a health check: ${outcome.detail}` };
    case 'interrupted':
    case 'cancelled':
      return null;
  }
}

/** A session began: null when what is known stays. */
export function whenConnected(worker: Pick<Worker, 'health'>): Finding | null {
  if (worker.health !== 'unknown' && worker.health !== 'unavailable') return null;
  return { state: 'healthy', reason: 'Connected' };
}

/** It has been without a session for `awayMs`: null when what is known stays. */
export function whenAway(worker: Pick<Worker, 'health'>, awayMs: number, graceMs: number): Finding | null {
  if (worker.health === 'unavailable' || worker.health === 'unknown' || awayMs < graceMs) return null;
  return { state: 'unavailable', reason: 'No connection with its agent' };
}

/** How long ago something was, milliseconds; null: it never was. */
export type Age = number | null;

/** Whether it is time for a check: after the interval, and at once when it is back from `unavailable`, or never had one. */
export function checkDue(
  { lastCheck, becameAvailable }: { lastCheck: Age; becameAvailable: Age },
  intervalMs: number,
): boolean {
  if (intervalMs === 0) return false;
  if (lastCheck === null || lastCheck >= intervalMs) return true;
  return becameAvailable !== null && becameAvailable < lastCheck;
}

function unhealthy(what: string, said: readonly string[]): Finding {
  return { state: 'unhealthy', reason: said.length === 0 ? what : `${what}: ${joined(said)}` };
}

function joined(lines: readonly string[]): string {
  const shown = lines.slice(0, LINES_IN_REASON).join('; ');
  return lines.length > LINES_IN_REASON ? `${shown}; …` : shown;
}
