/** What differs between two bodies, as the paths of changed fields: never their values, for some are secrets. */

import { extendedPath, isMap } from './path-text.ts';

/** More changed fields than these are told as one `…`. */
const MOST_TOLD = 50;

export function changedFields(before: unknown, after: unknown): string[] {
  const found: string[] = [];
  collect(before, after, '', found);
  if (found.length <= MOST_TOLD) return found;
  return [...found.slice(0, MOST_TOLD), `… and ${found.length - MOST_TOLD} more`];
}

function collect(before: unknown, after: unknown, path: string, found: string[]): void {
  if (Array.isArray(before) && Array.isArray(after)) collectList(before, after, path, found);
  else if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const of = { inside: after, value: after[key] ?? before[key] };
      collect(before[key], after[key], extendedPath(path, key, of), found);
    }
  } else if (before !== after && JSON.stringify(before) !== JSON.stringify(after)) found.push(path);
}

/** Entries with names are the same when their names are; others when they stand at the same place. */
function collectList(before: unknown[], after: unknown[], path: string, found: string[]): void {
  const [was, is] = [byName(before), byName(after)];
  if (was === undefined || is === undefined) {
    const plain = [...before, ...after].every((entry) => !isMap(entry));
    if (plain) {
      if (JSON.stringify(before) !== JSON.stringify(after)) found.push(path);
      return;
    }
    for (let i = 0; i < Math.max(before.length, after.length); i += 1)
      collect(
        before[i],
        after[i],
        extendedPath(path, i, { inside: after, value: after[i] ?? before[i] }),
        found,
      );
    return;
  }
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    const value = is.get(name) ?? was.get(name);
    collect(was.get(name), is.get(name), extendedPath(path, 0, { inside: after, value }), found);
  }
  const kept = [...was.keys()].filter((name) => is.has(name));
  const order = [...is.keys()].filter((name) => was.has(name));
  if (kept.join('\n') !== order.join('\n')) found.push(`${path} (order)`);
}

/** By their names, which are unique; undefined where they have none, or not unique ones. */
function byName(list: readonly unknown[]): Map<string, unknown> | undefined {
  const found = new Map<string, unknown>();
  for (const entry of list) {
    const name = isMap(entry) ? entry['name'] : undefined;
    if (typeof name !== 'string' || found.has(name)) return undefined;
    found.set(name, entry);
  }
  return found;
}
