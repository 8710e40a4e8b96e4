import { describe, expect, test } from '@jest/globals';

import type { Activity, Interruption, Task, TaskEvent } from '../shapes.ts';
import { RunState } from './run-state.ts';
import { runTree } from './run-tree.ts';
import { treeLines, type Room } from './tree-lines.ts';

const T0 = 1_000_000;
type Step = Extract<TaskEvent, { event: 'plan' }>['data']['steps'][number];

const task = (more: Partial<Task> = {}): Task =>
  ({
    ...{
      id: 'T',
      name: 'Deploy Web 1.0 to Test',
      state: 'executing',
      place: null,
      waitReason: '',
      message: '',
    },
    ...{ startedAt: T0, endedAt: null },
    ...more,
  }) as Task;
const step = (name: string, more: Partial<Step> = {}): Step => ({
  ...{ name, start: 'afterPrevious', roles: [], width: 1, targets: null, left: [], skipped: '' },
  actions: [{ name, kind: 'script' }],
  ...more,
});
const activity = (key: string, state: Activity['state'], more: Partial<Activity> = {}): Activity => {
  const ended = !['queued', 'running', 'retrying', 'deciding'].includes(state);
  return {
    ...{ key, name: key, state, message: '', tries: 1, nextTryAt: null, waitsFor: null },
    ...{ startedAt: state === 'queued' ? null : T0, endedAt: ended ? T0 + 3000 : null },
    ...more,
  };
};

/** A run of these, as lines. */
function lines(
  of: { steps: Step[]; targets?: string[]; activities: Activity[]; more?: TaskEvent[]; task?: Task },
  room: Partial<Room> = {},
): string[] {
  const state = new RunState(of.task ?? task());
  const targets = (of.targets ?? []).map((name) => ({ id: `id-${name}`, name, roles: ['web'] }));
  if (of.steps.length > 0) state.take({ event: 'plan', data: { steps: of.steps, targets } });
  for (const data of of.activities) state.take({ event: 'activity', data });
  for (const event of of.more ?? []) state.take(event);
  return treeLines([runTree(state)], {
    ...{ width: 200, height: Infinity, now: T0 + 65_000, colour: false },
    ...room,
  });
}

const attempt = (id: string, action: string, workerName = 'w-1'): TaskEvent =>
  ({ event: 'attempt', data: { id, action, workerName, state: 'running', outcome: null } }) as TaskEvent;

test('a run that queues says why, and at which place', () => {
  const queued = task({ state: 'queued', place: 2, waitReason: 'for task A to end', startedAt: null });
  expect(lines({ steps: [], activities: [], task: queued })).toEqual([
    '○ Deploy Web 1.0 to Test  queued, for task A to end (place 2)',
  ]);
});

describe('each state of a step', () => {
  test.each<[string, Activity | undefined, TaskEvent[]]>([
    ['· Deploy', undefined, []],
    ['○ Deploy  queued, waits for a machine', activity('0.0', 'queued'), []],
    ['▸ Deploy  running, 1m 5s, on w-1', activity('0.0', 'running'), [attempt('a', '0.0')]],
    ['▸ Deploy  running, 1m 5s, cleans up on w-1', activity('0.0', 'running'), [attempt('a', '0.0~cleanUp')]],
    [
      '↻ Deploy  failed, 1m 5s, try 2, tries again in 5s, exited with 1',
      activity('0.0', 'retrying', { tries: 2, nextTryAt: T0 + 70_000, message: 'exited with 1' }),
      [],
    ],
    [
      '? Deploy  failed, 1m 5s, exited with 1; waits for somebody to answer (fail, retry): longshore intervention answer I',
      activity('0.0', 'deciding', { message: 'exited with 1', waitsFor: { kind: 'interruption', id: 'I' } }),
      [
        {
          event: 'interruption',
          data: {
            id: 'I',
            options: ['fail', 'retry'],
            responsible: '',
            endedAt: null,
          } as unknown as Interruption,
        },
      ],
    ],
    [
      '▸ Deploy  running, 1m 5s, waits for task C',
      activity('0.0', 'running', { waitsFor: { kind: 'task', id: 'C' } }),
      [],
    ],
    [
      '? Deploy  waits, 1m 5s, for ops to answer (proceed, abort): longshore intervention answer I',
      activity('0.0', 'running', { waitsFor: { kind: 'interruption', id: 'I' } }),
      [
        {
          event: 'interruption',
          data: {
            id: 'I',
            options: ['proceed', 'abort'],
            responsible: 'ops',
            endedAt: null,
          } as unknown as Interruption,
        },
      ],
    ],
    ['✓ Deploy  done, 3s', activity('0.0', 'success'), []],
    [
      '✗ Deploy  failed, 3s, try 3, two · lines',
      activity('0.0', 'failed', { tries: 3, message: 'two\nlines' }),
      [],
    ],
    ['! Deploy  failed, ignored, 3s', activity('0.0', 'ignored'), []],
    ['- Deploy  skipped, not today', activity('0.0', 'skipped', { message: 'not today' }), []],
    ['✗ Deploy  cancelled, 3s', activity('0.0', 'cancelled'), []],
  ])('%s', (expected, unit, more) => {
    const own = unit === undefined ? [] : [activity('0', 'running'), unit];
    expect(lines({ steps: [step('Deploy')], activities: own, more })[1]?.trim()).toBe(expected);
  });
});

