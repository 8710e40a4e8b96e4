/**
 * What variables are in a place, and why: for people, before anything runs.
 * What is shown is what resolve.ts would give a run there.
 *
 * Always true: a sensitive value is never told, nor one that was made with it.
 */
import { AppError, type Clock } from '@longshore/base';
import { nearest } from '@longshore/base/nearest';

import type { VariableScope, VariableType } from '../../domain/model/variable.ts';
import type { ResolvedVariable, ValueSource } from '../../domain/variables/candidate.ts';
import {
  explainVariable,
  MASK,
  type ExplainedValue,
  type Explanation,
} from '../../domain/variables/explain.ts';
import { indexSnapshot, variablesOfRun, type SnapshotIndex } from '../../domain/variables/resolve.ts';
import { fold } from '../../domain/variables/scope.ts';
import { tenantValues } from '../planning/run-material.ts';
import type { Store, Tx } from '../ports/store.ts';
import { knownFacts } from './known-facts.ts';
import { placeNamed, type AskedPlace, type VariablePlace } from './variable-place.ts';
import { SeenValues, type SeenValue } from './variable-values.ts';

/** A value as it is written down, with names in the place of ids. */
export interface WrittenValue {
  name: string;
  /** Raw, masked when it is sensitive; of a worker pool its name. */
  value: string;
  type: VariableType;
  source: ValueSource;
  scope: Partial<VariableScope>;
}

export interface VariableExplanation {
  name: string;
  /** The winner first, then by precedence, at the end those that do not match. */
  values: (WrittenValue & Pick<ExplainedValue, 'verdict' | 'matches' | 'because' | 'asked'>)[];
  /** What it comes to; null: it has no value here. */
  value: SeenValue | null;
  ambiguous: boolean;
  /** What one should know of it, in words. */
  warnings: string[];
}

export interface ListedVariable extends WrittenValue {
  /** What it comes to. */
  seen: SeenValue;
  ambiguous: boolean;
}

export interface VariableViews {
  /** @throws AppError `notFound` when nobody has written down a value of that name, `invalid` */
  explain(spaceId: string, name: string, place: AskedPlace): Promise<VariableExplanation>;
  /** All that have a value in the place, by name. @throws AppError as `explain` */
  list(spaceId: string, place: AskedPlace): Promise<ListedVariable[]>;
}

export function createVariables({ store, clock }: { store: Store; clock: Clock }): VariableViews {
  return {
    explain: (spaceId, name, asked) =>
      store.read(async (tx) => {
        const place = await placeNamed(tx, spaceId, asked);
        const { index, facts, resolved } = resolvedIn(place);
        const tenant = tenantValues(place.tenant);
        const explained = explainVariable(index, name, place.context, { tenant });
        const fact = facts.find((each) => fold(each.name) === fold(name));
        if (explained === undefined && fact === undefined) throw unknown(name, { place, index });
        const names = namesFor(tx, spaceId);
        const seen = new SeenValues(allOf(facts, resolved), () => clock.now());
        return {
          name: explained?.name ?? fact?.name ?? name,
          values: await inTurn(explained?.values ?? [], async ({ variable, ...rest }) => ({
            ...(await written(variable, names)),
            ...rest,
          })),
          value: await shownValue(seen.of(name), fact ?? explained?.values[0]?.variable, names),
          ambiguous: explained?.ambiguous ?? false,
          warnings: warningsOf(explained, fact !== undefined),
        };
      }),
    list: (spaceId, asked) =>
      store.read(async (tx) => {
        const place = await placeNamed(tx, spaceId, asked);
        const { facts, resolved } = resolvedIn(place);
        const names = namesFor(tx, spaceId);
        const seen = new SeenValues(allOf(facts, resolved), () => clock.now());
        const sorted = resolved.toSorted((a, b) => (fold(a.name) < fold(b.name) ? -1 : 1));
        return inTurn(sorted, async (variable) => ({
          ...(await written(variable, names)),
          seen: (await shownValue(seen.of(variable.name), variable, names)) ?? NOTHING,
          ambiguous: variable.ambiguous,
        }));
      }),
  };
}

