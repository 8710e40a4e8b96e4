/**
 * Checks what came in against a schema, and says what is wrong in people's
 * words: field, value, what would be right. A value that may be a secret is
 * never repeated.
 */
import { AppError, type FieldProblem } from '@longshore/base';
import { nearest } from '@longshore/base/nearest';
import type { z } from 'zod';

import { FIELD_PROBLEMS_TOLD } from '../limits.ts';

/** What may hold a secret, or is too large to repeat; all that lies below such a field too. */
const UNREPEATED = new Set([
  'pairing',
  'body',
  'arguments',
  'environment',
  'value',
  'contentBase64',
  'labels',
  'healthCheckScript',
]);
/** A whole script given as text would be repeated otherwise. */
const UNREPEATED_ITSELF = new Set(['script', 'variables', 'files']);
const LONGEST_REPEATED_CHARACTERS = 100;

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** @throws AppError `invalid` with a problem for each wrong field */
export function check<T>(schema: z.ZodType<T>, input: unknown, what = 'The request'): T {
  const result = parsed(schema, input);
  if (result.success) return result.data;
  throw toInvalid(result.error, { schema, input, what });
}

/** zod measures whatever has a `length`, also an object in the place of a text, and throws when that is no number. */
export function parsed<T>(schema: z.ZodType<T>, input: unknown): z.ZodSafeParseResult<T> {
  try {
    return schema.safeParse(input);
  } catch {
    return schema.safeParse(withoutLengths(input));
  }
}

function withoutLengths(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLengths);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== 'length');
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutLengths(each)]));
}

function toInvalid(error: z.ZodError, of: { schema: z.ZodType; input: unknown; what: string }): AppError {
  const fields: FieldProblem[] = [];
  let left = 0;
  for (const issue of error.issues) {
    const told = fields.length < FIELD_PROBLEMS_TOLD ? problems(issue, of) : [];
    fields.push(...told);
    left += (issue.code === 'unrecognized_keys' ? issue.keys.length : 1) - told.length;
  }
  left += fields.splice(FIELD_PROBLEMS_TOLD).length;
  const said = fields.map((problem) => `${problem.field}: ${sayValue(problem)}expected ${problem.expected}`);
  const more = left > 0 ? `; and ${left} more` : '';
  return new AppError('invalid', `${of.what} is not right: ${said.join('; ')}${more}`, { fields });
}

function sayValue(problem: FieldProblem): string {
  return 'value' in problem ? `${JSON.stringify(problem.value)} is not right, ` : '';
}

function problems(issue: z.core.$ZodIssue, of: { schema: z.ZodType; input: unknown }): FieldProblem[] {
  const path = issue.path;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(of.schema, path);
    return issue.keys
      .slice(0, FIELD_PROBLEMS_TOLD)
      .map((key) => ({ field: fieldName([...path, key]), expected: knownField(key, known) }));
  }
  const value = valueAt(of.input, path);
  const field = path.length === 0 ? 'body' : fieldName(path);
  const expected = value === undefined ? `${expectation(issue)} (it is required)` : expectation(issue);
  return [{ field, ...(mayRepeat(path, value) ? { value } : {}), expected }];
}

function knownField(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  if (near !== undefined) return `a known field; did you mean "${near}"?`;
  return known.length > 0 ? `a known field: one of ${known.join(', ')}` : 'no field here';
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_WORDS[issue.expected] ?? issue.expected;
    case 'too_small':
      return amount(issue.origin, Number(issue.minimum), 'at least');
    case 'too_big':
      return amount(issue.origin, Number(issue.maximum), 'at most');
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
    case 'custom':
    case 'invalid_union':
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
      return issue.message;
  }
}

function amount(origin: string, bound: number, how: 'at least' | 'at most'): string {
  if (origin === 'string') {
    if (how === 'at least' && bound === 1) return 'text that is not empty';
    return `text of ${how} ${bound} characters`;
  }
  if (origin === 'array') return `a list of ${how} ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  return `a number of ${how} ${bound}`;
}

/** `variables[2].name` */
function fieldName(path: readonly PropertyKey[]): string {
  let shown = '';
  for (const part of path) {
    if (typeof part === 'number') shown += `[${part}]`;
    else shown += shown === '' ? cut(String(part)) : `.${cut(String(part))}`;
  }
  return shown;
}

function cut(key: string): string {
  return key.length > LONGEST_REPEATED_CHARACTERS ? `${key.slice(0, LONGEST_REPEATED_CHARACTERS)}…` : key;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function mayRepeat(path: readonly PropertyKey[], value: unknown): boolean {
  if (path.length === 0 || path.some((part) => UNREPEATED.has(String(part)))) return false;
  if (path.some((part, i) => UNREPEATED_ITSELF.has(String(part)) && i >= path.length - 2)) {
    // A field of `script` itself may be repeated, `script` and an entry of its lists not.
    const last = path.at(-1);
    if (typeof last === 'number' || UNREPEATED_ITSELF.has(String(last))) return false;
  }
  if (typeof value === 'string') return value.length <= LONGEST_REPEATED_CHARACTERS;
  return typeof value === 'number' || typeof value === 'boolean' || value === null;
}

/** The names that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at = unwrapped(schema);
  for (const part of path) {
    if (at === undefined) return [];
    if (at.def.type === 'array') at = unwrapped((at as unknown as { element: z.ZodType }).element);
    else if (at.def.type === 'object')
      at = unwrapped((at as z.ZodObject).shape[String(part)] as z.ZodType | undefined);
    else return [];
  }
  return at?.def.type === 'object' ? Object.keys((at as z.ZodObject).shape) : [];
}

function unwrapped(schema: z.ZodType | undefined): z.ZodType | undefined {
  let at = schema;
  while (at !== undefined && ['optional', 'nullable', 'default'].includes(at.def.type)) {
    at = (at as z.ZodOptional<z.ZodType>).unwrap();
  }
  return at;
}
