import { describe, expect, test } from '@jest/globals';

import { countedFrom, offReason, scheduleOf, scheduleWhenOff } from './trigger-time.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_000 * DAY;
const A = scheduleOf({ cron: '0 3 * * *', timeZone: 'UTC' });
const B = scheduleOf({ cron: '0 3 * * *', timeZone: 'Europe/Berlin' });
const OFF = scheduleWhenOff({ cron: '0 3 * * *', timeZone: 'UTC' }, 'the trigger is disabled');

describe('from when on due times count', () => {
  test.each<[string, { schedule: string; dealtWith: number } | undefined, number, number]>([
    ['a new trigger: since its project was changed', undefined, NOW - HOUR, NOW - HOUR],
    ['never from what is to come, by a clock that was set', undefined, NOW + DAY, NOW],
    ['a known one: since it was dealt with', { schedule: A, dealtWith: NOW - DAY }, NOW - HOUR, NOW - DAY],
    ['another schedule: since the change', { schedule: B, dealtWith: NOW - DAY }, NOW - HOUR, NOW - HOUR],
    ['and not what was dealt with before', { schedule: B, dealtWith: NOW - 1 }, NOW - HOUR, NOW - 1],
    ['one that was off: since it is on', { schedule: OFF, dealtWith: NOW - DAY }, NOW - HOUR, NOW - HOUR],
    ['the clock went back a day: not again', { schedule: A, dealtWith: NOW + DAY }, NOW - DAY, NOW + DAY],
    ['the clock had been a year ahead', { schedule: A, dealtWith: NOW + 365 * DAY }, NOW - DAY, NOW],
  ])('%s', (_, known, changedAt, wanted) => {
    expect(countedFrom(known, { schedule: A, changedAt, now: NOW, aheadMs: 25 * HOUR })).toBe(wanted);
  });
});

test.each([
  [false, false, ''],
  [true, false, 'the trigger is disabled'],
  [false, true, 'project "Shop" is disabled'],
  [true, true, 'the trigger is disabled'],
])('off: trigger %s, project %s', (disabled, project, why) => {
  expect(offReason({ disabled }, { name: 'Shop', body: { disabled: project } })).toBe(why);
});
