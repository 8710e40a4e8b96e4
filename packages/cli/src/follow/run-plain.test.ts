import { expect, test } from '@jest/globals';

import type { Task, TaskEvent } from '../shapes.ts';
import { RunPlain } from './run-plain.ts';
import { RunState } from './run-state.ts';

const task = { id: 'T', name: 'Deploy Web', state: 'executing', waitReason: '', place: null } as Task;
const events = (prefix = ''): ((event: unknown) => string[]) => {
  const state = new RunState(task);
  const plain = new RunPlain(state, { prefix, verbose: false, quiet: false });
  return (event) => {
    state.take(event as TaskEvent);
    return plain.lines(event as TaskEvent);
  };
};
const plan = {
  event: 'plan',
  data: {
    steps: [
      { name: 'Roll', targets: ['1'], actions: [{ name: 'Stop' }, { name: 'Start' }], left: [], skipped: '' },
    ],
    targets: [{ id: '1', name: 'web-1', roles: [] }],
  },
};
const activity = (state: string, more: object = {}): object => ({
  event: 'activity',
  data: {
    ...{ key: '0.1@1', name: 'web-1', state, message: '', tries: 1, startedAt: 1000, endedAt: null },
    ...more,
  },
});
const output = (text: string, stream = 'stdout'): object => ({
  event: 'output',
  data: { attemptId: 'a', records: [{ stream, base64: Buffer.from(text).toString('base64') }] },
});

test('each line says what it is about, once', () => {
  const lines = events();
  expect(lines(plan)).toEqual([]);
  expect(lines(activity('queued'))).toEqual([]);
  expect(lines(activity('running'))).toEqual(['[Roll › Start › web-1] running']);
  // Told twice after a cut.
  expect(lines(activity('running'))).toEqual([]);
  expect(lines({ event: 'attempt', data: { id: 'a', action: '0.1@1', workerName: 'w' } })).toEqual([]);
  expect(lines(output('a\nb'))).toEqual(['[Roll › Start › web-1] a']);
  expect(lines(output('c\n'))).toEqual(['[Roll › Start › web-1] bc']);
  expect(lines(output('\u001b[31mred\u001b[0m\n', 'stderr'))).toEqual(['[Roll › Start › web-1] red']);
  expect(lines(output('no newline'))).toEqual([]);
  const secret = { kind: 'setVariable', attemptId: 'a', name: 'K', value: 'hunter2', sensitive: true };
  expect(lines({ event: 'event', data: secret })).toEqual(['[Roll › Start › web-1] variable: K = ********']);
  const entries = [{ level: 'warning', text: 'slow', activity: '0.1@1', attemptId: '' }];
  expect(lines({ event: 'log', data: { entries } })).toEqual(['[Roll › Start › web-1] warning: slow']);
  expect(lines(activity('failed', { message: 'exited with 1', endedAt: 3000 }))).toEqual([
    '[Roll › Start › web-1] failed after 2s: exited with 1',
  ]);
  const ended = { ...task, state: 'failed', message: 'a step failed', startedAt: 1000, endedAt: 4000 };
  expect(lines({ event: 'end', data: { task: ended, attempts: [] } })).toEqual([
    '[Roll › Start › web-1] no newline',
    'Deploy Web failed after 3s: a step failed',
  ]);
});

test('of several runs each line says which', () => {
  const lines = events('Deploy Web');
  lines(plan);
  expect(lines(activity('running'))).toEqual(['[Deploy Web › Roll › Start › web-1] running']);
});

test('what it waits for is said when it changes; an open question with its instructions', () => {
  const lines = events();
  lines(plan);
  const waits = { event: 'task', data: { ...task, waitReason: 'for task A to end', place: 3 } };
  expect(lines(waits)).toEqual(['waiting (place 3): for task A to end']);
  expect(lines(waits)).toEqual([]);
  const question = { id: 'I', activity: '0', instructions: 'Look\nwell', endedAt: null };
  expect(lines({ event: 'interruption', data: question })).toEqual(['[Roll] Look', '[Roll] well']);
  expect(lines({ event: 'interruption', data: question })).toEqual([]);
});

test('a step of a single action says each thing once', () => {
  const lines = events();
  lines({
    event: 'plan',
    data: {
      steps: [{ name: 'One', targets: null, actions: [{ name: 'One' }], left: [], skipped: '' }],
      targets: [],
    },
  });
  const said = ['0', '0.0']
    .map((key) => activity('running', { key }))
    .concat(['0.0', '0'].map((key) => activity('success', { key, endedAt: 2000 })))
    .flatMap(lines);
  expect(said).toEqual(['[One] running', '[One] done after 1s']);
});
