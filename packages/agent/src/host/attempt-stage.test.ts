import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { RefusedReason } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { nextStage, type Stage, type StageEvent } from './attempt-stage.ts';

const exit: StageEvent = { on: 'exited', exit: { kind: 'exited', code: 3 } };
const cancel: StageEvent = { on: 'stop', why: { kind: 'cancelled' } };
const timeout: StageEvent = { on: 'stop', why: { kind: 'timedOut' } };
const failed: StageEvent = { on: 'failed', reason: RefusedReason.SPAWN_FAILED, detail: 'gone' };
const run = (...events: StageEvent[]): Stage => events.reduce<Stage>(nextStage, { at: 'waiting' });

describe('the stage of an attempt', () => {
  test.each<[string, StageEvent[], unknown]>([
    ['a script that ends', [{ on: 'granted' }, { on: 'started' }, exit], { kind: 'exited', code: 3 }],
    ['cancelled before its lock', [cancel], { kind: 'cancelled' }],
    [
      'cancelled while it starts',
      [{ on: 'granted' }, cancel, { on: 'started' }, exit],
      { kind: 'cancelled' },
    ],
    ['cancelled while it runs', [{ on: 'granted' }, { on: 'started' }, cancel, exit], { kind: 'cancelled' }],
    [
      'the first stop counts',
      [{ on: 'granted' }, { on: 'started' }, timeout, cancel, exit],
      { kind: 'timedOut' },
    ],
    [
      'it ended before the cancel',
      [{ on: 'granted' }, { on: 'started' }, exit, cancel],
      { kind: 'exited', code: 3 },
    ],
    [
      'no process',
      [{ on: 'granted' }, failed],
      { kind: 'refused', reason: RefusedReason.SPAWN_FAILED, detail: 'gone' },
    ],
  ])('%s', (_name, events, outcome) => {
    expect(run(...events)).toMatchObject({ at: 'ending', outcome });
  });

  test('whatever comes, an outcome never changes, and an ended attempt stays so', () => {
    const events: StageEvent[] = [
      { on: 'granted' },
      { on: 'started' },
      { on: 'stored' },
      exit,
      cancel,
      timeout,
      failed,
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 20 }), (sequence) => {
        let stage: Stage = { at: 'waiting' };
        let outcome: unknown;
        for (const event of sequence) {
          const before = stage;
          stage = nextStage(stage, event);
          if (before.at === 'ended') expect(stage).toBe(before);
          if (stage.at !== 'ending') continue;
          outcome ??= stage.outcome;
          expect(stage.outcome).toBe(outcome);
        }
      }),
    );
  });
});
