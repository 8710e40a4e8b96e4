import { describe, expect, test } from '@jest/globals';

import { createDueTimes } from './due-times.ts';

const dueTimes = createDueTimes();
const at = (text: string): number => Date.parse(text);
const shown = (time: number | null): string =>
  time === null ? 'none' : new Date(time).toISOString().replace('.000Z', 'Z');

describe('due times', () => {
  test.each<[string, string, string, string, string[]]>([
    // What it shows, cron, zone, after, the next due times.
    [
      'every day in UTC',
      '0 3 * * *',
      'UTC',
      '2026-01-31T03:00:00Z',
      ['2026-02-01T03:00:00Z', '2026-02-02T03:00:00Z'],
    ],
    [
      'six fields: seconds first',
      '*/20 0 3 * * *',
      'UTC',
      '2026-01-31T00:00:00Z',
      ['2026-01-31T03:00:00Z', '2026-01-31T03:00:20Z', '2026-01-31T03:00:40Z', '2026-02-01T03:00:00Z'],
    ],
    [
      'office hours in winter and summer',
      '0 9 * * 1-5',
      'Europe/Berlin',
      '2026-03-27T12:00:00Z',
      ['2026-03-30T07:00:00Z', '2026-03-31T07:00:00Z'],
    ],
    [
      'a time that does not exist comes when the gap is over',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z'],
    ],
    [
      'two in one gap come once',
      '0,30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-03-30T00:00:00Z'],
    ],
    [
      'a time that exists twice comes once, the first time',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
    ],
    [
      'so does one of a list',
      '30 2,14 * * *',
      'Europe/Berlin',
      '2026-10-24T13:00:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-25T13:30:00Z'],
    ],
    [
      'each half hour of real time where clocks go back',
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-10-25T00:00:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-25T01:00:00Z', '2026-10-25T01:30:00Z', '2026-10-25T02:00:00Z'],
    ],
    [
      'and where they go forward',
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-03-29T00:00:00Z',
      ['2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z'],
    ],
    [
      'across the ocean',
      '30 1 * * *',
      'America/New_York',
      '2026-11-01T00:00:00Z',
      ['2026-11-01T05:30:00Z', '2026-11-02T06:30:00Z'],
    ],
    [
      'a midnight that does not exist',
      '0 0 * * *',
      'America/Sao_Paulo',
      '2018-11-03T12:00:00Z',
      ['2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'],
    ],
    [
      'a gap of half an hour',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00:00Z',
      ['2026-10-03T15:30:00Z', '2026-10-04T15:15:00Z'],
    ],
    [
      'leap days',
      '0 0 29 2 *',
      'UTC',
      '2026-03-01T00:00:00Z',
      ['2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z'],
    ],
    ['a day that never comes', '0 0 31 2 *', 'UTC', '2026-03-01T00:00:00Z', ['none']],
  ])('%s', (_, cron, timeZone, from, wanted) => {
    let time: number | null = at(from);
    const found = wanted.map(() => {
      time = time === null ? null : dueTimes.after({ cron, timeZone }, time);
      return shown(time);
    });
    expect(found).toEqual(wanted);
  });

  const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
  const CRONS = ['30 2 * * *', '0 1-3 * * *', '*/20 * * * *', '15 0,2 * * 0', '7 30 1 * * *'];
  test.each(ZONES.flatMap((timeZone) => CRONS.map((cron) => [cron, timeZone] as const)))(
    'the latest is the one that was the next: %s in %s',
    (cron, timeZone) => {
      for (const day of ['2026-03-08', '2026-03-29', '2026-04-04', '2026-10-25', '2026-11-01']) {
        const start = at(`${day}T00:00:00Z`);
        let last = dueTimes.latest({ cron, timeZone }, start);
        for (let time = start; time < start + 30 * 3_600_000; time += 600_250) {
          const next = dueTimes.after({ cron, timeZone }, last ?? 0);
          if (next !== null && next <= time) last = next;
          expect(shown(dueTimes.latest({ cron, timeZone }, time))).toBe(shown(last));
        }
      }
    },
  );

  test('one that is due now is the latest, and not the next', () => {
    const schedule = { cron: '0 3 * * *', timeZone: 'UTC' };
    const due = at('2026-01-31T03:00:00Z');
    expect(dueTimes.latest(schedule, due)).toBe(due);
    expect(dueTimes.latest(schedule, due + 999)).toBe(due);
    expect(dueTimes.latest(schedule, due - 1)).toBe(due - 86_400_000);
    expect(dueTimes.after(schedule, due)).toBe(due + 86_400_000);
    expect(dueTimes.after(schedule, due - 1)).toBe(due);
  });

  test.each([
    ['99 * * * *', 'UTC', 'Invalid value for minute'],
    ['* * * * * * *', 'UTC', '7 parts'],
    ['0 3 * * *', 'Mars/Olympus', 'time zone'],
    ['', 'UTC', 'is no schedule'],
  ])('no schedule: "%s" in %s', (cron, timeZone, why) => {
    const schedule = { cron, timeZone };
    expect(dueTimes.problem(schedule)).toContain(why);
    expect(dueTimes.after(schedule, 0)).toBeNull();
    expect(dueTimes.latest(schedule, 0)).toBeNull();
    expect(dueTimes.problem({ cron: '0 3 * * *', timeZone: 'UTC' })).toBe('');
  });
});
