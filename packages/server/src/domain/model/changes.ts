/** What differs between two bodies, as the paths of changed fields: never their values, for some are secrets. */

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
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      collect(before[key], after[key], path === '' ? key : `${path}.${key}`, found);
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
      collect(before[i], after[i], `${path}[${i}]`, found);
    return;
  }
  for (const name of new Set([...was.keys(), ...is.keys()]))
    collect(was.get(name), is.get(name), `${path}[${name}]`, found);
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

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
