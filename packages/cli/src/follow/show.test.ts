import { expect, test } from '@jest/globals';

import { eventOf } from './follow-task.ts';
import { describeMarker } from './show.ts';

test.each([
  ['{"missing":{"from":1,"to":9}}', 'bytes 1–9 of the log'],
  ['{"dropped":{"stdout":1,"stderr":9}}', '9 bytes of standard error were dropped'],
  ['   ', '27 bytes of the log'],
  ['{"newer":1}', 'the log has a mark here'],
  ['null', 'the log has a mark here: null'],
  ['{"missing":null}', 'the log has a mark here'],
  ['{"miss', 'the log has a mark here: {"miss'],
])('the marker %j is shown', (json, said) => expect(describeMarker(json)).toContain(said));

test('an event that can not be read is told by its name', () => {
  expect(eventOf({ event: 'log', data: '{"entries":[]}' })).toEqual({ event: 'log', data: { entries: [] } });
  expect(() => eventOf({ event: 'log', data: '{"ent' })).toThrow('an event "log" that can not be read');
});
