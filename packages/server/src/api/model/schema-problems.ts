/**
 * What a schema found wrong in a document, in people's words. A value that may
 * be a secret, or belongs to a script, is never repeated.
 */
import { nearest } from '@longshore/base/nearest';
import type { z } from 'zod';

import type { PlacedProblem } from '../../app/model/model-draft.ts';
import type { Path } from '../../domain/model/ref.ts';
import { MODEL_PROBLEMS_TOLD } from '../../limits.ts';
import { placeIn } from './places.ts';
import { cut, type YamlDocument } from './yaml-files.ts';

/** Nothing that stands in or below one of these is repeated. */
const UNREPEATED = new Set([
  ...['value', 'default', 'sensitive', 'variables', 'body', 'arguments', 'environment', 'headers', 'url'],
  ...['expect', 'instructions', 'notes', 'runAs', 'variable', 'options'],
]);
const LONGEST_REPEATED_CHARACTERS = 100;

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text (put numbers, true and false in quotes)',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
};

/** Where one stands is looked for from the document's begin: of more than are told anyway it is not. */
export function schemaProblems(of: YamlDocument, schema: z.ZodType, error: z.ZodError): PlacedProblem[] {
  const issues = error.issues.flatMap((issue): z.core.$ZodIssue[] =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue],
  );
  const told = issues.slice(0, MODEL_PROBLEMS_TOLD);
  const problems = told.flatMap((issue) => problemsOf(issue, [], { of, schema }));
  const last = problems.at(-1);
  if (issues.length === told.length || last === undefined) return problems;
  const words = `and ${issues.length - told.length} more in this document`;
  return [...problems, { ...last, value: undefined, expected: '', words }];
}

interface Context {
  of: YamlDocument;
  schema: z.ZodType;
}

function problemsOf(issue: z.core.$ZodIssue, prefix: Path, context: Context): PlacedProblem[] {
  const path = [...prefix, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, context));
  if (issue.code === 'invalid_union') {
    const branch = deepest(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => problemsOf(inner, path, context));
  }
  const value = valueAt(context.of.value, path);
  const place = placeIn(context.of, path, { exact: true });
  const required = value === undefined && issue.code !== 'custom' ? ' (it is required)' : '';
  return [
    {
      ...place,
      ...(mayRepeat(path, value) ? { value } : {}),
      expected: `${expectation(issue)}${required}${meant(issue, value)}`,
    },
  ];
}

function unknownKey(key: string, path: Path, { of, schema }: Context): PlacedProblem {
  const known = keysAt(schema, path);
  const near = nearest(key, known);
  const place = placeIn(of, [...path, key], { key: true, exact: true });
  const hint = near === undefined ? '' : `; did you mean \`${near}\`?`;
  const all = near === undefined && known.length > 0 ? `; there are ${known.join(', ')}` : '';
  return {
    ...place,
    expected: near === undefined ? `one of ${known.join(', ')}` : near,
    words: `unknown key \`${cut(key)}\`${hint}${all}`,
  };
}

/** Of a choice the alternative that was meant: the one whose form fits, and whose parts do not. */
function deepest(
  branches: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  return branches.find((branch) =>
    branch.some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys' || code === 'custom'),
  );
}

function expectation(issue: z.core.$ZodIssue): string {
  // A message of ours, and none of the library's.
  if (!/^(Invalid|Too|Unrecognized)/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_WORDS[issue.expected] ?? issue.expected;
    case 'too_small':
      return amount(issue.origin, Number(issue.minimum), 'at least');
    case 'too_big':
      return amount(issue.origin, Number(issue.maximum), 'at most');
    case 'invalid_value':
      return issue.values.length === 1
        ? String(issue.values[0])
        : `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union': {
      const all = issue.errors.flatMap((branch) => branch.slice(0, 1).map(expectation));
      return [...new Set(all)].join(', or ');
    }
    case 'invalid_format':
    case 'custom':
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
      return 'another form';
  }
}

function amount(origin: string, bound: number, how: 'at least' | 'at most'): string {
  if (origin === 'string')
    return how === 'at least' && bound === 1 ? 'text that is not empty' : `${how} ${bound} characters`;
  if (origin === 'array') return `${how} ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  return `${how} ${bound}`;
}

/** The nearest of the words that would do. */
function meant(issue: z.core.$ZodIssue, value: unknown): string {
  if (typeof value !== 'string') return '';
  const near = nearest(value, wordsOf(issue));
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

function wordsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(wordsOf);
  return issue.code === 'invalid_value' ? issue.values.map(String) : [];
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, part)
        ? (at as Record<string, unknown>)[part]
        : undefined,
    value,
  );
}

function mayRepeat(path: Path, value: unknown): boolean {
  const hidden = path.some(
    (part, i) =>
      typeof part === 'string' &&
      UNREPEATED.has(part) &&
      // Of a list of variables what is no value may be repeated.
      !(part === 'variables' && typeof path[i + 1] === 'number'),
  );
  if (hidden) return false;
  if (typeof value === 'string') return value.length <= LONGEST_REPEATED_CHARACTERS;
  return typeof value === 'number' || typeof value === 'boolean' || value === null;
}

/** The keys that the schema knows at a path, of all alternatives. */
export function keysAt(schema: z.ZodType, path: Path): string[] {
  let at = alternatives(schema);
  for (const part of path)
    at = at.flatMap((each) => {
      if (each.def.type === 'array' && typeof part === 'number')
        return alternatives((each as unknown as { element: z.ZodType }).element);
      if (each.def.type !== 'object' || typeof part !== 'string') return [];
      return alternatives((each as z.ZodObject).shape[part] as z.ZodType | undefined);
    });
  return at.flatMap((each) => (each.def.type === 'object' ? Object.keys((each as z.ZodObject).shape) : []));
}

function alternatives(schema: z.ZodType | undefined): z.ZodType[] {
  if (schema === undefined) return [];
  const { def } = schema as unknown as {
    def: { type: string; innerType?: z.ZodType; in?: z.ZodType; options?: z.ZodType[] };
  };
  if (def.innerType !== undefined) return alternatives(def.innerType);
  if (def.type === 'pipe') return alternatives(def.in);
  if (def.type === 'union') return (def.options ?? []).flatMap(alternatives);
  return [schema];
}
