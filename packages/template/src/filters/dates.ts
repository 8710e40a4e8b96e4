/** The time, and reckoning with it. No filter asks a clock of its own. */
import { type DotnetDate, inZone, isInRange, isZone } from '../dotnet/dates.ts';
import { formatDate } from '../dotnet/format-date.ts';
import { parseDouble } from '../dotnet/numbers.ts';
import { parseAsWritten, shifted } from '../dotnet/parse-date.ts';
import { type Around, type Filter, ofText, type Refusal } from './filter.ts';

const NO_CLOCK: Refusal = { message: 'There is no time here', expected: 'a place where the time is known' };

/** `#{ | NowDate}`, with a format, a zone's name (`Europe/Berlin`, `UTC`), or both. */
export const nowDate: Filter = (value, args, around) => {
  if (value !== undefined || args.length > 2) return undefined;
  const zones = args.filter((arg) => (arg.includes('/') || arg === 'UTC') && isZone(arg));
  const formats = args.filter((arg) => !zones.includes(arg));
  if (formats.length > 1 || zones.length > 1) return undefined;
  return nowIn(zones[0] ?? around.zone ?? 'UTC', formats[0] ?? 'O', around);
};

function nowIn(zone: string, format: string, { now }: Around): ReturnType<Filter> {
  const ms = now?.().getTime();
  if (ms === undefined || !isInRange(ms)) return NO_CLOCK;
  return formatDate({ ...inZone(ms, 0, zone), kind: 'unspecified' }, format);
}

export const nowDateUtc: Filter = (value, args, { now }) => {
  if (value !== undefined || args.length > 1) return undefined;
  const wallMs = now?.().getTime();
  if (wallMs === undefined || !isInRange(wallMs)) return NO_CLOCK;
  return formatDate({ wallMs, ticks: 0, kind: 'utc', offsetMinutes: 0 }, args[0] ?? 'O');
};

const HOUR_MS = 3_600_000;

const adds = (unitMs: number): Filter =>
  ofText((text, args) => {
    const amount = parseDouble(args[0] ?? '');
    if (amount === undefined || args.length > 1) return undefined;
    const date = parseAsWritten(text);
    const later: DotnetDate | undefined = date && shifted(date, Math.round(amount * unitMs));
    return later && formatDate(later, 'O');
  });

export const addHours = adds(HOUR_MS);
export const addDays = adds(24 * HOUR_MS);
