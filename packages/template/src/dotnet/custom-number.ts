/**
 * A number by a custom format string: `#,##0.00;(#,##0.00);zero`. Sections are
 * for positive numbers, negative numbers, and zero.
 */
import { type Digits, type Numeral, roundDigits } from './numbers.ts';

/** What .NET takes of a double here. */
const DOUBLE_DIGITS = 15;
const LONGEST_FORMAT = 1024;

type Part =
  | { kind: 'literal'; text: string }
  | { kind: 'digit'; zero: boolean }
  | { kind: 'point' }
  | { kind: 'comma' }
  | { kind: 'exponent'; letter: string; plus: boolean; digits: number };

interface Section {
  parts: Part[];
  /** Powers of ten that the number is multiplied with: of % and ‰, and of commas before the point. */
  shift: number;
  grouped: boolean;
}

export function formatCustomNumber(numeral: Numeral, format: string): string | undefined {
  if (format.length > LONGEST_FORMAT) return undefined;
  const sections = sectionsOf(format);
  const value = numeral.kind === 'double' ? roundDigits(numeral, DOUBLE_DIGITS) : numeral;
  const [first = '', second = '', third = ''] = sections;
  const isNegative = value.negative && value.digits !== '';
  if (value.digits === '') return printed(value, third === '' ? first : third, false);
  if (isNegative && second !== '') return printed(value, second, false, third === '' ? first : third);
  return printed(value, first, isNegative, third === '' ? first : third);
}

/** @param ifZero the section for what is zero once it is rounded */
function printed(value: Digits, text: string, minus: boolean, ifZero?: string): string {
  const section = read(text);
  const rounded = rounding(value, section);
  if (rounded.digits === '' && ifZero !== undefined && ifZero !== text)
    return printed(rounded, ifZero, false);
  return (minus && rounded.digits !== '' ? '-' : '') + print(rounded, section);
}

function sectionsOf(format: string): string[] {
  const sections: string[] = [];
  let quote = '';
  let start = 0;
  for (let at = 0; at < format.length; at += 1) {
    const character = format[at] ?? '';
    if (character === '\\') at += 1;
    else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (quote === '' && character === ';') {
      sections.push(format.slice(start, at));
      start = at + 1;
    }
  }
  return [...sections, format.slice(start)];
}

const EXPONENT = /[eE]([+-]?)(0+)/y;

function read(text: string): Section {
  const parts: Part[] = [];
  let shift = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    EXPONENT.lastIndex = at;
    const exponent = EXPONENT.exec(text);
    if (exponent !== null) {
      const [all, sign, zeros = ''] = exponent;
      parts.push({
        kind: 'exponent',
        letter: character,
        plus: sign === '+',
        digits: Math.min(zeros.length, 10),
      });
      at += all.length - 1;
    } else if (character === '0' || character === '#') parts.push({ kind: 'digit', zero: character === '0' });
    else if (character === '.') parts.push({ kind: 'point' });
    else if (character === ',') parts.push({ kind: 'comma' });
    else if (character === '\\') parts.push({ kind: 'literal', text: text[(at += 1)] ?? '' });
    else if (character === '"' || character === "'") {
      const end = text.indexOf(character, at + 1);
      parts.push({ kind: 'literal', text: text.slice(at + 1, end < 0 ? undefined : end) });
      at = end < 0 ? text.length : end;
    } else {
      shift += character === '%' ? 2 : character === '‰' ? 3 : 0;
      parts.push({ kind: 'literal', text: character });
    }
  }
  return scaled(parts, shift);
}

