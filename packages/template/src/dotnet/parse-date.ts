/**
 * Reads the dates that people and programs write, in the invariant culture:
 *
 *   2030-05-22, 2030/5/22, 05/22/2030, 22 May 2030, May 22, 2030, Wed, 22 May 2030
 *   with 9:05, 09:05:00, 09:05:00.1234567, 9:05 AM, after a space or a T
 *   with Z, GMT, +02:00, -0530 or +02 at the end
 *
 * .NET takes more: dates without a year, times without a day, other separators.
 */
import { type DotnetDate, inZone, instantOf, isInRange, offsetAtWall, wallOf } from './dates.ts';
import { MONTHS } from './names.ts';
import { trim } from '../white.ts';

const LONGEST_DATE = 64;
const TIME = String.raw`(?:(?:T|,? +)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)? ?([AP]M)?)?`;
const ZONE = String.raw` ?(Z|GMT|UTC|[+-]\d{2}(?::?\d{2})?)?`;
const pattern = (day: string): RegExp => new RegExp(`^${day}${TIME}${ZONE}$`, 'i');

const YEAR_FIRST = pattern(String.raw`(\d{4})[-/](\d{1,2})[-/](\d{1,2})`);
const MONTH_FIRST = pattern(String.raw`(\d{1,2})[-/](\d{1,2})[-/](\d{4})`);
const DAY_NAMED_MONTH = pattern(String.raw`(?:[A-Z]{3,9}, ?)?(\d{1,2})[- ]([A-Z]{3,9})[- ](\d{4})`);
const NAMED_MONTH_DAY = pattern(String.raw`(?:[A-Z]{3,9}, ?)?([A-Z]{3,9}) (\d{1,2}),? (\d{4})`);

interface Written {
  wallMs: number;
  ticks: number;
  /** Minutes; undefined: it names no zone. */
  offset: number | undefined;
  isUtc: boolean;
}

/** As DateTime.TryParse does it: a date with a zone becomes local. */
export function parseDateTime(text: string, zone: string): DotnetDate | undefined {
  const written = read(text);
  if (written === undefined) return undefined;
  const { wallMs, ticks, offset } = written;
  if (offset === undefined)
    return { wallMs, ticks, kind: 'unspecified', offsetMinutes: offsetAtWall(wallMs, zone) };
  return inZone(wallMs - offset * 60_000, ticks, zone);
}

/** As DateTimeOffset.TryParse does it: a date without a zone is local. */
export function parseDateTimeOffset(text: string, zone: string): DotnetDate | undefined {
  const written = read(text);
  if (written === undefined) return undefined;
  const { wallMs, ticks, offset = offsetAtWall(wallMs, zone) } = written;
  return { wallMs, ticks, kind: 'offset', offsetMinutes: offset };
}

/** For reckoning: what names no zone has none, what is UTC stays so, and an offset is kept. */
export function parseAsWritten(text: string): DotnetDate | undefined {
  const written = read(text);
  if (written === undefined) return undefined;
  const { wallMs, ticks, offset, isUtc } = written;
  if (offset === undefined) return { wallMs, ticks, kind: 'unspecified', offsetMinutes: 0 };
  return { wallMs, ticks, kind: isUtc ? 'utc' : 'offset', offsetMinutes: offset };
}

function read(text: string): Written | undefined {
  const trimmed = trim(text);
  if (trimmed.length > LONGEST_DATE) return undefined;
  for (const [expression, [year, month, day]] of ORDERS) {
    const found = expression.exec(trimmed);
    if (found === null) continue;
    const date = [Number(found[year]), monthOf(found[month] ?? ''), Number(found[day])] as const;
    return withTime(date, found.slice(4));
  }
  return undefined;
}

/** Where each pattern has year, month and day. */
const ORDERS: readonly (readonly [RegExp, readonly [number, number, number]])[] = [
  [YEAR_FIRST, [1, 2, 3]],
  [MONTH_FIRST, [3, 1, 2]],
  [DAY_NAMED_MONTH, [3, 2, 1]],
  [NAMED_MONTH_DAY, [3, 1, 2]],
];

/** From 1 on; 0: there is none of this name. */
function monthOf(text: string): number {
  if (/^\d/.test(text)) return Number(text);
  const name = text.toLowerCase();
  return (
    1 + MONTHS.findIndex((month) => month.toLowerCase() === name || month.slice(0, 3).toLowerCase() === name)
  );
}

function withTime(
  date: readonly [number, number, number],
  [hours = '0', minutes = '0', seconds = '0', fraction = '', half, zone]: (string | undefined)[],
): Written | undefined {
  const hour = half === undefined ? Number(hours) : hourOf(Number(hours), half.toUpperCase() === 'PM');
  const fractionTicks = Number(fraction.padEnd(7, '0').slice(0, 7));
  const [ms, ticks] = [Math.floor(fractionTicks / 10_000), fractionTicks % 10_000];
  const wallMs = hour === undefined ? undefined : wallOf(date, [hour, Number(minutes), Number(seconds), ms]);
  if (wallMs === undefined || !isInRange(wallMs)) return undefined;
  const offset = zone === undefined ? undefined : offsetIn(zone);
  if (Number.isNaN(offset)) return undefined;
  return { wallMs, ticks, offset, isUtc: zone !== undefined && /^[A-Z]/i.test(zone) };
}

function hourOf(hour: number, isAfternoon: boolean): number | undefined {
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (isAfternoon ? 12 : 0);
}

/** NaN: no zone is so far off. */
function offsetIn(zone: string): number {
  if (/^[A-Z]/i.test(zone)) return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const size = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  if (size > 14 * 60 || Number(digits.slice(2)) > 59) return Number.NaN;
  return zone.startsWith('-') ? -size : size;
}

/** Later or earlier; undefined: beyond the years that there are. */
export function shifted(date: DotnetDate, byMs: number): DotnetDate | undefined {
  const wallMs = date.wallMs + byMs;
  return isInRange(wallMs) && isInRange(instantOf({ ...date, wallMs })) ? { ...date, wallMs } : undefined;
}
