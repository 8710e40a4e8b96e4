/** Versions of releases: which is newer, and which comes next. */

interface Version {
  numbers: number[];
  /** Empty: it is no pre-release. */
  pre: string[];
}

const VERSION = /^v?(\d+(?:\.\d+)*)(?:-([^+]+))?(?:\+.*)?$/i;

function parsed(text: string): Version | undefined {
  const found = VERSION.exec(text.trim());
  if (found === null) return undefined;
  return {
    numbers: (found[1] ?? '').split('.').map(Number),
    pre: found[2] === undefined ? [] : found[2].split('.'),
  };
}

/** As semantic versions are ordered, with any count of numbers; what is no version comes before all that are. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [parsed(a), parsed(b)];
  if (one === undefined || other === undefined)
    return Number(one !== undefined) - Number(other !== undefined) || (a < b ? -1 : Number(a > b));
  const length = Math.max(one.numbers.length, other.numbers.length);
  for (let i = 0; i < length; i += 1) {
    const by = (one.numbers[i] ?? 0) - (other.numbers[i] ?? 0);
    if (by !== 0) return by;
  }
  if (one.pre.length === 0 || other.pre.length === 0) return other.pre.length - one.pre.length;
  return comparePre(one.pre, other.pre);
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined) return Number(y === undefined) - Number(x === undefined);
    const [nx, ny] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (nx && ny && Number(x) !== Number(y)) return Number(x) - Number(y);
    if (nx !== ny) return nx ? -1 : 1;
    if (x !== y && !(nx && ny)) return x < y ? -1 : 1;
  }
  return 0;
}

/** What a version template may refer to: `Octopus.Version.LastMajor` and the like, of the release before. */
export function lastVersionVariables(last: string | undefined): Record<string, string> {
  const numbers = last === undefined ? [] : (parsed(last)?.numbers ?? []);
  const [major, minor, patch, revision] = [0, 1, 2, 3].map((i) => numbers[i] ?? 0) as [
    number,
    number,
    number,
    number,
  ];
  // Without a release before, the first one is 0.0.1.
  return {
    'Octopus.Version.LastMajor': String(major),
    'Octopus.Version.LastMinor': String(minor),
    'Octopus.Version.LastPatch': String(patch),
    'Octopus.Version.LastRevision': String(revision),
    'Octopus.Version.NextMajor': String(major + 1),
    'Octopus.Version.NextMinor': String(minor + 1),
    'Octopus.Version.NextPatch': String(patch + 1),
    'Octopus.Version.NextRevision': String(revision + 1),
  };
}

export const DEFAULT_VERSION_TEMPLATE =
  '#{Octopus.Version.LastMajor}.#{Octopus.Version.LastMinor}.#{Octopus.Version.NextPatch}';

/** What a release may be called: letters, digits, dots, dashes, plus and underscores, beginning with a letter or digit. */
export const RELEASE_VERSION = /^[\p{L}\p{N}][\p{L}\p{N}.+_-]{0,199}$/u;
