/**
 * Values that are JSON, as trees. Numbers stay as they are written, whatever
 * their size; a value that is nested too deep counts as text.
 */
import { DEEPEST_JSON } from './limits.ts';

export type JsonTree = readonly unknown[] | { readonly [key: string]: unknown };

/** Node's, which the compiler's library does not know yet. */
const { rawJSON, isRawJSON, parse } = JSON as unknown as {
  rawJSON: (text: string) => unknown;
  isRawJSON: (value: unknown) => value is { rawJSON: string };
  parse: (
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ) => unknown;
};

/** An array or an object; undefined: it is none, and has no parts. */
export function readTree(text: string): JsonTree | undefined {
  if (!/^\s*[[{]/.test(text) || isTooDeep(text)) return undefined;
  try {
    const value = parse(text, (_key, part, { source }) =>
      typeof part === 'number' && source !== undefined ? rawJSON(source) : part,
    );
    return isTree(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isTree(value: unknown): value is JsonTree {
  return typeof value === 'object' && value !== null && !isRawJSON(value);
}

/** By an index, or the very name of a field; undefined: an array has no such part. A field that is missing is empty, as Octopus has it. */
export function partOf(tree: JsonTree, key: string): unknown {
  if (Array.isArray(tree))
    return /^\d{1,9}$/.test(key) ? ((tree as unknown[])[Number(key)] ?? null) : undefined;
  return Object.hasOwn(tree, key) ? (tree as Record<string, unknown>)[key] : null;
}

/** How it is printed. */
export function textOf(part: unknown): string {
  if (part === null || part === undefined) return '';
  if (typeof part === 'string') return part;
  if (typeof part === 'boolean') return part ? 'True' : 'False';
  return JSON.stringify(part);
}

/** What would take the stack of the parser, or of the printer. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === '{' || character === '[')) depth += 1;
    else if (!quoted && (character === '}' || character === ']')) depth -= 1;
    if (depth > DEEPEST_JSON) return true;
  }
  return false;
}
