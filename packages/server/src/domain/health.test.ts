import { describe, expect, test } from '@jest/globals';

import { checkDue, judgeCheck, whenAway, whenConnected, type CheckResult } from './health.ts';
import { HEALTH_STATES, type HealthState } from './worker.ts';

const passed: CheckResult = { outcome: { kind: 'exited', code: 0 }, message: '', warnings: [], errors: [] };

describe('what a check says', () => {
  const cases: [string, Partial<CheckResult>, HealthState | null, RegExp][] = [
    ['exit 0 and silence', {}, 'healthy', /succeeded/],
    ['exit 0 and a word', { message: 'all well' }, 'healthy', /^all well$/],
    ['exit 0 and a warning', { warnings: ['3 GB left'] }, 'hasWarnings', /3 GB left/],
    ['exit 0 and an error', { errors: ['no disk'], warnings: ['w'] }, 'unhealthy', /no disk/],
    ['exit 1', { outcome: { kind: 'exited', code: 1 } }, 'unhealthy', /exit code 1$/],
    [
      'exit 2, said why',
      { outcome: { kind: 'exited', code: 2 }, message: 'no coffee' },
      'unhealthy',
      /2: no coffee/,
    ],
    [
      'exit 1, standard error',
      { outcome: { kind: 'exited', code: 1 }, warnings: ['boom'] },
      'unhealthy',
      /boom/,
    ],
    ['a signal', { outcome: { kind: 'signalled', name: 'SIGKILL' } }, 'unhealthy', /SIGKILL/],
    ['a time-out', { outcome: { kind: 'timedOut' } }, 'unhealthy', /too long/],
    [
      'a refusal',
      { outcome: { kind: 'refused', reason: 'toolMissing', detail: 'no bash' } },
      'unhealthy',
      /no bash/,
    ],
    ['lost', { outcome: { kind: 'lost', detail: 'gone' } }, 'unavailable', /gone/],
    ['cancelled', { outcome: { kind: 'cancelled' } }, null, /$/],
    ['interrupted', { outcome: { kind: 'interrupted', detail: '' } }, null, /$/],
    ['never ran', { outcome: null, warnings: ['x'] }, null, /$/],
  ];
  test.each(cases)('%s', (_name, result, state, reason) => {
    const finding = judgeCheck({ ...passed, ...result });
    expect(finding?.state ?? null).toBe(state);
    expect(finding?.reason ?? '').toMatch(reason);
  });

  test('a long story is cut', () => {
    expect(judgeCheck({ ...passed, warnings: ['a', 'b', 'c', 'd'] })?.reason).toBe('a; b; c; …');
  });
});

test.each(HEALTH_STATES)('a session of a worker that is %s', (health) => {
  const fresh = health === 'unknown' || health === 'unavailable';
  expect(whenConnected({ health })?.state ?? null).toBe(fresh ? 'healthy' : null);
});

test.each(HEALTH_STATES)('no session of a worker that is %s', (health) => {
  expect(whenAway({ health }, 99, 100)).toBeNull();
  const known = health !== 'unknown' && health !== 'unavailable';
  expect(whenAway({ health }, 100, 100)?.state ?? null).toBe(known ? 'unavailable' : null);
});

test.each([
  ['never checked', null, null, 1000, true],
  ['checked a moment ago', 50, 900, 1000, false],
  ['checked long ago', 1000, null, 1000, true],
  ['back since the last check', 50, 40, 1000, true],
  ['never, by policy', null, null, 0, false],
])('a check is due: %s', (_name, lastCheck, becameAvailable, intervalMs, due) => {
  expect(checkDue({ lastCheck, becameAvailable }, intervalMs)).toBe(due);
});

test.each(['draining', 'quarantined'] as const)(
  'an agent that is %s at the moment is no less healthy',
  (reason) => {
    const outcome = {
      kind: 'refused',
      reason,
      detail: 'the script host does not answer at present',
    } as const;
    expect(judgeCheck({ outcome, message: '', warnings: [], errors: [] })).toBeNull();
  },
);
