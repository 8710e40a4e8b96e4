import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { RunCondition } from '../model/process.ts';
import { hasEnded, stepKey, type Activity, type ActivityState } from './activity.ts';
import { conditionHolds, nextMoves, type Course, type Evaluate, type Move } from './course.ts';
import type { Plan, PlannedAction, PlannedStep } from './plan.ts';

const SCRIPT = {
  kind: 'script',
  runsOn: 'worker',
  script: { interpreter: 'bash', body: '', arguments: [], environment: {} },
  pool: { kind: 'default' },
  leaseMode: 'shared',
  tools: [],
  cleanUp: null,
  terminal: false,
  runAs: '',
} as const;

function action(name: string, change: Partial<PlannedAction> = {}): PlannedAction {
  return {
    name,
    does: SCRIPT as unknown as PlannedAction['does'],
    poolId: null,
    required: false,
    condition: { kind: 'success' },
    retries: { times: 0, waitMs: 0, factor: 1 },
    timeoutMs: 0,
    ...change,
  };
}

function step(name: string, change: Partial<PlannedStep> = {}): PlannedStep {
  return {
    name,
    start: 'afterPrevious',
    condition: { kind: 'success' },
    roles: [],
    width: 10,
    targets: null,
    actions: [action(name)],
    left: [],
    skipped: '',
    ...change,
  };
}

const TARGETS = ['a', 'b', 'c', 'd'].map((id) => ({
  id,
  name: `web-${id}`,
  roles: ['web'],
  machineId: id,
  poolId: null,
}));

function planOf(...steps: PlannedStep[]): Plan {
  return { targets: TARGETS, steps, defaultPoolId: 'p', pinned: {} };
}

const TRUTHY: Evaluate = (expression) => ({ truthy: expression === 'yes' });

/** Plays a run: what each unit comes to is given by its key, and all else goes well. */
class Play {
  readonly activities = new Map<string, Activity>();
  readonly excluded = new Set<string>();
  readonly started: string[] = [];
  ending = false;
  end: Extract<Move, { kind: 'finish' }> | undefined;
  readonly #plan: Plan;

  constructor(...steps: PlannedStep[]) {
    this.#plan = planOf(...steps);
  }

  set(key: string, state: ActivityState, message = ''): void {
    this.activities.set(key, {
      ...{ key, name: key, state, message, tries: 1, nextTryAt: null, waitsFor: null },
      ...{ startedAt: 0, endedAt: null },
    });
    if (state === 'excluded') this.excluded.add(key.split('@')[1] ?? '');
  }

  /** Makes all moves that can be made. */
  go(): this {
    for (;;) {
      const { activities, excluded, ending } = this;
      const course: Course = { plan: this.#plan, activities, excluded, ending };
      const moves = nextMoves(course, TRUTHY);
      if (moves.length === 0) return this;
      for (const move of moves) {
        if (move.kind === 'finish') {
          this.end = move;
          return this;
        }
        this.#make(move);
      }
    }
  }

  #make(move: Exclude<Move, { kind: 'finish' }>): void {
    if (move.kind === 'beginStep') this.set(stepKey(move.step), 'running');
    if (move.kind === 'skipStep') this.set(stepKey(move.step), 'skipped', move.why);
    if (move.kind === 'endStep') this.set(stepKey(move.step), move.state, move.message);
    if (move.kind === 'skipUnit') this.set(move.unit.key, 'skipped', move.why);
    if (move.kind === 'failUnit') this.set(move.unit.key, 'failed', move.why);
    if (move.kind === 'startUnit') {
      expect(this.activities.has(move.unit.key)).toBe(false);
      this.set(move.unit.key, 'running');
      this.started.push(move.unit.key);
    }
  }

  ended(key: string, state: ActivityState = 'success', message = ''): this {
    expect(this.activities.get(key)?.state).toBe('running');
    this.set(key, state, message);
    return this.go();
  }

  states(): Record<string, ActivityState> {
    return Object.fromEntries([...this.activities].map(([key, { state }]) => [key, state]));
  }
}

