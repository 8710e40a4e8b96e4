/**
 * The states of a task.
 *
 * queued ──▶ executing ◀──▶ waiting          (waiting: an agent can't be reached, or the action looks for its next worker)
 *   │            │  └────┬─────┘
 *   │            │       ▼
 *   │            │   cancelling              (asked to cancel, or timed out: until every attempt has its outcome)
 *   ▼            ▼       │
 * cancelled   success, failed, cancelled, timedOut
 *
 * Always true: an ended task never changes. A transition that is not drawn is
 * not made: the same object comes back.
 */
import type { Attempt } from './attempt.ts';
import { succeeded, type Outcome } from './outcome.ts';
import type { Task, TaskState } from './task.ts';

const NEXT: Readonly<Record<TaskState, readonly TaskState[]>> = {
  queued: ['executing', 'cancelled', 'failed', 'timedOut'],
  executing: ['waiting', 'cancelling', 'success', 'failed', 'cancelled', 'timedOut'],
  waiting: ['executing', 'cancelling', 'success', 'failed', 'cancelled', 'timedOut'],
  cancelling: ['cancelled', 'failed', 'timedOut', 'success'],
  success: [],
  failed: [],
  cancelled: [],
  timedOut: [],
};

export function isEnded(state: TaskState): boolean {
  return NEXT[state].length === 0;
}

export function canMove(from: TaskState, to: TaskState): boolean {
  return NEXT[from].includes(to);
}

/** Moves a task, or leaves it as it is where the move is not drawn. */
export function move(
  task: Task,
  to: TaskState,
  now: number,
  change: Partial<Pick<Task, 'message' | 'waitReason'>> = {},
): Task {
  if (task.state !== to && !canMove(task.state, to)) return task;
  const ended = isEnded(to);
  return {
    ...task,
    ...change,
    state: to,
    waitReason: ended ? '' : (change.waitReason ?? task.waitReason),
    startedAt: task.startedAt ?? (to === 'executing' ? now : null),
    endedAt: ended ? now : null,
  };
}

export type EndState = 'success' | 'failed' | 'cancelled' | 'timedOut';

/** Why the server itself wants a task to end. */
export type Wish = 'none' | 'cancel' | 'timeOut';

/** What became of a task whose every action has its outcome, from those outcomes. */
export function conclude(
  outcomes: readonly { attempt: Attempt; workerName: string }[],
  wish: Wish,
): { state: EndState; message: string } {
  const failed = outcomes.filter(({ attempt }) => attempt.outcome === null || !succeeded(attempt.outcome));
  if (failed.length === 0 && outcomes.length > 0) return { state: 'success', message: '' };
  const message = failed.map(({ attempt, workerName }) => describeEnd(attempt, workerName)).join('; ');
  if (wish === 'timeOut' || failed.some(({ attempt }) => attempt.outcome?.kind === 'timedOut'))
    return { state: 'timedOut', message };
  if (
    wish === 'cancel' &&
    failed.every(({ attempt }) => attempt.outcome === null || attempt.outcome.kind !== 'exited')
  ) {
    return { state: 'cancelled', message: message === '' ? 'cancelled' : message };
  }
  return { state: 'failed', message };
}

function describeEnd(attempt: Attempt, workerName: string): string {
  const said = attempt.report?.message ?? '';
  return `${describeOutcome(attempt.outcome)} on ${workerName}${said === '' ? '' : `: ${said}`}`;
}

export function describeOutcome(outcome: Outcome | null): string {
  switch (outcome?.kind) {
    case undefined:
      return 'no outcome';
    case 'exited':
      return `exit code ${outcome.code}`;
    case 'signalled':
      return `ended by ${outcome.name}`;
    case 'cancelled':
      return 'cancelled';
    case 'timedOut':
      return 'timed out';
    case 'refused':
      return `refused (${outcome.reason}${outcome.detail === '' ? '' : `: ${outcome.detail}`})`;
    case 'interrupted':
      return `interrupted: ${outcome.detail}`;
    case 'lost':
      return `lost: ${outcome.detail}`;
  }
}
