/** A time that a person gives: a date and time, or how long from now. */
import { invalid, parseDuration } from '@longshore/base';

const EXPECTED =
  'a time such as 2026-05-01T22:00, 2026-05-01T22:00:00Z or 2026-05-01T22:00+02:00, or from now on such as 30m';

/** With an offset or `Z`, or in the time zone of this machine. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?$/i;

/** @returns milliseconds since the epoch. @throws AppError `invalid` */
export function parseTime(text: string, flag: string, now: number): number {
  const trimmed = text.trim();
  if (DATE_TIME.test(trimmed)) {
    const time = Date.parse(trimmed.replace(' ', 'T').replaceAll(' ', ''));
    // 31 February is taken for 3 March otherwise.
    const day = new Date(`${trimmed.slice(0, 10)}T00:00:00Z`);
    const isDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(trimmed.slice(0, 10));
    if (!Number.isNaN(time) && isDay) return time;
    throw invalid(flag, text, EXPECTED);
  }
  try {
    return now + parseDuration(trimmed.replace(/^\+/, ''), flag);
  } catch {
    throw invalid(flag, text, EXPECTED);
  }
}
