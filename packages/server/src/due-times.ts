/**
 * Due times of cron patterns in IANA time zones, by croner.
 *
 * Where clocks go forward, a fixed time that does not exist comes at the first
 * moment that does; where they go back, a fixed time that exists twice comes
 * once, the first time. A pattern with wildcards or steps in its second,
 * minute or hour comes as often as real time says: in neither case is one left
 * out or doubled.
 */
import { toError } from '@longshore/base';
import { Cron } from 'croner';

import type { DueTimes } from './app/ports/due-times.ts';
import { scheduleOf, type Schedule } from './domain/trigger-time.ts';
import { SCHEDULES_KEPT } from './limits.ts';

const SECOND_MS = 1000;

export function createDueTimes(): DueTimes {
  const kept = new Map<string, Cron | Error>();
  const parsed = (schedule: Schedule): Cron | Error => {
    const key = scheduleOf(schedule);
    let found = kept.get(key);
    if (found === undefined) {
      if (kept.size >= SCHEDULES_KEPT) kept.clear();
      kept.set(key, (found = parse(schedule)));
    }
    return found;
  };
  return {
    after(schedule, time) {
      const cron = parsed(schedule);
      return cron instanceof Error ? null : (cron.nextRun(new Date(time))?.getTime() ?? null);
    },
    latest(schedule, time) {
      const cron = parsed(schedule);
      if (cron instanceof Error) return null;
      // It looks before its reference: so the end of the second that `time` is in.
      const end = Math.floor(time / SECOND_MS) * SECOND_MS + SECOND_MS;
      return cron.previousRuns(1, new Date(end))[0]?.getTime() ?? null;
    },
    problem(schedule) {
      const cron = parsed(schedule);
      return cron instanceof Error ? `"${scheduleOf(schedule)}" is no schedule: ${cron.message}` : '';
    },
  };
}

function parse({ cron, timeZone }: Schedule): Cron | Error {
  try {
    const parsed = new Cron(cron, {
      paused: true,
      mode: '5-or-6-parts',
      timezone: timeZone,
      fixedTimeRule: 'no-wildcard',
    });
    // A wrong zone is found only when it is used.
    parsed.nextRun(new Date(0));
    return parsed;
  } catch (thrown) {
    return toError(thrown);
  }
}
