/** What a filter is: a pure function of a text, its arguments, and what the caller gave for time and culture. */
import type { EvaluateOptions } from '../options.ts';

export interface Around extends Readonly<EvaluateOptions> {
  /** Is told the length of what is to be made where that may be far more than what was given; throws when it is too long. */
  readonly makes: (characters: number) => void;
}

/** Says why there is nothing. */
export interface Refusal {
  readonly message: string;
  readonly expected: string;
}

/**
 * @param value undefined: what stands before the filter gave nothing
 * @returns undefined: nothing; the construct is printed as it is written
 */
export type Filter = (
  value: string | undefined,
  args: readonly string[],
  around: Around,
) => string | Refusal | undefined;

export function isRefusal(result: string | Refusal | undefined): result is Refusal {
  return typeof result === 'object';
}

/** Of a text that is there. */
export function ofText(
  filter: (value: string, args: readonly string[], around: Around) => ReturnType<Filter>,
): Filter {
  return (value, args, around) => (value === undefined ? undefined : filter(value, args, around));
}

/** Of a text that is there, without any arguments. */
export function plain(filter: (value: string) => string | undefined): Filter {
  return (value, args) => (value === undefined || args.length > 0 ? undefined : filter(value));
}

/** A whole number from 0 on, as an argument; undefined: it is none. */
export function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\+?\d{1,9}\s*$/.test(text) ? Number(text) : undefined;
}
