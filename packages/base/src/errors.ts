/**
 * The one error of Longshore: a closed set of codes, a message that says what
 * was being done to which id, and a cause. How a script ended is data
 * (`Outcome`), never an error.
 */
export const ERROR_CODES = [
  'invalid', // the caller's input; `fields` says which, what it was and what would be right
  'unauthenticated',
  'forbidden',
  'notFound',
  'conflict', // the state of things does not allow it now; `detail` lists what is in the way
  'gone', // it was there, and is no longer to be had
  'tooLarge',
  'tooMany', // a limit of rate or count
  'unavailable', // the other end can't be reached; trying again may help
  'noSpace', // a disk is full: nothing was changed, and trying again helps once it has room
  'timedOut',
  'cancelled',
  'corrupt', // bytes are not what their digest or format says
  'bug', // must not happen
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** One wrong field of an input. */
export interface FieldProblem {
  /** Path of the field, as the user wrote it: `slots`, `--timeout`, `workers[2].name`. */
  field: string;
  /** The value given; never of a secret field. */
  value?: unknown;
  /** What would be right. */
  expected: string;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldProblem[];
  /** Facts for programs, such as the ids of what is in the way. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; fields?: readonly FieldProblem[]; detail?: Record<string, unknown> } = {},
  ) {
    super(withoutSecrets(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.fields = (options.fields ?? []).map(withoutSecret);
    this.detail = plainFacts(options.detail ?? {});
  }
}

/** One-time tokens, pairing strings and API keys, whose first letters say what they are; and passwords in URLs. */
const HANDED_OUT = /(ls[tpk]_)[A-Za-z0-9_-]{40,}/g;
const PASSWORD_OF_URL = /(:\/\/)[^\s/@:]*:[^\s/@]*@/g;

/** Whoever gives a secret in the place of something else (an id, a file's name) must not find it in a log. */
export function withoutSecrets(text: string): string {
  return text.replace(HANDED_OUT, '$1…').replace(PASSWORD_OF_URL, '$1…@');
}

function withoutSecret(problem: FieldProblem): FieldProblem {
  const { field, value } = problem;
  return {
    ...problem,
    field: withoutSecrets(field),
    ...(typeof value === 'string' ? { value: withoutSecrets(value) } : {}),
  };
}

function plainFacts(facts: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([key, fact]) => [key, typeof fact === 'string' ? withoutSecrets(fact) : fact]),
  );
}

/** One wrong field, as an error whose message names field, value and what would be right. */
export function invalid(field: string, value: unknown, expected: string): AppError {
  return new AppError('invalid', `${field}: ${show(value)} is not right; expected ${expected}`, {
    fields: [{ field, value, expected }],
  });
}

export function notFound(kind: string, id: string): AppError {
  const shown = beginning(withoutSecrets(id));
  return new AppError('notFound', `There is no ${kind} "${shown}"`, { detail: { kind, id: shown } });
}

/** What was thrown, as an Error, whatever it was. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error || looksLikeError(thrown)) return thrown;
  return new Error(typeof thrown === 'string' ? thrown : `thrown: ${show(thrown)}`);
}

/** An error of another realm (a native module's, within a test) is no instance of ours. */
function looksLikeError(thrown: unknown): thrown is Error {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    'message' in thrown &&
    typeof thrown.message === 'string' &&
    'stack' in thrown
  );
}

export function isCode(thrown: unknown, code: ErrorCode): thrown is AppError {
  return thrown instanceof AppError && thrown.code === code;
}

/** Whether it is a Node system error of this code, such as ENOENT. */
export function isErrno(thrown: unknown, ...codes: string[]): thrown is NodeJS.ErrnoException {
  // By its looks: an error of another realm (a test's) is no instance of ours.
  return (
    typeof thrown === 'object' && thrown !== null && 'code' in thrown && codes.includes(String(thrown.code))
  );
}

/** Whether a disk, or a quota on it, is full. */
export function isDiskFull(thrown: unknown): thrown is NodeJS.ErrnoException {
  return isErrno(thrown, 'ENOSPC', 'EDQUOT');
}

/** Ends an exhaustive switch. */
export function assertNever(value: never, what = 'value'): never {
  throw new AppError('bug', `unexpected ${what}: ${show(value)}`);
}

/** Of a longer value the beginning is shown: it says which one is meant. */
const LONGEST_SHOWN_CHARACTERS = 200;

function show(value: unknown): string {
  try {
    return beginning(withoutSecrets(json(value) ?? typeof value));
  } catch {
    return typeof value;
  }
}

function beginning(text: string): string {
  return text.length > LONGEST_SHOWN_CHARACTERS ? `${text.slice(0, LONGEST_SHOWN_CHARACTERS)}…` : text;
}

/** Functions, symbols and undefined have no JSON form, whatever the library's types say. */
function json(value: unknown): string | undefined {
  return JSON.stringify(value);
}
