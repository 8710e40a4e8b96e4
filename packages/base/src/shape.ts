/**
 * What a value that was read as JSON must look like before it is believed: a
 * file on a disk may be damaged, an older or a newer program's, or somebody's
 * own. A shape says what is wrong with a value, by its field, and never shows
 * the value: secrets stand in some of these files.
 */
import { AppError } from './errors.ts';

/** Empty: it fits, and is a T. Else the field, and what would be right. */
export interface Shape<T = unknown> {
  (value: unknown, field: string): string;
  /** Only for the type. */
  readonly is?: T;
}

/** As the makers give it: whoever names what it is the shape of vouches for that. */
type Unnamed = Shape<never>;

const simple =
  (expected: string, fits: (value: unknown) => boolean): Unnamed =>
  (value, field) =>
    fits(value) ? '' : `${field}: expected ${expected}`;

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const HEX = /^(?:[0-9A-Fa-f]{2})*$/;

export const shape = {
  text: simple('a text', (value) => typeof value === 'string'),
  /** Bytes in hex. */
  hex: simple('bytes in hex', (value) => typeof value === 'string' && HEX.test(value)),
  number: simple('a number', (value) => Number.isFinite(value)),
  /** From 0 on. */
  count: simple('a whole number', (value) => Number.isSafeInteger(value) && Number(value) >= 0),
  /** Of 32 bits with a sign. */
  whole: simple(
    'a whole number',
    (value) => Number.isInteger(value) && Number(value) === (Number(value) | 0),
  ),
  /** From 0 on, below 2^31. */
  small: simple(
    'a whole number',
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31,
  ),
  flag: simple('true or false', (value) => typeof value === 'boolean'),
  /** A text that a program makes and checks itself, such as an id. */
  such: (expected: string, fits: (text: string) => boolean): Unnamed =>
    simple(expected, (value) => typeof value === 'string' && fits(value)),
  only: (...values: readonly (string | number)[]): Unnamed =>
    simple(values.join(' or '), (value) => values.some((each) => each === value)),
  optional:
    (of: Shape): Unnamed =>
    (value, field) =>
      value === undefined ? '' : of(value, field),
  list:
    (of: Shape): Unnamed =>
    (value, field) =>
      Array.isArray(value)
        ? first(value.map((each, i) => [each, `${field}[${i}]`, of]))
        : `${field}: expected a list`,
  /** Of any keys. */
  map:
    (of: Shape): Unnamed =>
    (value, field) =>
      isMap(value)
        ? first(Object.entries(value).map(([key, each]) => [each, join(field, key), of]))
        : `${field}: expected a map`,
  /** These keys; others are a newer program's, and left alone. */
  fields:
    (shapes: Readonly<Record<string, Shape>>): Unnamed =>
    (value, field) =>
      isMap(value)
        ? first(Object.entries(shapes).map(([key, of]) => [own(value, key), join(field, key), of]))
        : `${field || 'it'}: expected a map`,
  /** A union, told apart by one key. */
  oneOf:
    (tag: string, kinds: Readonly<Record<string, Shape>>): Unnamed =>
    (value, field) => {
      const kind = isMap(value) ? own(value, tag) : undefined;
      const of = typeof kind === 'string' ? own(kinds, kind) : undefined;
      return of === undefined
        ? `${join(field, tag)}: expected ${Object.keys(kinds).join(' or ')}`
        : of(value, field);
    },
};

/** @throws AppError `corrupt`, which names `what`, the field and what would be right, and shows nothing of the text */
export function readJson<T>(text: string, of: Shape<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words repeat a part of the text.
    throw new AppError('corrupt', `${what} is not JSON`);
  }
  const problem = of(value, '');
  if (problem !== '') throw new AppError('corrupt', `${what} is not right: ${problem}`);
  return value as T;
}

function first(parts: readonly (readonly [value: unknown, field: string, of: Shape])[]): string {
  for (const [value, field, of] of parts) {
    const problem = of(value, field);
    if (problem !== '') return problem;
  }
  return '';
}

/** What every object inherits is no field of a file. */
function own<T>(of: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(of, key) ? of[key] : undefined;
}

function join(field: string, key: string): string {
  return field === '' ? key : `${field}.${key}`;
}
