/** What is wrong in a body, and the two kinds of wrong that most checks look for. */
import type { Project } from './project.ts';
import { nameKey, type Path } from './ref.ts';
import type { VariableSet } from './variable.ts';

export interface ModelProblem {
  path: Path;
  /** What stands there; never of a secret. */
  value?: unknown;
  /** What would be right, as the end of "expected …". */
  expected: string;
  /** Names that would do: the nearest of them may be what was meant. */
  known?: readonly string[];
}

/** What a body is looked at among. */
export interface Around {
  /** All tags of all tag sets, as `Set/Tag`. */
  tags: readonly string[];
  project(id: string): Project | undefined;
  variableSet(id: string): VariableSet | undefined;
}

/** Each name once, whatever its case; the second place is told. */
export function duplicates(
  names: readonly string[],
  path: (i: number) => Path,
  what: string,
): ModelProblem[] {
  const first = new Map<string, number>();
  const problems: ModelProblem[] = [];
  names.forEach((name, i) => {
    const known = first.get(nameKey(name));
    if (known === undefined) first.set(nameKey(name), i);
    else problems.push({ path: path(i), expected: `each ${what} once; number ${known + 1} is the same` });
  });
  return problems;
}

export function unknownNames(
  values: readonly string[],
  path: (i: number) => Path,
  { names, what }: { names: readonly string[]; what: string },
): ModelProblem[] {
  const known = new Set(names.map(nameKey));
  return values.flatMap((value, i) =>
    known.has(nameKey(value))
      ? []
      : [{ path: path(i), value, expected: `the name of a ${what}`, known: names }],
  );
}

export function unknownTags(tags: readonly string[], path: Path, { tags: names }: Around): ModelProblem[] {
  return unknownNames(tags, (i) => [...path, i], { names, what: 'tag, as Set/Tag' });
}
