/** JSON near to right one: a value of another kind, a key too many, too few, or one that every object has. */
import type { Schedule } from '../../support/faults.ts';

const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    2 ** 53,
    '',
    'x',
    '0',
    '../../etc',
    '..',
    '.',
    '\0',
    'a\nb',
    '__proto__',
  ],
  ...['x'.repeat(300), 'ab', 'AA==', [], {}, [null], [[]], { a: 1 }, { toString: 1 }, [1, 'a', {}]],
];
const KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'x', '../x', 'length', 'kind'];

/** Any seed that is no JSON is given back as it is. */
export function mutatedJson(random: Schedule, corpus: readonly Buffer[]): Buffer {
  const seed = random.pick(corpus);
  let value: unknown;
  try {
    value = JSON.parse(seed.toString());
  } catch {
    return seed;
  }
  for (let changes = random.between(1, 3); changes > 0; changes -= 1) value = changed(random, value);
  return Buffer.from((JSON.stringify(value) as string | undefined) ?? 'null');
}

/** Somewhere in it, by a walk down that may end at each level. */
function changed(random: Schedule, value: unknown): unknown {
  if (Array.isArray(value) && value.length > 0 && random.chance(0.8)) return changedList(random, value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && random.chance(0.9))
    return changedMap(random, Object.entries(value));
  return random.pick(VALUES);
}

function changedList(random: Schedule, list: readonly unknown[]): unknown[] {
  const at = random.between(0, list.length - 1);
  switch (random.between(0, 5)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return list.toSpliced(at, 0, list[at]);
    default:
      return list.toSpliced(at, 1, changed(random, list[at]));
  }
}

function changedMap(random: Schedule, entries: readonly [string, unknown][]): Record<string, unknown> {
  const at = random.between(0, Math.max(0, entries.length - 1));
  const [key = 'x', value] = entries[at] ?? [];
  switch (random.between(0, 7)) {
    case 0:
      return Object.fromEntries(entries.toSpliced(at, 1));
    case 1:
      return Object.fromEntries([...entries, [random.pick(KEYS), random.pick(VALUES)]]);
    case 2:
      return Object.fromEntries(entries.toSpliced(at, 1, [random.pick(KEYS), value]));
    default:
      return Object.fromEntries(entries.toSpliced(at, 1, [key, changed(random, value)]));
  }
}