const NOTHING: SeenValue = { text: '', sensitive: false, missing: [], problems: [] };

function resolvedIn(place: VariablePlace): {
  index: SnapshotIndex;
  facts: ResolvedVariable[];
  resolved: ResolvedVariable[];
} {
  const index = indexSnapshot(place.variables);
  const tenant = tenantValues(place.tenant);
  const resolved = [...variablesOfRun(index, place.context, { tenant }).in(place.context)];
  return { index, facts: knownFacts(place), resolved };
}

/** System variables stand before those that people wrote: of two of a name the later counts. */
function allOf(facts: ResolvedVariable[], resolved: ResolvedVariable[]): ResolvedVariable[] {
  const shadowed = new Set(facts.map(({ name }) => fold(name)));
  return [...resolved.filter(({ name }) => !shadowed.has(fold(name))), ...facts];
}

function unknown(name: string, { place, index }: { place: VariablePlace; index: SnapshotIndex }): AppError {
  const known = [...new Set(index.candidates.map(({ resolved }) => resolved.name))];
  const near = nearest(name, known);
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  const where = place.release === undefined ? '' : ` in release ${place.release.version}`;
  return new AppError(
    'notFound',
    `Neither project "${place.project.name}" nor a library set of it has a variable "${name}"${where}${meant}`,
    { fields: [{ field: 'name', value: name, expected: 'the name of a variable or of a template' }] },
  );
}

function warningsOf(explained: Explanation | undefined, isFact: boolean): string[] {
  const winner = explained?.values.find(({ verdict }) => verdict.kind === 'wins');
  const warnings: string[] = [];
  if (explained?.ambiguous === true)
    warnings.push(
      'Several values have the same right to be chosen, and that which is written last is taken: give one of them a narrower scope',
    );
  if (isFact && explained !== undefined)
    warnings.push('A system variable of this name stands before all that people wrote');
  if (winner?.asked === true)
    warnings.push('It is asked for when a run starts: what stands here is taken when nothing else is given');
  return warnings;
}

type Names = (id: string) => Promise<string>;

/** By id, each asked for once; what is gone is shown by its id. */
function namesFor(tx: Tx, spaceId: string): Names {
  const known = new Map<string, string>();
  return async (id) => {
    let name = known.get(id);
    if (name === undefined) {
      const found = (await tx.resources.get(spaceId, id)) ?? (await tx.pools.get(spaceId, id));
      known.set(id, (name = found?.name ?? id));
    }
    return name;
  };
}

async function shownValue(
  seen: SeenValue | undefined,
  variable: ResolvedVariable | undefined,
  names: Names,
): Promise<SeenValue | null> {
  if (seen === undefined) return null;
  return variable?.type === 'workerPool' ? { ...seen, text: await names(seen.text) } : seen;
}

const KINDS_OF_IDS = new Set(['environments', 'targets', 'tenants', 'processes']);

async function written(variable: ResolvedVariable, names: Names): Promise<WrittenValue> {
  const { name, value, type, sensitive, source, scope } = variable;
  const shown: [string, string[]][] = [];
  for (const [kind, list] of Object.entries<string[]>(scope))
    if (list.length > 0) shown.push([kind, KINDS_OF_IDS.has(kind) ? await inTurn(list, names) : list]);
  return {
    ...{ name, type, source, scope: Object.fromEntries(shown) },
    value: sensitive ? MASK : type === 'workerPool' ? await names(value) : value,
  };
}

async function inTurn<T, R>(items: readonly T[], of: (item: T) => Promise<R>): Promise<R[]> {
  const made: R[] = [];
  for (const item of items) made.push(await of(item));
  return made;
}
