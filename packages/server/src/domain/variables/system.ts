/**
 * The system variables: facts of a run under Octopus's names, which people's
 * scripts rely on. One table yields values and docs (docs/variables.md).
 *
 * Always true: all are texts; a fact that a run does not have is no variable
 * at all, so that `#{if …}` and `get_octopusvariable` see none. Times are ISO
 * 8601 in UTC. They stand before variables of the same name that people wrote.
 */
import { ANYWHERE, fold } from './scope.ts';
import type { ResolvedVariable } from './candidate.ts';
import type { ResolvedVariables } from './resolve.ts';
import type { SystemFacts } from './run-facts.ts';
import { FACTS } from './system-facts.ts';

/** Computed when they are asked for. */
export function systemVariables(facts: SystemFacts): ResolvedVariables {
  return {
    get(name) {
      const folded = fold(name);
      const fact = BY_NAME.get(folded);
      if (fact !== undefined) return asVariable(fact.name, fact.value(facts));
      const bracket = folded.indexOf('[');
      const indexed = bracket < 0 ? undefined : INDEXED.get(folded.slice(0, bracket));
      if (indexed === undefined) return undefined;
      const found = Object.entries(indexed.values(facts)).find(([each]) => fold(each) === folded);
      return found && asVariable(found[0], found[1]);
    },
    *[Symbol.iterator]() {
      for (const fact of FACTS) {
        const found =
          fact.kind === 'one'
            ? [[fact.name, fact.value(facts)] as const]
            : Object.entries(fact.values(facts));
        for (const [name, value] of found) {
          const variable = asVariable(name, value);
          if (variable !== undefined) yield variable;
        }
      }
    },
  };
}

/** With an index in brackets, which stands behind the first part of the name. */
const INDEXED = new Map(
  FACTS.flatMap((fact) =>
    fact.kind === 'many' ? [[fold(fact.name.split('[')[0] ?? ''), fact] as const] : [],
  ),
);
const BY_NAME = new Map(
  FACTS.flatMap((fact) => (fact.kind === 'one' ? [[fold(fact.name), fact] as const] : [])),
);

function asVariable(name: string, value: string | null | undefined): ResolvedVariable | undefined {
  if (value === null || value === undefined) return undefined;
  const source = { kind: 'system', id: '', name: '', place: '' } as const;
  return { name, value, type: 'text', sensitive: false, source, scope: ANYWHERE, ambiguous: false };
}
