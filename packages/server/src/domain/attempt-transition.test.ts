import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  isAllStored,
  isDenial,
  isFinal,
  isSettled,
  mayHaveStarted,
  transition,
  type AttemptFact,
} from './attempt-transition.ts';
import type { Attempt, AttemptReport, AttemptState } from './attempt.ts';
import { listed, unlisted } from './inventory.ts';
import type { Outcome } from './outcome.ts';

const HERE = { storeId: 's', bootId: 'b', hostId: 'h' };
const ELSEWHERE = { ...HERE, bootId: 'another' };

function attempt(state: AttemptState, change: Partial<Attempt> = {}): Attempt {
  return {
    spaceId: 's',
    id: 'a',
    taskId: 't',
    action: 'script',
    workerId: 'w',
    try: 1,
    leaseId: 'l',
    fence: { generation: 0, n: 1 },
    state,
    incarnation: state === 'planned' ? null : HERE,
    outputLength: 0,
    eventCount: 0,
    verifiedLength: 0,
    segmentDigests: [],
    segmentRanges: [],
    outcome: null,
    report: null,
    complete: false,
    createdAt: 0,
    startedAt: null,
    endedAt: null,
    ...change,
  };
}

const EXITED: Outcome = { kind: 'exited', code: 0 };
const LOST: Outcome = { kind: 'lost', detail: '' };

describe('transitions', () => {
  test.each<[AttemptState, AttemptFact, AttemptState]>([
    ['planned', { kind: 'sending', incarnation: HERE }, 'sending'],
    ['planned', { kind: 'phase', phase: 'running' }, 'planned'],
    ['sending', { kind: 'phase', phase: 'accepted' }, 'accepted'],
    ['sending', { kind: 'phase', phase: 'running' }, 'running'],
    ['running', { kind: 'phase', phase: 'accepted' }, 'running'],
    ['waiting', { kind: 'phase', phase: 'ended' }, 'running'],
    ['running', { kind: 'outcome', outcome: EXITED, report: null }, 'ended'],
    ['sending', { kind: 'denied', outcome: { kind: 'cancelled' } }, 'denied'],
    ['ended', { kind: 'outcome', outcome: LOST, report: null }, 'ended'],
    ['ended', { kind: 'phase', phase: 'running' }, 'ended'],
    ['denied', { kind: 'phase', phase: 'running' }, 'denied'],
    ['sending', { kind: 'sending', incarnation: ELSEWHERE }, 'sending'],
  ])('%s with %j becomes %s', (before, fact, after) => {
    expect(transition(attempt(before), fact, 5).state).toBe(after);
  });

  const facts: AttemptFact[] = [
    { kind: 'sending', incarnation: HERE },
    { kind: 'phase', phase: 'accepted' },
    { kind: 'phase', phase: 'waiting' },
    { kind: 'phase', phase: 'running' },
    { kind: 'phase', phase: 'ended' },
    { kind: 'denied', outcome: { kind: 'cancelled' } },
    { kind: 'outcome', outcome: EXITED, report: null },
    { kind: 'outcome', outcome: LOST, report: null },
    { kind: 'stored', outputLength: 1, eventCount: 1 },
  ];
  const fact = fc.constantFrom(...facts);

  test('an outcome never changes, the incarnation stays that of the sending, and what may have started stays so until denied', () => {
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 20 }), (told) => {
        let now = attempt('planned');
        for (const next of told) {
          const after = transition(now, next, 1);
          if (isFinal(now)) expect([after.state, after.outcome]).toEqual([now.state, now.outcome]);
          if (now.incarnation !== null) expect(after.incarnation).toBe(now.incarnation);
          if (mayHaveStarted(now) && !mayHaveStarted(after)) expect(after.state).toBe('denied');
          if (isSettled(now) && now.state !== 'planned') expect(isSettled(after)).toBe(true);
          expect(transition(after, next, 1)).toEqual(after);
          now = after;
        }
      }),
    );
  });
});

describe('inventory', () => {
  test.each<[AttemptState, boolean, 'same' | 'another', string]>([
    ['planned', true, 'same', 'send'],
    ['planned', true, 'another', 'send'],
    ['planned', false, 'same', 'denied'],
    ['sending', true, 'same', 'send'],
    ['sending', false, 'same', 'denied'],
    ['sending', true, 'another', 'interrupted'],
    ['sending', false, 'another', 'interrupted'],
    ['accepted', true, 'same', 'interrupted'],
    ['waiting', true, 'same', 'interrupted'],
    ['running', true, 'same', 'interrupted'],
    ['running', true, 'another', 'interrupted'],
    ['ended', true, 'same', 'outputGone'],
    ['denied', true, 'same', 'nothing'],
  ])('%s (wanted: %s), not listed by the %s incarnation: %s', (state, wanted, incarnation, meaning) => {
    expect(unlisted(attempt(state), wanted, incarnation === 'same' ? HERE : ELSEWHERE)).toBe(meaning);
  });

  test.each<[string, Attempt, boolean, 'running' | 'ended', string]>([
    ['running and wanted', attempt('running'), true, 'running', 'keep'],
    ['running and unwanted', attempt('running'), false, 'running', 'cancel'],
    ['ended there, unwanted: its outcome counts', attempt('running'), false, 'ended', 'keep'],
    ['sent, and it has it', attempt('sending'), true, 'running', 'keep'],
    ['complete', attempt('ended', { complete: true, outcome: EXITED }), true, 'ended', 'release'],
    ['ended, not all stored', attempt('ended', { outcome: EXITED }), true, 'ended', 'keep'],
    ['given up, still running', attempt('ended', { outcome: LOST }), true, 'running', 'cancel'],
    ['given up, ended since', attempt('ended', { outcome: LOST }), true, 'ended', 'keep'],
    [
      'given up, all of it stored since',
      attempt('ended', { complete: true, outcome: LOST }),
      true,
      'ended',
      'release',
    ],
    ['denied once, and yet there', attempt('denied', { complete: true }), true, 'running', 'cancel'],
  ])('%s', (_, known, wanted, phase, meaning) => {
    expect(listed(known, wanted, phase)).toBe(meaning);
  });
});

test('denials let an action move on; a wrong script is wrong everywhere', () => {
  expect(isDenial({ kind: 'refused', reason: 'draining', detail: '' })).toBe(true);
  expect(isDenial({ kind: 'refused', reason: 'invalid', detail: '' })).toBe(false);
  expect(isDenial(EXITED)).toBe(false);
});

test('complete is: output, events and artifacts are all there', () => {
  const report = { outputLength: 10, eventCount: 2, artifactCount: 1 } as AttemptReport;
  expect(isAllStored(report, { outputLength: 10, eventCount: 2, artifactCount: 1 })).toBe(true);
  expect(isAllStored(report, { outputLength: 9, eventCount: 2, artifactCount: 1 })).toBe(false);
  expect(isAllStored(report, { outputLength: 10, eventCount: 1, artifactCount: 1 })).toBe(false);
  expect(isAllStored(report, { outputLength: 10, eventCount: 2, artifactCount: 0 })).toBe(false);
});