describe('conditions × what came before', () => {
  test.each<[RunCondition, boolean, boolean]>([
    [{ kind: 'success' }, false, true],
    [{ kind: 'success' }, true, false],
    [{ kind: 'failure' }, false, false],
    [{ kind: 'failure' }, true, true],
    [{ kind: 'always' }, false, true],
    [{ kind: 'always' }, true, true],
    [{ kind: 'variable', expression: 'yes' }, false, true],
    [{ kind: 'variable', expression: 'yes' }, true, true],
    [{ kind: 'variable', expression: 'no' }, false, false],
    [{ kind: 'variable', expression: 'no' }, true, false],
  ])('%j, failed before: %s → %s', (condition, failed, runs) => {
    const verdict = conditionHolds(condition, failed, (text) => ({ truthy: text === 'yes' }));
    expect('holds' in verdict && verdict.holds).toBe(runs);
  });

  test('a condition that can not be evaluated fails its step', () => {
    const plan = planOf(step('a', { condition: { kind: 'variable', expression: 'x' } }));
    const course = { plan, activities: new Map(), excluded: new Set<string>(), ending: false };
    const moves = nextMoves(course, () => ({ problem: 'A → B → A' }));
    expect(moves).toEqual([
      { kind: 'beginStep', step: 0 },
      { kind: 'endStep', step: 0, state: 'failed', message: 'its run condition: A → B → A' },
    ]);
  });
});

describe('steps', () => {
  test('one after the other', () => {
    const play = new Play(step('a'), step('b')).go();
    expect(play.started).toEqual(['0.0']);
    expect(play.ended('0.0').started).toEqual(['0.0', '1.0']);
    expect(play.ended('1.0').end).toEqual({ kind: 'finish', state: 'success', message: '' });
  });

  test('beside the previous one; the next waits for all of them', () => {
    const play = new Play(step('a'), step('b', { start: 'withPrevious' }), step('c')).go();
    expect(play.started).toEqual(['0.0', '1.0']);
    expect(play.ended('1.0').started).toEqual(['0.0', '1.0']);
    expect(play.ended('0.0').started).toEqual(['0.0', '1.0', '2.0']);
  });

  test('a failure skips what needs success, and runs what is for failures', () => {
    const play = new Play(
      step('a'),
      step('b'),
      step('mend', { condition: { kind: 'failure' } }),
      step('tell', { condition: { kind: 'always' } }),
    ).go();
    play.ended('0.0', 'failed', 'exit code 1').ended('2.0').ended('3.0');
    expect(play.states()).toMatchObject({ '0': 'failed', '1': 'skipped', '2': 'success', '3': 'success' });
    expect(play.end).toEqual({ kind: 'finish', state: 'failed', message: 'step "a" failed: exit code 1' });
  });

  test('a failure beside a step does not skip it', () => {
    const play = new Play(step('a'), step('b', { start: 'withPrevious' }), step('c')).go();
    play.ended('0.0', 'failed').ended('1.0');
    expect(play.states()).toMatchObject({ '1': 'success', '2': 'skipped' });
  });

  test('a failure that people ignored is none', () => {
    const play = new Play(step('a'), step('b')).go().ended('0.0', 'ignored').ended('1.0');
    expect(play.end?.state).toBe('success');
  });

  test('what the plan leaves out is skipped with its reason', () => {
    const play = new Play(step('a', { skipped: 'disabled', actions: [] }), step('b')).go();
    expect(play.activities.get('0')).toMatchObject({ state: 'skipped', message: 'disabled' });
    expect(play.started).toEqual(['1.0']);
  });

  test('a process of skipped steps succeeds', () => {
    expect(new Play(step('a', { skipped: 'disabled', actions: [] })).go().end?.state).toBe('success');
  });
});

