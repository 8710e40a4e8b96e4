/**
 * Dates as .NET has them: what a clock on the wall shows, to 100 ns, and how that
 * stands to UTC. Years 1 to 9999.
 */
export type Kind = 'unspecified' | 'utc' | 'local';

export interface DotnetDate {
  /** What the clock on the wall shows, as if it were UTC: milliseconds since 1970. */
  readonly wallMs: number;
  /** Of 100 ns, beyond the milliseconds: 0 to 9999. */
  readonly ticks: number;
  /** What a DateTime knows of its zone; a DateTimeOffset has only its offset. */
  readonly kind: Kind | 'offset';
  /** Of the wall from UTC. Of an unspecified date: what it would be here. */
  readonly offsetMinutes: number;
}

const FIRST_MS = new Date(0).setUTCFullYear(1, 0, 1);
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const MINUTE_MS = 60_000;

export function isInRange(wallMs: number): boolean {
  return wallMs >= FIRST_MS && wallMs <= LAST_MS;
}

/** Milliseconds since 1970 of a date; undefined: there is no such day. */
export function wallOf(
  [year, month, day]: readonly [number, number, number],
  [hour, minute, second, ms]: readonly [number, number, number, number],
): number | undefined {
  if (year < 1 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second, ms);
}

/** An instant as a clock on the wall of a zone shows it. */
export function inZone(instantMs: number, ticks: number, zone: string): DotnetDate {
  const offsetMinutes = offsetOf(instantMs, zone);
  return { wallMs: instantMs + offsetMinutes * MINUTE_MS, ticks, kind: 'local', offsetMinutes };
}

export function instantOf({ wallMs, offsetMinutes }: DotnetDate): number {
  return wallMs - offsetMinutes * MINUTE_MS;
}

/** A zone's offset from UTC at what its wall shows; where the clock is set, one of the two. */
export function offsetAtWall(wallMs: number, zone: string): number {
  return offsetOf(wallMs - offsetOf(wallMs, zone) * MINUTE_MS, zone);
}

/** Minutes east of UTC. */
export function offsetOf(instantMs: number, zone: string): number {
  const parts = formatOf(zone).formatToParts(instantMs);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0'] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  const size = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -size : size;
}

/** Making one takes longer than all that is done with it. */
const formats = new Map<string, Intl.DateTimeFormat>();
const MOST_FORMATS = 50;

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    if (formats.size >= MOST_FORMATS) formats.clear();
    formats.set(zone, format);
  }
  return format;
}

export function isZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}
