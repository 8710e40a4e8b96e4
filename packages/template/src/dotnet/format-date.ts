/**
 * A date by .NET's standard and custom format strings, in the invariant culture.
 * A format that .NET refuses gives undefined.
 */
import { type DotnetDate, instantOf } from './dates.ts';
import { DAYS, MONTHS } from './names.ts';

const STANDARD: Readonly<Record<string, string>> = {
  d: 'MM/dd/yyyy',
  D: 'dddd, dd MMMM yyyy',
  f: 'dddd, dd MMMM yyyy HH:mm',
  F: 'dddd, dd MMMM yyyy HH:mm:ss',
  g: 'MM/dd/yyyy HH:mm',
  G: 'MM/dd/yyyy HH:mm:ss',
  m: 'MMMM dd',
  M: 'MMMM dd',
  o: "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
  O: "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
  r: "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
  R: "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
  s: "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
  t: 'HH:mm',
  T: 'HH:mm:ss',
  u: "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
  U: 'dddd, dd MMMM yyyy HH:mm:ss',
  y: 'yyyy MMMM',
  Y: 'yyyy MMMM',
};

const LONGEST_FORMAT = 1024;

export function formatDate(date: DotnetDate, format: string): string | undefined {
  if (format.length > LONGEST_FORMAT) return undefined;
  const isOffset = date.kind === 'offset';
  if (format === '') return formatCustom(date, isOffset ? 'MM/dd/yyyy HH:mm:ss zzz' : 'MM/dd/yyyy HH:mm:ss');
  if (format.length > 1) return formatCustom(date, format);
  const custom = STANDARD[format];
  if (custom === undefined || (isOffset && format === 'U')) return undefined;
  const inUtc = format === 'U' || (isOffset && 'rRu'.includes(format));
  return formatCustom(
    inUtc ? { ...date, wallMs: instantOf(date), kind: 'utc', offsetMinutes: 0 } : date,
    custom,
  );
}

/** Runs of one letter, by the letter. */
type Writer = (date: Moment, count: number) => string | undefined;

interface Moment {
  date: DotnetDate;
  /** Its UTC fields are what the wall shows. */
  at: Date;
}

const two = (value: number): string => String(value).padStart(2, '0');
const plainOrTwo = (value: number, count: number): string => (count === 1 ? String(value) : two(value));

const WRITERS: Readonly<Record<string, Writer>> = {
  d: ({ at }, count) => {
    if (count <= 2) return plainOrTwo(at.getUTCDate(), count);
    const name = DAYS[at.getUTCDay()] ?? '';
    return count === 3 ? name.slice(0, 3) : name;
  },
  M: ({ at }, count) => {
    if (count <= 2) return plainOrTwo(at.getUTCMonth() + 1, count);
    const name = MONTHS[at.getUTCMonth()] ?? '';
    return count === 3 ? name.slice(0, 3) : name;
  },
  y: ({ at }, count) => {
    const year = at.getUTCFullYear();
    return count <= 2 ? plainOrTwo(year % 100, count) : String(year).padStart(count, '0');
  },
  H: ({ at }, count) => plainOrTwo(at.getUTCHours(), count),
  h: ({ at }, count) => plainOrTwo(at.getUTCHours() % 12 || 12, count),
  m: ({ at }, count) => plainOrTwo(at.getUTCMinutes(), count),
  s: ({ at }, count) => plainOrTwo(at.getUTCSeconds(), count),
  t: ({ at }, count) => (at.getUTCHours() < 12 ? 'AM' : 'PM').slice(0, count === 1 ? 1 : 2),
  g: () => 'A.D.',
  f: (moment, count) => fraction(moment, count),
  F: (moment, count) => fraction(moment, count)?.replace(/0+$/, ''),
  K: ({ date }) => zoneOf(date),
  z: ({ date }, count) => offset(date.offsetMinutes, count),
};

function fraction({ date, at }: Moment, count: number): string | undefined {
  if (count > 7) return undefined;
  const ms = String(at.getUTCMilliseconds()).padStart(3, '0');
  return (ms + String(date.ticks).padStart(4, '0')).slice(0, count);
}

function zoneOf(date: DotnetDate): string {
  if (date.kind === 'unspecified') return '';
  return date.kind === 'utc' ? 'Z' : offset(date.offsetMinutes, 3);
}

function offset(minutes: number, count: number): string {
  const size = Math.abs(minutes);
  const hours = Math.floor(size / 60);
  const text = (minutes < 0 ? '-' : '+') + plainOrTwo(hours, count);
  return count < 3 ? text : `${text}:${two(size % 60)}`;
}

function formatCustom(date: DotnetDate, format: string): string | undefined {
  const moment = { date, at: new Date(date.wallMs) };
  let text = '';
  for (let at = 0; at < format.length;) {
    const part = nextPart(moment, format, at);
    if (part === undefined) return undefined;
    // A fraction that is empty takes its point with it.
    if (part.text === '' && format[at] === 'F' && text.endsWith('.')) text = text.slice(0, -1);
    text += part.text;
    at += part.length;
  }
  return text;
}

function nextPart(moment: Moment, format: string, at: number): { text: string; length: number } | undefined {
  const character = format[at] ?? '';
  if (character === '"' || character === "'") return quoted(format, at);
  if (character === '\\') {
    const next = format[at + 1];
    return next === undefined ? undefined : { text: next, length: 2 };
  }
  if (character === '%') return single(moment, format, at + 1);
  const writer = Object.hasOwn(WRITERS, character) ? WRITERS[character] : undefined;
  if (writer === undefined) return { text: character, length: 1 };
  let length = 1;
  while (character !== 'K' && format[at + length] === character) length += 1;
  const text = writer(moment, length);
  return text === undefined ? undefined : { text, length };
}

/** `%d`: one letter, where it would be a standard format by itself. */
function single(moment: Moment, format: string, at: number): { text: string; length: number } | undefined {
  const next = format[at];
  if (next === undefined || next === '%') return undefined;
  const part = nextPart(moment, next, 0);
  return part === undefined ? undefined : { text: part.text, length: 2 };
}

/** Up to the quote's twin; a backslash takes what follows as it is. */
function quoted(format: string, start: number): { text: string; length: number } | undefined {
  let text = '';
  for (let at = start + 1; at < format.length; at += 1) {
    const character = format[at] ?? '';
    if (character === format[start]) return { text, length: at - start + 1 };
    text += character === '\\' ? (format[(at += 1)] ?? '') : character;
  }
  return undefined;
}
