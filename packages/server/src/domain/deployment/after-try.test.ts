import { expect, test } from '@jest/globals';

import type { Outcome } from '../outcome.ts';
import { afterTry, guidanceFor, tryEnd, type AfterTry } from './after-try.ts';

const exited = (code: number): Outcome => ({ kind: 'exited', code });
const LOST: Outcome = { kind: 'lost', detail: '' };
const INTERRUPTED: Outcome = { kind: 'interrupted', detail: '' };

test.each<
  [string, Outcome, { tries?: number; times?: number; guided?: boolean; ending?: boolean }, AfterTry]
>([
  ['all well', exited(0), {}, { kind: 'success' }],
  ['failed', exited(1), {}, { kind: 'failed' }],
  ['failed, first of three more', exited(1), { times: 3 }, { kind: 'retry', waitMs: 100 }],
  ['failed, second of three more', exited(1), { tries: 2, times: 3 }, { kind: 'retry', waitMs: 200 }],
  ['failed, third of three more', exited(1), { tries: 3, times: 3 }, { kind: 'retry', waitMs: 400 }],
  ['failed for the last time', exited(1), { tries: 4, times: 3 }, { kind: 'failed' }],
  ['failed for the last time, guided', exited(1), { tries: 4, times: 3, guided: true }, { kind: 'ask' }],
  ['guided, but tries are left', exited(1), { times: 1, guided: true }, { kind: 'retry', waitMs: 100 }],
  ['timed out there', { kind: 'timedOut' }, { times: 1 }, { kind: 'retry', waitMs: 100 }],
  ['interrupted: nothing of it is left', INTERRUPTED, { times: 1 }, { kind: 'retry', waitMs: 100 }],
  ['lost: it may run still, so it is not tried beside itself', LOST, { times: 3 }, { kind: 'failed' }],
  ['lost, guided', LOST, { times: 3, guided: true }, { kind: 'ask' }],
  ['cancelled with its run', { kind: 'cancelled' }, { times: 3, ending: true }, { kind: 'cancelled' }],
  ['failed in a run that is to end', exited(1), { times: 3, guided: true, ending: true }, { kind: 'failed' }],
  ['well in a run that is to end', exited(0), { ending: true }, { kind: 'success' }],
])('%s', (_, outcome, { tries = 1, times = 0, guided = false, ending = false }, expected) => {
  const retries = { times, waitMs: 100, factor: 2 };
  expect(afterTry(tryEnd(outcome), { tries, retries, guided, ending })).toEqual(expected);
});

test.each<[boolean, boolean, string[]]>([
  [false, true, ['fail', 'retry', 'ignore', 'exclude']],
  [false, false, ['fail', 'retry', 'ignore']],
  [true, true, ['fail', 'retry']],
  [true, false, ['fail', 'retry']],
])('guidance: required %s, on a target %s', (required, onTarget, expected) => {
  expect(guidanceFor({ required, onTarget })).toEqual(expected);
});
