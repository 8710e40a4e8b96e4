/**
 * Which variables people are asked for when they start a run, and whether what
 * they gave will do. What stands in the variable is what is offered: without
 * another value it is taken.
 *
 * Always true: a value that was given is never repeated in a problem when the
 * variable is sensitive.
 */
import type { Ref } from '../model/resource.ts';
import type { Prompt, VariableType } from '../model/variable.ts';
import { keyOf } from './candidate.ts';
import { candidatesOfRun, type SnapshotIndex } from './resolve.ts';
import { fold, type RunContext } from './scope.ts';

export interface PromptedVariable {
  /** `keyOf` the place of the variable: what the given value is stored under. */
  key: string;
  name: string;
  /** The name where the prompt has none. */
  label: string;
  type: VariableType;
  prompt: Prompt;
  /** Offered; empty of a sensitive one, though it has one then if `hasDefault`. */
  default: string;
  hasDefault: boolean;
}

/** Of the variables that this run may see, those that ask; by label, as people see them. */
export function promptedVariables(index: SnapshotIndex, run: RunContext): PromptedVariable[] {
  return candidatesOfRun(index, run)
    .flatMap(({ candidate: { variable, resolved } }) => {
      if (variable === null || variable.prompt === null) return [];
      const { name, type, prompt, value } = variable;
      const label = prompt.label === '' ? name : prompt.label;
      const key = keyOf(resolved.source);
      const offered = type === 'sensitive' ? '' : value;
      return [{ key, name, label, type, prompt, default: offered, hasDefault: value.trim() !== '' }];
    })
    .sort((a, b) => byText(a.label, b.label) || byText(a.key, b.key));
}

function byText(a: string, b: string): number {
  const [x, y] = [fold(a), fold(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

export interface GivenValue {
  /** A label, or a variable's name. */
  name: string;
  value: string;
}

/**
 * `Label:Value`, as the command takes it; `=` does as well. A label may have a colon in it: the longest one that is
 * asked for counts. Undefined when there is neither.
 */
export function splitGiven(text: string, asked: readonly PromptedVariable[]): GivenValue | undefined {
  const known = asked
    .flatMap(({ label, name }) => [label, name])
    .filter((each) => ':='.includes(text.charAt(each.length)) && text.length > each.length)
    .filter((each) => fold(text).startsWith(fold(each)))
    .sort((a, b) => b.length - a.length)[0];
  const at = known === undefined ? text.search(/[:=]/) : known.length;
  return at <= 0 ? undefined : { name: text.slice(0, at), value: text.slice(at + 1) };
}

/** As `FieldProblem` of errors. */
export interface ValueProblem {
  field: string;
  value?: string;
  expected: string;
}

export type CheckedPrompts =
  { values: ReadonlyMap<string, string>; problems?: undefined } | { problems: ValueProblem[] };

export interface PromptOptions {
  /** The name that a mistyped one most likely meant. */
  nearest: (word: string, known: readonly string[]) => string | undefined;
  /** Of variables of type `workerPool`. */
  pools: readonly { id: Ref; name: string }[];
}

/** The values to run with, by key, or all that is wrong with them. */
export function checkPrompted(
  asked: readonly PromptedVariable[],
  given: readonly GivenValue[],
  options: PromptOptions,
): CheckedPrompts {
  const values = new Map<string, string>();
  const problems: ValueProblem[] = [];
  for (const each of given) {
    const meant = asked.filter(({ label, name }) => isSame(each.name, label) || isSame(each.name, name));
    if (meant.length === 0) problems.push(unknownName(each.name, asked, options));
    for (const variable of meant) {
      const field = fieldOf(variable);
      if (values.has(variable.key)) problems.push({ field, expected: 'one value' });
      const taken = valueOf(variable, each.value, options);
      if ('expected' in taken) {
        const repeated = variable.type === 'sensitive' ? {} : { value: each.value };
        problems.push({ field, ...repeated, expected: taken.expected });
      } else values.set(variable.key, taken.value);
    }
  }
  const wrong = new Set(problems.map(({ field }) => field));
  for (const variable of asked) {
    const value = values.get(variable.key);
    const missing = value === undefined ? !variable.hasDefault : value.trim() === '';
    if (!variable.prompt.required || !missing || wrong.has(fieldOf(variable))) continue;
    problems.push({ field: fieldOf(variable), expected: expectedOf(variable, options) });
  }
  return problems.length > 0 ? { problems } : { values };
}

function isSame(a: string, b: string): boolean {
  return fold(a.trim()) === fold(b.trim());
}

function fieldOf({ label }: PromptedVariable): string {
  return `variables.${label}`;
}

function unknownName(
  name: string,
  asked: readonly PromptedVariable[],
  { nearest }: PromptOptions,
): ValueProblem {
  const field = `variables.${name}`;
  if (asked.length === 0) return { field, expected: 'nothing: this run asks for no variables' };
  const known = asked.flatMap((each) =>
    isSame(each.label, each.name) ? [each.label] : [each.label, each.name],
  );
  const near = nearest(name, known);
  const labels = [...new Set(asked.map(({ label }) => label))].join(', ');
  return { field, expected: near === undefined ? `one of ${labels}` : `did you mean ${near}?` };
}

type Taken = { value: string } | { expected: string };

/** The value as it is stored. Nothing given to a variable that is not required is a value too. */
function valueOf(variable: PromptedVariable, value: string, options: PromptOptions): Taken {
  const { prompt, type } = variable;
  const expected = expectedOf(variable, options);
  if (value.trim() === '') return prompt.required ? { expected } : { value };
  if (type === 'workerPool') {
    const pool = options.pools.find(({ id, name }) => id === value || isSame(name, value));
    return pool === undefined ? { expected } : { value: pool.id };
  }
  switch (prompt.control) {
    case 'text':
      return /[\r\n]/.test(value) ? { expected: 'a text of one line' } : { value };
    case 'multiline':
      return { value };
    case 'checkbox': {
      const stored = CHECKED.get(fold(value.trim()));
      return stored === undefined ? { expected } : { value: stored };
    }
    case 'select': {
      const option =
        prompt.options.find((each) => each.value === value) ??
        prompt.options.find((each) => isSame(each.label, value) || isSame(each.value, value));
      return option === undefined ? { expected } : { value: option.value };
    }
  }
}

/** As Octopus stores a checkbox. */
const CHECKED: ReadonlyMap<string, string> = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, 'True'] as const),
  ...['false', 'no', 'off', '0'].map((word) => [word, 'False'] as const),
]);

function expectedOf({ type, prompt }: PromptedVariable, { pools }: PromptOptions): string {
  if (type === 'workerPool') return `a worker pool: ${pools.map(({ name }) => name).join(', ')}`;
  if (prompt.control === 'select') return `one of ${prompt.options.map(({ value }) => value).join(', ')}`;
  if (prompt.control === 'checkbox') return 'True or False';
  return 'a value, for it is required';
}
