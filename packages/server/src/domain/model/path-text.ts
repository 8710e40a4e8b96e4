/**
 * Paths of a body as people write them in YAML: `steps[Deploy].script.pool`
 * and not `process.steps[0].actions[0].does.pool`. Entries of lists are told by
 * their names where they have one.
 */
import type { Path } from './ref.ts';

export function pathText(path: Path, body: unknown): string {
  let at: unknown = body;
  let text = '';
  for (const part of path) {
    const inside = at;
    at = isMap(at) || Array.isArray(at) ? (at as Record<string, unknown>)[part] : undefined;
    text = extendedPath(text, part, { inside, value: at });
  }
  return text;
}

/** The text of a path, and one part more. */
export function extendedPath(
  text: string,
  part: string | number,
  { inside, value }: { inside: unknown; value: unknown },
): string {
  if (typeof part === 'number') return isOnlyAction(inside) ? text : `${text}[${nameOf(value) ?? part}]`;
  // A process is written as its steps, a single action into its step, a script's text into the script.
  if (part === 'process' || (part === 'actions' && isOnlyAction(value))) return text;
  if (part === 'script' && kindOf(inside) === 'script') return text;
  const word = part === 'does' || part === 'reachedBy' ? kindOf(value) : part;
  return text === '' || word === '' ? text + word : `${text}.${word}`;
}

function isOnlyAction(list: unknown): boolean {
  return Array.isArray(list) && list.length === 1 && isMap(list[0]) && 'does' in list[0];
}

function nameOf(entry: unknown): string | undefined {
  return isMap(entry) && typeof entry['name'] === 'string' ? entry['name'] : undefined;
}

function kindOf(of: unknown): string {
  return isMap(of) && typeof of['kind'] === 'string' ? of['kind'] : '';
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