describe('targets', () => {
  const web = (change: Partial<PlannedStep> = {}): PlannedStep =>
    step('web', { roles: ['web'], targets: ['a', 'b', 'c', 'd'], ...change });

  test('so many at once as the step is wide', () => {
    const play = new Play(web({ width: 2 })).go();
    expect(play.started).toEqual(['0.0@a', '0.0@b']);
    expect(play.ended('0.0@b').started).toEqual(['0.0@a', '0.0@b', '0.0@c']);
    play.ended('0.0@a').ended('0.0@c').ended('0.0@d');
    expect(play.end?.state).toBe('success');
  });

  test('a rolling step: its actions are a unit on each target', () => {
    const play = new Play(web({ width: 1, actions: [action('stop'), action('start')] })).go();
    for (const key of ['0.0@a', '0.1@a', '0.0@b', '0.1@b', '0.0@c', '0.1@c', '0.0@d', '0.1@d'])
      play.ended(key);
    expect(play.started).toEqual([
      ...['0.0@a', '0.1@a', '0.0@b', '0.1@b', '0.0@c', '0.1@c', '0.0@d', '0.1@d'],
    ]);
    expect(play.end?.state).toBe('success');
  });

  test('after a failure on one no further one is begun; what is under way ends', () => {
    const play = new Play(web({ width: 2, actions: [action('stop'), action('start')] })).go();
    play.ended('0.0@a', 'failed', 'exit code 3');
    expect(play.started).toEqual(['0.0@a', '0.0@b']);
    expect(play.ended('0.0@b').started).toEqual(['0.0@a', '0.0@b', '0.1@b']);
    play.ended('0.1@b');
    expect(play.activities.get('0')).toMatchObject({ state: 'failed', message: 'web-a: exit code 3' });
  });

  test('a failure keeps further ones from being begun while actions for it are still under way there', () => {
    const mend = action('mend', { condition: { kind: 'always' } });
    const play = new Play(web({ width: 2, actions: [action('do'), mend] })).go();
    play.ended('0.0@a', 'failed', 'exit code 3').ended('0.0@b').ended('0.1@b');
    expect(play.started).toEqual(['0.0@a', '0.0@b', '0.1@a', '0.1@b']);
    play.ended('0.1@a');
    expect(play.started).toHaveLength(4);
    expect(play.activities.get('0')).toMatchObject({ state: 'failed', message: 'web-a: exit code 3' });
  });

  test('an action for failures runs on the target that failed', () => {
    const mend = action('mend', { condition: { kind: 'failure' } });
    const play = new Play(web({ targets: ['a', 'b'], actions: [action('do'), mend] })).go();
    play.ended('0.0@a', 'failed').ended('0.0@b');
    expect(play.started).toEqual(['0.0@a', '0.0@b', '0.1@a']);
    expect(play.activities.get('0.1@b')?.state).toBe('skipped');
    expect(play.ended('0.1@a').activities.get('0')?.state).toBe('failed');
  });

  test('a target that is left out is in no later step, and is no failure', () => {
    const play = new Play(web({ actions: [action('one'), action('two')] }), web()).go();
    play.ended('0.0@a', 'excluded');
    for (const id of ['b', 'c', 'd']) play.ended(`0.0@${id}`).ended(`0.1@${id}`);
    expect(play.started.filter((key) => key.startsWith('1.'))).toEqual(['1.0@b', '1.0@c', '1.0@d']);
    expect(play.states()).toMatchObject({ '0': 'success' });
  });

  test('a step whose every target was left out is skipped', () => {
    const play = new Play(web({ targets: ['a'] }), web({ targets: ['a'] })).go().ended('0.0@a', 'excluded');
    expect(play.activities.get('1')?.state).toBe('skipped');
    expect(play.end?.state).toBe('success');
  });
});

describe('a run that is to end', () => {
  test('begins nothing new, and ends with what is under way', () => {
    const play = new Play(step('a'), step('b', { condition: { kind: 'always' } })).go();
    play.ending = true;
    expect(play.go().end).toBeUndefined();
    play.ended('0.0', 'cancelled');
    expect(play.states()).toEqual({ '0': 'cancelled', '0.0': 'cancelled' });
    expect(play.end).toBeDefined();
  });
});

test('whatever becomes of its parts, a run ends, and starts each part at most once', () => {
  const states = fc.constantFrom<ActivityState>('success', 'failed', 'ignored', 'excluded', 'cancelled');
  const anyCondition = fc.constantFrom<RunCondition>(
    { kind: 'success' },
    { kind: 'failure' },
    { kind: 'always' },
    { kind: 'variable', expression: 'yes' },
    { kind: 'variable', expression: 'no' },
  );
  const anyStep = fc
    .record({
      start: fc.constantFrom<PlannedStep['start']>('afterPrevious', 'withPrevious'),
      condition: anyCondition,
      width: fc.integer({ min: 1, max: 3 }),
      targets: fc.option(fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 })),
      conditions: fc.array(anyCondition, { minLength: 1, maxLength: 3 }),
    })
    .map(({ conditions, ...change }) =>
      step('s', {
        ...change,
        actions: conditions.map((condition, i) => action(`a${i}`, i === 0 ? {} : { condition })),
      }),
    );
  fc.assert(
    fc.property(
      fc.array(anyStep, { minLength: 1, maxLength: 5 }),
      fc.array(states, { minLength: 1, maxLength: 30 }),
      fc.infiniteStream(fc.nat()),
      (steps, ends, picks) => {
        const play = new Play(...steps).go();
        for (let n = 0; play.end === undefined; n += 1) {
          expect(n).toBeLessThan(200);
          const running = [...play.activities.values()].filter(
            ({ key, state }) => key.includes('.') && state === 'running',
          );
          expect(running.length).toBeGreaterThan(0);
          const one = running[(picks.next().value as number) % running.length]!;
          const state = ends[n % ends.length]!;
          play.ended(one.key, state === 'excluded' && !one.key.includes('@') ? 'failed' : state);
        }
        expect(new Set(play.started).size).toBe(play.started.length);
        expect([...play.activities.values()].every(hasEnded)).toBe(true);
      },
    ),
  );
});
