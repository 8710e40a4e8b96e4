/**
 * What the command ends with. `longshore run` ends as its script did; where
 * there is no exit code of the script to give, it says why on standard error
 * and uses the codes that shells, timeout(1) and env(1) use.
 */
import { constants } from 'node:os';

import type { ErrorCode } from '@longshore/base';

import type { Outcome, Task } from './shapes.ts';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  conflict: 5,
  unavailable: 6,
  /** What is followed: it was stopped at its time-out, or was not started before its expiry. */
  timedOut: 124,
  /** `run` only: the script's exit code is not known: refused, interrupted, lost, or never started. */
  noExitCode: 125,
  /** What is followed: cancelled, or left by Ctrl-C. */
  cancelled: 130,
} as const;

const OF_ERROR: Record<ErrorCode, number> = {
  invalid: EXIT.usage,
  unauthenticated: EXIT.notAllowed,
  forbidden: EXIT.notAllowed,
  notFound: EXIT.notFound,
  conflict: EXIT.conflict,
  gone: EXIT.notFound,
  tooLarge: EXIT.failed,
  tooMany: EXIT.unavailable,
  unavailable: EXIT.unavailable,
  noSpace: EXIT.unavailable,
  timedOut: EXIT.unavailable,
  cancelled: EXIT.cancelled,
  corrupt: EXIT.failed,
  bug: EXIT.failed,
};

export function exitCodeOfError(code: ErrorCode): number {
  return OF_ERROR[code];
}

/** As a shell would report it: 128 + the signal's number for a script that a signal ended. */
export function exitCodeOfOutcome(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'exited':
      return outcome.code;
    case 'signalled':
      return 128 + (signalNumber(outcome.name) ?? 0);
    case 'cancelled':
      return EXIT.cancelled;
    case 'timedOut':
      return EXIT.timedOut;
    case 'refused':
    case 'interrupted':
    case 'lost':
      return EXIT.noExitCode;
  }
}

/** Of deployments and runbook runs that have ended: of several, the worst. */
export function exitCodeOfRuns(states: readonly Task['state'][]): number {
  if (states.every((state) => state === 'success')) return EXIT.ok;
  if (states.includes('failed')) return EXIT.failed;
  return states.includes('timedOut') ? EXIT.timedOut : EXIT.cancelled;
}

function signalNumber(name: string): number | undefined {
  return Object.entries(constants.signals).find(
    ([signal]) => signal === name || signal === `SIG${name}`,
  )?.[1];
}
