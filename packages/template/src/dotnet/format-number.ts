/**
 * A number by .NET's standard and custom format strings, in the invariant
 * culture. A format that .NET refuses gives undefined.
 *
 * Not supported: precisions above 99.
 */
import { formatCustomNumber } from './custom-number.ts';
import { type Digits, exactDigits, type Numeral, roundDigits } from './numbers.ts';

const STANDARD = /^([A-Za-z])(\d{0,9})$/;
const MOST_PRECISION = 99;
/** Of .NET's doubles; whoever asks for no precision gets the digits that tell a double from its neighbours. */
const DOUBLE_DIGITS = 15;
const DECIMAL_DIGITS = 29;
const INTEGER_DIGITS = 10;

export function formatNumber(numeral: Numeral, format: string, currencySymbol = '¤'): string | undefined {
  if (numeral.kind === 'double' && !Number.isFinite(numeral.value)) return specialName(numeral.value);
  const [, letter, digits = ''] = STANDARD.exec(format === '' ? 'G' : format) ?? [];
  if (letter === undefined) return formatCustomNumber(numeral, format);
  const precision = digits === '' ? undefined : Number(digits);
  if (precision !== undefined && precision > MOST_PRECISION) return undefined;
  return formatStandard(numeral, letter, { precision, currencySymbol });
}

function specialName(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

function formatStandard(
  numeral: Numeral,
  letter: string,
  { precision, currencySymbol }: { precision: number | undefined; currencySymbol: string },
): string | undefined {
  const upper = letter.toUpperCase();
  switch (upper) {
    case 'C':
      return currency(fixed(numeral, precision ?? 2), currencySymbol);
    case 'D':
      return numeral.kind === 'integer' ? whole(numeral, precision ?? 1) : undefined;
    case 'E':
      return exponential(numeral, precision ?? 6, letter);
    case 'F':
      return signed(fixed(numeral, precision ?? 2), false);
    case 'G':
      return general(numeral, precision, letter === 'G' ? 'E' : 'e');
    case 'N':
      return signed(fixed(numeral, precision ?? 2), true);
    case 'P':
      return `${signed(fixed(percent(numeral), precision ?? 2), true)} %`;
    case 'R':
      return numeral.kind === 'double' ? general(numeral, undefined, 'E') : undefined;
    case 'X':
    case 'B':
      return numeral.kind === 'integer' ? binary(numeral.value, letter, precision ?? 1) : undefined;
    default:
      return undefined;
  }
}

interface Fixed {
  negative: boolean;
  whole: string;
  fraction: string;
}

function fixed(numeral: Numeral, places: number): Fixed {
  const exact = exactDigits(numeral);
  const { negative, digits, point } = roundDigits(exact, exact.point + places);
  const all = digits.padEnd(Math.max(point, 0), '0').padStart(digits.length + Math.max(-point, 0), '0');
  const cut = Math.max(point, 0);
  return {
    // A double has a negative zero; an integer or a decimal has none.
    negative: negative && (digits !== '' || numeral.kind === 'double'),
    whole: all.slice(0, cut) || '0',
    fraction: all.slice(cut).padEnd(places, '0').slice(0, places),
  };
}

/** A hundred times as much. */
function percent(numeral: Numeral): Numeral {
  if (numeral.kind !== 'double') return { ...numeral, point: numeral.point + 2 };
  const { negative, digits, point } = exactDigits(numeral);
  return { ...numeral, kind: 'decimal', negative, digits, point: point + 2 };
}

function unsigned({ whole, fraction }: Fixed, grouped: boolean): string {
  const units = grouped ? whole.replace(GROUPS, ',') : whole;
  return fraction === '' ? units : `${units}.${fraction}`;
}

const GROUPS = /\B(?=(?:\d{3})+$)/g;

function signed(parts: Fixed, grouped: boolean): string {
  return (parts.negative ? '-' : '') + unsigned(parts, grouped);
}

function currency(parts: Fixed, symbol: string): string {
  const text = symbol + unsigned(parts, true);
  return parts.negative ? `(${text})` : text;
}

function whole({ negative, digits }: Numeral, atLeast: number): string {
  return (negative ? '-' : '') + digits.padStart(Math.max(atLeast, 1), '0');
}

function binary(value: number, letter: string, atLeast: number): string {
  const text = (value >>> 0).toString(letter.toUpperCase() === 'X' ? 16 : 2);
  return (letter === 'X' ? text.toUpperCase() : text).padStart(atLeast, '0');
}

function exponential(numeral: Numeral, places: number, letter: string): string {
  const rounded = roundDigits(exactDigits(numeral), places + 1);
  const isNegative = rounded.negative && (rounded.digits !== '' || numeral.kind === 'double');
  return (isNegative ? '-' : '') + scientific(rounded, { places, letter, exponentDigits: 3 });
}

function scientific(
  { digits, point }: Digits,
  { places, letter, exponentDigits }: { places: number; letter: string; exponentDigits: number },
): string {
  const exponent = digits === '' ? 0 : point - 1;
  const fraction = digits.slice(1).padEnd(places, '0');
  const sign = exponent < 0 ? '-' : '+';
  const power = String(Math.abs(exponent)).padStart(exponentDigits, '0');
  return `${digits[0] ?? '0'}${fraction === '' ? '' : `.${fraction}`}${letter}${sign}${power}`;
}

/** The shorter of fixed and scientific. */
function general(numeral: Numeral, precision: number | undefined, letter: string): string {
  const asked = precision === undefined || precision === 0 ? undefined : precision;
  if (asked === undefined && numeral.kind === 'decimal') return asWritten(numeral);
  const most =
    asked ?? { integer: INTEGER_DIGITS, decimal: DECIMAL_DIGITS, double: DOUBLE_DIGITS }[numeral.kind];
  const rounded = asked === undefined ? numeral : roundDigits(exactDigits(numeral), asked);
  const { digits, point } = rounded;
  const sign = rounded.negative && (digits !== '' || numeral.kind === 'double') ? '-' : '';
  if (digits === '') return `${sign}0`;
  if (point > most || point < -3) {
    const trimmed = digits.replace(/0+$/, '');
    return sign + scientific({ ...rounded, digits: trimmed }, { places: 0, letter, exponentDigits: 2 });
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  const units = digits.slice(0, point).padEnd(point, '0');
  return sign + units + (digits.length > point ? `.${digits.slice(point)}` : '');
}

/** A decimal keeps the zeros that it was written with. */
function asWritten(numeral: Numeral): string {
  const { digits, scale, negative } = numeral;
  const all = digits.padStart(scale + 1, '0');
  const cut = all.length - scale;
  const text = all.slice(0, cut) + (scale > 0 ? `.${all.slice(cut)}` : '');
  return (negative && digits !== '' ? '-' : '') + text;
}
