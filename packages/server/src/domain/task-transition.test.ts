import { describe, expect, test } from '@jest/globals';

import type { Attempt } from './attempt.ts';
import type { Outcome } from './outcome.ts';
import { planOf } from './plan.ts';
import { canMove, conclude, isEnded, move, type Wish } from './task-transition.ts';
import { TASK_STATES, type Task, type TaskState } from './task.ts';

const task = (state: TaskState): Task =>
  ({ state, startedAt: null, endedAt: null, waitReason: 'why', message: '' }) as Task;

describe('states', () => {
  test('an ended task never changes', () => {
    for (const from of TASK_STATES.filter(isEnded)) {
      for (const to of TASK_STATES) {
        if (from === to) continue;
        expect(canMove(from, to)).toBe(false);
        expect(move(task(from), to, 1).state).toBe(from);
      }
    }
  });

  test('nothing goes back to the queue, and a cancel is not taken back', () => {
    for (const from of TASK_STATES) expect(canMove(from, 'queued')).toBe(false);
    expect(move(task('cancelling'), 'executing', 1).state).toBe('cancelling');
  });

  test('a start is dated once; an end clears the reason to wait', () => {
    const started = move(task('queued'), 'executing', 5);
    expect(started.startedAt).toBe(5);
    const ended = move(move(started, 'waiting', 6), 'success', 7);
    expect([ended.startedAt, ended.endedAt, ended.waitReason]).toEqual([5, 7, '']);
  });
});

describe('what became of it', () => {
  const of = (...outcomes: Outcome[]): { attempt: Attempt; workerName: string }[] =>
    outcomes.map((outcome, i) => ({ attempt: { outcome, report: null } as Attempt, workerName: `w${i}` }));
  const ok: Outcome = { kind: 'exited', code: 0 };
  test.each<[string, Outcome[], Wish, string]>([
    ['all well', [ok, ok], 'none', 'success'],
    ['well in spite of a cancel that came too late', [ok], 'cancel', 'success'],
    ['one failed', [ok, { kind: 'exited', code: 2 }], 'none', 'failed'],
    ['cancelled', [ok, { kind: 'cancelled' }], 'cancel', 'cancelled'],
    ['failed before the cancel', [{ kind: 'exited', code: 2 }], 'cancel', 'failed'],
    ['ended by a signal while cancelled', [{ kind: 'signalled', name: 'SIGTERM' }], 'cancel', 'cancelled'],
    ['timed out there', [{ kind: 'timedOut' }], 'none', 'timedOut'],
    ['timed out here', [{ kind: 'cancelled' }], 'timeOut', 'timedOut'],
    ['lost', [{ kind: 'lost', detail: '' }], 'timeOut', 'timedOut'],
    ['interrupted', [{ kind: 'interrupted', detail: '' }], 'none', 'failed'],
  ])('%s', (_, outcomes, wish, state) => {
    expect(conclude(of(...outcomes), wish).state).toBe(state);
  });
});

describe('the plan', () => {
  const spec = {
    script: { interpreter: 'python' },
    leaseMode: 'shared',
    tools: ['git', 'python3'],
  } as unknown as Task['spec'];
  test('one action on the pool, with the tools it needs', () => {
    const plan = planOf({ kind: 'script', spec: { ...spec, target: { kind: 'pool', poolId: 'p' } } });
    expect(plan).toEqual({
      actions: [{ name: 'script', workerId: null }],
      mode: 'shared',
      oneByOne: false,
      wants: { anyOfPool: 'p' },
      tools: ['git', 'python3'],
    });
  });

  test('one action for each worker named, each once', () => {
    const plan = planOf({
      kind: 'health',
      spec: { ...spec, target: { kind: 'workers', workerIds: ['a', 'b', 'a'] } },
    });
    expect(plan.actions).toEqual([
      { name: 'script', workerId: 'a' },
      { name: 'script-2', workerId: 'b' },
    ]);
    expect(plan.mode).toBe('maintenance');
  });
});