/** Commas before the point: between digits they group, after the last digit each divides by a thousand. */
function scaled(parts: Part[], shift: number): Section {
  const point = parts.findIndex(({ kind }) => kind === 'point');
  const before = parts.slice(0, point < 0 ? parts.length : point);
  const last = before.findLastIndex(({ kind }) => kind === 'digit');
  const first = before.findIndex(({ kind }) => kind === 'digit');
  const commas = before.flatMap(({ kind }, at) => (kind === 'comma' && first >= 0 && at > first ? [at] : []));
  // Only those that stand directly after the last digit divide.
  let dividing = 0;
  while (before[last + 1 + dividing]?.kind === 'comma' && last >= 0) dividing += 1;
  return { parts, shift: shift - 3 * dividing, grouped: commas.some((at) => at < last) };
}

function digitPlaces({ parts }: Section): {
  whole: number;
  fraction: number;
  leastFraction: number;
  leastWhole: number;
} {
  const point = parts.findIndex(({ kind }) => kind === 'point');
  const split = point < 0 ? parts.length : point;
  const isDigit = (part: Part): part is Extract<Part, { kind: 'digit' }> => part.kind === 'digit';
  const whole = parts.slice(0, split).filter(isDigit);
  const fraction = parts.slice(split).filter(isDigit);
  const firstZero = whole.findIndex(({ zero }) => zero);
  return {
    whole: whole.length,
    fraction: fraction.length,
    leastWhole: firstZero < 0 ? 0 : whole.length - firstZero,
    leastFraction: fraction.findLastIndex(({ zero }) => zero) + 1,
  };
}

function rounding(value: Digits, section: Section): Digits {
  const { whole, fraction } = digitPlaces(section);
  if (value.digits === '') return value;
  if (section.parts.some(({ kind }) => kind === 'exponent')) return roundDigits(value, whole + fraction);
  const point = value.point + section.shift;
  return roundDigits({ ...value, point }, point + fraction);
}

function print(value: Digits, section: Section): string {
  const { whole, fraction, leastWhole, leastFraction } = digitPlaces(section);
  const isScientific = section.parts.some(({ kind }) => kind === 'exponent');
  const point = isScientific ? (value.digits === '' ? 0 : whole) : value.point;
  const exponent = value.digits === '' ? 0 : value.point - point;
  const padded = value.digits.padStart(value.digits.length + Math.max(-point, 0), '0');
  const units = padded.slice(0, Math.max(point, 0)).padEnd(Math.max(point, 0), '0').padStart(leastWhole, '0');
  const rest = padded
    .slice(Math.max(point, 0))
    .slice(0, fraction)
    .replace(/0+$/, '')
    .padEnd(leastFraction, '0');
  return filled(section, { units, rest, whole, exponent });
}

interface Filling {
  units: string;
  rest: string;
  whole: number;
  exponent: number;
}

/** The first digit's place takes all digits that there are no places for. */
function filled({ parts, grouped }: Section, { units, rest, whole, exponent }: Filling): string {
  let text = '';
  let place = 0;
  let isAfterPoint = false;
  let left = units.length;
  const takeUnits = (count: number): string => {
    let taken = '';
    for (; count > 0 && left > 0; count -= 1) {
      taken += units[units.length - left] ?? '';
      left -= 1;
      if (grouped && left > 0 && left % 3 === 0) taken += ',';
    }
    return taken;
  };
  for (const part of parts) {
    if (part.kind === 'literal') text += part.text;
    else if (part.kind === 'exponent') text += power(part, exponent);
    else if (part.kind === 'point') {
      if (!isAfterPoint && rest !== '') text += '.';
      if (!isAfterPoint) place = 0;
      isAfterPoint = true;
    } else if (part.kind === 'digit' && isAfterPoint) {
      text += rest[place] ?? '';
      place += 1;
    } else if (part.kind === 'digit') {
      text += takeUnits(left - (whole - place - 1));
      place += 1;
    }
  }
  return text;
}

function power({ letter, plus, digits }: Extract<Part, { kind: 'exponent' }>, exponent: number): string {
  const sign = exponent < 0 ? '-' : plus ? '+' : '';
  return letter + sign + String(Math.abs(exponent)).padStart(digits, '0');
}
