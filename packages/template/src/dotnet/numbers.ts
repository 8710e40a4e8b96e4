/**
 * Numbers as .NET formats them: a sign, decimal digits, and where the point is.
 * A decimal keeps the digits that it was written with; a double is exact, to its
 * last binary digit, so that rounding it is.
 */
import { trim } from '../white.ts';

export type NumberKind = 'integer' | 'decimal' | 'double';

/** 0.DIGITS × 10^point; no leading zeros, and no digits at all for zero. */
export interface Digits {
  readonly negative: boolean;
  readonly digits: string;
  readonly point: number;
}

export interface Numeral extends Digits {
  readonly kind: NumberKind;
  /** Of an integer or a double. */
  readonly value: number;
  /** Digits after the point as they were written, of a decimal. */
  readonly scale: number;
}

const PLAIN = /^([+-]?)(\d[\d,]*)?(?:\.(\d*))?([+-]?)$/;
const FLOATING = /^([+-]?)(\d[\d,]*)?(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/;
const WHOLE = /^[+-]?\d+$/;
const LONGEST_NUMBER = 400;
const LARGEST_DECIMAL = 79_228_162_514_264_337_593_543_950_335n;
const MOST_DECIMAL_PLACES = 28;

export function parseInt32(text: string): Numeral | undefined {
  const trimmed = trim(text);
  if (trimmed.length > LONGEST_NUMBER || !WHOLE.test(trimmed)) return undefined;
  const value = Number(trimmed);
  if (value < -(2 ** 31) || value >= 2 ** 31) return undefined;
  const digits = Math.abs(value) === 0 ? '' : String(Math.abs(value));
  return { kind: 'integer', negative: value < 0, digits, point: digits.length, value, scale: 0 };
}

/** Of at most 29 digits; what follows is rounded off. */
export function parseDecimal(text: string): Numeral | undefined {
  const trimmed = trim(text);
  const [, before = '', whole = '', fraction = '', after = ''] =
    (trimmed.length > LONGEST_NUMBER ? null : PLAIN.exec(trimmed)) ?? [];
  const units = whole.replaceAll(',', '');
  if (units + fraction === '' || (before !== '' && after !== '')) return undefined;
  let scale = Math.min(fraction.length, MOST_DECIMAL_PLACES);
  let coefficient = roundedOff(units + fraction, fraction.length - scale);
  while (scale > 0 && coefficient > LARGEST_DECIMAL) {
    scale -= 1;
    coefficient = roundedOff(units + fraction, fraction.length - scale);
  }
  if (coefficient > LARGEST_DECIMAL) return undefined;
  const digits = coefficient === 0n ? '' : String(coefficient);
  const negative = (before || after) === '-';
  return { kind: 'decimal', negative, digits, point: digits.length - scale, value: 0, scale };
}

/** Without so many digits at its end; of those, a 5 or more rounds up. */
function roundedOff(digits: string, drop: number): bigint {
  if (drop <= 0) return BigInt(digits);
  const kept = BigInt(digits.slice(0, -drop) || '0');
  return (digits.at(-drop) ?? '0') >= '5' ? kept + 1n : kept;
}

export function parseDouble(text: string): number | undefined {
  const trimmed = trim(text);
  const special = SPECIAL.get(trimmed.toLowerCase());
  if (special !== undefined) return special;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    (trimmed.length > LONGEST_NUMBER ? null : FLOATING.exec(trimmed)) ?? [];
  if (whole + fraction === '') return undefined;
  return Number(`${sign}${whole.replaceAll(',', '') || '0'}.${fraction || '0'}e${exponent}`);
}

const SPECIAL = new Map([
  ['nan', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
]);

/** A double, with the digits that tell it from its neighbours. */
export function numberOf(value: number): Numeral {
  const negative = value < 0 || Object.is(value, -0);
  if (!Number.isFinite(value) || value === 0)
    return { kind: 'double', negative, digits: '', point: 0, value, scale: 0 };
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  return { kind: 'double', negative, digits, point: Number(exponent) + 1, value, scale: 0 };
}

/** A double with all of its digits, of which there may be hundreds. */
export function exactDigits(numeral: Numeral): Digits {
  if (numeral.kind !== 'double' || numeral.digits === '') return numeral;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(numeral.value));
  const word = bits.getBigUint64(0);
  const biased = Number(word >> 52n);
  const mantissa = (word & 0xf_ffff_ffff_ffffn) | (biased === 0 ? 0n : 1n << 52n);
  const power = Math.max(biased, 1) - 1075;
  const scaled = power >= 0 ? mantissa << BigInt(power) : mantissa * 5n ** BigInt(-power);
  const digits = String(scaled);
  return { negative: numeral.negative, digits, point: digits.length + Math.min(power, 0) };
}

/** With so many digits at most, half away from zero; without zeros at the end. */
export function roundDigits({ negative, digits, point }: Digits, count: number): Digits {
  if (count < 0) return { negative, digits: '', point: 0 };
  let kept = digits.slice(0, count);
  let at = point;
  if ((digits[count] ?? '0') >= '5') {
    const up = String(BigInt(kept || '0') + 1n).padStart(kept.length, '0');
    at += up.length - kept.length;
    kept = up;
  }
  kept = kept.replace(TRAILING_ZEROS, '');
  return kept === '' ? { negative, digits: '', point: 0 } : { negative, digits: kept, point: at };
}

const TRAILING_ZEROS = /0+$/;