describe('targets and actions', () => {
  const targets = ['a', 'b', 'c', 'd', 'e', 'f'];
  const rolling = step('Roll', {
    targets: ['id-a', 'id-b'],
    actions: ['Stop', 'Start'].map((name) => ({ name, kind: 'script' })),
    left: [{ name: 'Tell', why: 'disabled' }],
  });

  test('a step of several actions on targets', () => {
    const activities = [
      activity('0', 'running'),
      activity('0.0@id-a', 'success'),
      activity('0.1@id-a', 'running'),
      activity('0.0@id-b', 'failed', { message: 'exited with 7' }),
      activity('0.1@id-b', 'skipped', { message: 'something before it failed' }),
    ];
    expect(lines({ steps: [rolling], targets, activities })).toEqual([
      '▸ Deploy Web 1.0 to Test  running, 1m 5s',
      '  ▸ Roll  running, 1m 5s',
      '    ▸ a  running, 1m 5s',
      '      ✓ Stop  done, 3s',
      '      ▸ Start  running, 1m 5s',
      '    ✗ b  failed, 3s',
      '      ✗ Stop  failed, 3s, exited with 7',
      '      - Start  skipped, something before it failed',
      '    - Tell  skipped, disabled',
    ]);
  });

  const steps = [
    step('Before', { targets: ['id-a', 'id-b'] }),
    step('Deploy', { targets: targets.map((name) => `id-${name}`) }),
    step('After'),
    step('Later'),
  ];
  const activities = [
    activity('0', 'success'),
    activity('0.0@id-a', 'success'),
    activity('0.0@id-b', 'success'),
    activity('1', 'running'),
    activity('1.0@id-a', 'success'),
    activity('1.0@id-b', 'success'),
    activity('1.0@id-c', 'running'),
    activity('1.0@id-d', 'failed', { message: 'exited with 2' }),
    activity('1.0@id-e', 'queued'),
    activity('1.0@id-f', 'queued'),
  ];
  const more = [
    attempt('x', '1.0@id-c'),
    {
      event: 'event',
      data: { kind: 'progress', attemptId: 'x', percentage: 40, message: 'copying' },
    } as TaskEvent,
  ];

  test('what is over is folded', () => {
    expect(lines({ steps, targets, activities, more })).toEqual([
      '▸ Deploy Web 1.0 to Test  running, 1m 5s',
      '  ✓ Before  done, 3s',
      '  ▸ Deploy  running, 1m 5s',
      '    ✓ a  done, 3s',
      '    ✓ b  done, 3s',
      '    ▸ c  running, 1m 5s, 40% copying, on w-1',
      '    ✗ d  failed, 3s, exited with 2',
      '    ○ e  queued, waits for a machine',
      '    ○ f  queued, waits for a machine',
      '  · After',
      '  · Later',
    ]);
    expect(lines({ steps, targets, activities, more }, { unfold: true })).toHaveLength(13);
  });

  test.each([
    [10, ['✓ 2 done', '○ 2 queued', '· After']],
    [8, ['✓ 2 done', '○ 2 queued', '· 2 to come']],
  ])('in %i lines, alike ones are counted', (height, expected) => {
    const shown = lines({ steps, targets, activities, more }, { height });
    expect(shown.length).toBeLessThanOrEqual(height);
    for (const line of expected) expect(shown.map((each) => each.trim())).toContain(line);
    expect(shown.join('\n')).toMatch(/c {2}running.*\n.*d {2}failed/);
  });

  test.each([1, 2, 3, 5, 7])('never more than %i lines', (height) => {
    const shown = lines({ steps, targets, activities, more }, { height });
    expect(shown).toHaveLength(height);
    expect(shown.at(-1)).toMatch(/^… \d+ more lines$/);
  });

  test.each([1, 10, 20, 40])('never wider than %i, wide characters and all', (width) => {
    const wide = [step('配置サーバー全部'), step('Deploy 🚀🚀🚀🚀🚀🚀')];
    for (const line of lines(
      { steps: wide, activities: [activity('0', 'running'), activity('0.0', 'failed')] },
      { width },
    )) {
      const cells = Array.from(line).reduce(
        (sum, c) => sum + (/\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Katakana}|ー/u.test(c) ? 2 : 1),
        0,
      );
      expect(cells).toBeLessThanOrEqual(width);
    }
  });
});

test('the last lines of a running script stand under it, and do no harm', () => {
  const output = (text: string): TaskEvent => ({
    event: 'output',
    data: {
      ...{ attemptId: 'a', from: 0, next: 1 },
      records: [{ stream: 'stdout', time: 0, base64: Buffer.from(text).toString('base64') }],
    },
  });
  const state = new RunState(task());
  state.take({ event: 'plan', data: { steps: [step('Deploy')], targets: [] } });
  state.take({ event: 'activity', data: activity('0', 'running') });
  state.take({ event: 'activity', data: activity('0.0', 'running') });
  state.take(attempt('a', '0.0'));
  for (const text of ['one\ntwo\nthree\n', '\u001b[2J\u001b[31mred\u001b[0m\u0007\n', '10%\r20%\r\n', 'half'])
    state.lines(output(text) as Extract<TaskEvent, { event: 'output' }>, () => '');
  const room = { width: 80, now: T0, colour: false };
  expect(treeLines([runTree(state)], { ...room, height: 10 })).toEqual([
    '▸ Deploy Web 1.0 to Test  running, 0s',
    '  ▸ Deploy  running, 0s, on w-1',
    '    │ three',
    '    │ red',
    '    │ 20%',
  ]);
  expect(treeLines([runTree(state)], { ...room, height: 3 })).toHaveLength(3);
  expect(treeLines([runTree(state)], { ...room, height: 2 })).toHaveLength(2);
});
