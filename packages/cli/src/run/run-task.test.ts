import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import type { Attempt, Outcome, Task } from '../shapes.ts';
import { exitCodeOf } from './run-task.ts';

const attempt = (outcome: Outcome | null, more: Partial<Attempt> = {}): Attempt =>
  ({ action: 'script', try: 1, outcome, ...more }) as Attempt;
const ended = (state: Task['state'], attempts: Attempt[]): number =>
  exitCodeOf({ task: { id: 't', state, message: 'why' } as Task, attempts });

describe('exitCodeOf', () => {
  let said = '';
  beforeEach(() => {
    said = '';
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true));
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test.each<[string, Task['state'], Attempt[], number]>([
    ['its own', 'success', [attempt({ kind: 'exited', code: 0 })], 0],
    ['its own', 'failed', [attempt({ kind: 'exited', code: 7 })], 7],
    [
      'of several the first that failed',
      'failed',
      [attempt({ kind: 'exited', code: 0 }), attempt({ kind: 'exited', code: 3 }, { action: 'script-2' })],
      3,
    ],
    [
      'an action that was denied first counts by its last try',
      'success',
      [
        attempt({ kind: 'exited', code: 0 }, { try: 2 }),
        attempt({ kind: 'refused', reason: 'draining', detail: '' }),
      ],
      0,
    ],
  ])('%s, and nothing to say', (_, state, attempts, code) => {
    expect([ended(state, attempts), said]).toEqual([code, '']);
  });

  test.each<[string, Task['state'], Attempt[], number]>([
    ['a signal', 'failed', [attempt({ kind: 'signalled', name: 'SIGSEGV' })], 139],
    ['refused', 'failed', [attempt({ kind: 'refused', reason: 'toolMissing', detail: 'pwsh' })], 125],
    ['interrupted', 'failed', [attempt({ kind: 'interrupted', detail: 'reboot' })], 125],
    ['never started', 'failed', [], 125],
    ['timed out, by whatever means', 'timedOut', [attempt({ kind: 'cancelled' })], 124],
    ['cancelled', 'cancelled', [attempt({ kind: 'cancelled' })], 130],
    ['cancelled in the queue', 'cancelled', [], 130],
  ])('%s is said', (_, state, attempts, code) => {
    expect([ended(state, attempts), said]).toEqual([code, `longshore: ${state}: why\n`]);
  });
});
