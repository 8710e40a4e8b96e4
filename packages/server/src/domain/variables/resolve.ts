/**
 * What each variable is, in each place of a run. Three stages, so that a plan
 * of many steps on many targets costs little:
 *
 *   indexSnapshot   once for a snapshot: scopes made ready to be matched
 *   variablesOfRun  once for a run: what environment, channel, tenant and
 *                   process leave over; what can't differ from place to place
 *                   is resolved here, and shared by all places
 *   at, on          for a step and a target: nothing is computed before a
 *                   name is asked for, and nothing is kept after it
 *
 * Values are raw: `#{…}` is the caller's to evaluate, seals are its to open.
 */
import {
  candidatesOf,
  candidatesOfTenant,
  keyOf,
  type Candidate,
  type ResolvedVariable,
  type TenantValues,
} from './candidate.ts';
import { rankOfMatch, type Ranked } from './precedence.ts';
import {
  fold,
  isOfPlace,
  matchPlace,
  matchRun,
  mostOfPlace,
  NO_MATCH,
  readyRun,
  readyStep,
  readyTarget,
  type PlaceContext,
  type ReadyPlace,
  type ReadyTarget,
  type RunContext,
  type StepContext,
  type TargetContext,
  type VariableContext,
} from './scope.ts';
import type { VariableSnapshot } from './snapshot.ts';

/** Resolved variables; names are the same whatever their case. */
export interface ResolvedVariables extends Iterable<ResolvedVariable> {
  get(name: string): ResolvedVariable | undefined;
}

export interface SnapshotIndex {
  snapshot: VariableSnapshot;
  candidates: readonly Candidate[];
}

export function indexSnapshot(snapshot: VariableSnapshot): SnapshotIndex {
  return { snapshot, candidates: candidatesOf(snapshot) };
}

/** What a run adds to its snapshot. */
export interface RunValues {
  tenant?: TenantValues | undefined;
  /** The values given for prompted variables, by `keyOf` the place of the variable (prompted.ts). */
  prompted?: ReadonlyMap<string, string> | undefined;
}

/** All values that the run's environment, channel, tenant and process let through, and which rank they have by those. */
export function candidatesOfRun(
  index: SnapshotIndex,
  run: RunContext,
  values: RunValues = {},
): RunCandidate[] {
  const all =
    values.tenant === undefined
      ? index.candidates
      : [...index.candidates, ...candidatesOfTenant(index.snapshot, values.tenant)];
  const ready = readyRun(run);
  const left: RunCandidate[] = [];
  for (const each of all) {
    const match = matchRun(each.scope, ready);
    if (match === NO_MATCH) continue;
    const rank = rankOfMatch(match) | each.layerRank;
    left.push({ candidate: withPrompted(each, values.prompted), rank, order: each.order });
  }
  return left;
}

export interface RunCandidate extends Ranked {
  candidate: Candidate;
}

/** What people gave stands in the place of what is written there, with the scope of that. */
export function withPrompted(candidate: Candidate, prompted: RunValues['prompted']): Candidate {
  if (candidate.variable?.prompt == null) return candidate;
  const value = prompted?.get(keyOf(candidate.resolved.source));
  if (value === undefined) return candidate;
  const source = { kind: 'prompted', id: '', name: '', place: keyOf(candidate.resolved.source) } as const;
  return { ...candidate, resolved: { ...candidate.resolved, value, source } };
}

export function variablesOfRun(index: SnapshotIndex, run: RunContext, values: RunValues = {}): RunVariables {
  const byName = new Map<string, RunCandidate[]>();
  for (const each of candidatesOfRun(index, run, values)) {
    const list = byName.get(each.candidate.folded);
    if (list === undefined) byName.set(each.candidate.folded, [each]);
    else list.push(each);
  }
  const fixed = new Map<string, ResolvedVariable>();
  const varying = new Map<string, Varying>();
  for (const [name, candidates] of byName) {
    const ofPlace: RunCandidate[] = [];
    const choice = new Choice();
    for (const each of candidates) {
      if (isOfPlace(each.candidate.scope)) ofPlace.push(each);
      else choice.offer(each, each.rank);
    }
    const anywhere = choice.made();
    if (ofPlace.length > 0) varying.set(name, new Varying(ofPlace, anywhere));
    else if (anywhere !== undefined) fixed.set(name, anywhere);
  }
  return new RunVariables(fixed, varying);
}

/** Everything in one place, at once. For many places of one run, take the stages one by one. */
export function resolveVariables(
  snapshot: VariableSnapshot,
  context: VariableContext,
  values: RunValues = {},
): ResolvedVariables {
  return variablesOfRun(indexSnapshot(snapshot), context, values).in(context);
}

const NO_TARGET = readyTarget(null);

/** A step's variables, to be had for each of its targets. */
export interface StepVariables {
  on(target: TargetContext | null): ResolvedVariables;
}

export class RunVariables {
  readonly #fixed: ReadonlyMap<string, ResolvedVariable>;
  readonly #varying: ReadonlyMap<string, Varying>;
  readonly #targets = new WeakMap<TargetContext, ReadyTarget>();

  constructor(fixed: ReadonlyMap<string, ResolvedVariable>, varying: ReadonlyMap<string, Varying>) {
    this.#fixed = fixed;
    this.#varying = varying;
  }

  /** One variable in one place. */
  lookup(name: string, place: PlaceContext): ResolvedVariable | undefined {
    return this.in(place).get(name);
  }

  in(place: PlaceContext): ResolvedVariables {
    return this.at(place).on(place.target);
  }

  at(step: StepContext): StepVariables {
    const ready = readyStep(step);
    return {
      on: (target) =>
        new PlaceVariables(this.#fixed, this.#varying, { ...ready, ...this.#readyTarget(target) }),
    };
  }

  /** Made ready once for all steps; it goes with the target that was given. */
  #readyTarget(target: TargetContext | null): ReadyTarget {
    if (target === null) return NO_TARGET;
    let ready = this.#targets.get(target);
    if (ready === undefined) this.#targets.set(target, (ready = readyTarget(target)));
    return ready;
  }

  /** Names of variables whose value depends on step, target or role. */
  get varyingNames(): Iterable<string> {
    return this.#varying.keys();
  }
}

class PlaceVariables implements ResolvedVariables {
  readonly #fixed: ReadonlyMap<string, ResolvedVariable>;
  readonly #varying: ReadonlyMap<string, Varying>;
  readonly #place: ReadyPlace;

  constructor(
    fixed: ReadonlyMap<string, ResolvedVariable>,
    varying: ReadonlyMap<string, Varying>,
    place: ReadyPlace,
  ) {
    this.#fixed = fixed;
    this.#varying = varying;
    this.#place = place;
  }

  get(name: string): ResolvedVariable | undefined {
    const folded = fold(name);
    return this.#fixed.get(folded) ?? this.#varying.get(folded)?.in(this.#place);
  }

  *[Symbol.iterator](): Iterator<ResolvedVariable> {
    yield* this.#fixed.values();
    for (const each of this.#varying.values()) {
      const resolved = each.in(this.#place);
      if (resolved !== undefined) yield resolved;
    }
  }
}

interface Placed extends RunCandidate {
  /** The highest rank that it can have in any place. */
  most: number;
}

/**
 * The values of one name that differs from place to place, to be found by
 * target, else by step, else by role: so a variable with a value for each of
 * a thousand targets costs no more than one with a single value.
 */
class Varying {
  readonly #byTarget: ReadonlyMap<string, Placed[]>;
  readonly #byStep: ReadonlyMap<string, Placed[]>;
  readonly #byRole: ReadonlyMap<string, Placed[]>;
  /** Of those without step, target and role: which one it is does not depend on the place. */
  readonly #anywhere: ResolvedVariable | undefined;

  constructor(candidates: readonly RunCandidate[], anywhere: ResolvedVariable | undefined) {
    const byTarget = new Map<string, Placed[]>();
    const byStep = new Map<string, Placed[]>();
    const byRole = new Map<string, Placed[]>();
    for (const each of candidates) {
      const { step, target, role } = each.candidate.scope;
      const [map, names] = target ? [byTarget, target] : step ? [byStep, step] : [byRole, role];
      const placed = { ...each, most: each.rank | rankOfMatch(mostOfPlace(each.candidate.scope)) };
      for (const name of names ?? []) {
        const list = map.get(name);
        if (list === undefined) map.set(name, [placed]);
        else list.push(placed);
      }
    }
    for (const map of [byTarget, byStep, byRole])
      for (const list of map.values()) list.sort((a, b) => b.most - a.most);
    [this.#byTarget, this.#byStep, this.#byRole] = [byTarget, byStep, byRole];
    this.#anywhere = anywhere;
  }

  in(place: ReadyPlace): ResolvedVariable | undefined {
    const choice = new Choice();
    const offer = (found: readonly Placed[] | undefined): void => {
      for (const each of found ?? []) {
        if (each.most < choice.rank) return;
        const match = matchPlace(each.candidate.scope, place);
        if (match !== NO_MATCH) choice.offer(each, each.rank | rankOfMatch(match));
      }
    };
    // The strongest are likely to be among these; what follows is mostly not looked at then.
    for (const step of place.step) offer(this.#byStep.get(step));
    for (const target of place.target) offer(this.#byTarget.get(target));
    for (const role of place.role) offer(this.#byRole.get(role));
    return choice.made() ?? this.#anywhere;
  }
}

/** The best of what is offered; the same one may be offered twice. */
class Choice {
  #best: RunCandidate | undefined;
  /** Of the best. */
  rank = -1;
  #ambiguous = false;

  offer(each: RunCandidate, rank: number): void {
    if (this.#best === undefined || rank > this.rank) {
      this.#best = each;
      this.rank = rank;
      this.#ambiguous = false;
      return;
    }
    if (rank < this.rank || each.candidate === this.#best.candidate) return;
    this.#ambiguous ||= !sameValue(each.candidate.resolved, this.#best.candidate.resolved);
    if (each.order > this.#best.order) this.#best = each;
  }

  made(): ResolvedVariable | undefined {
    const resolved = this.#best?.candidate.resolved;
    return resolved !== undefined && this.#ambiguous ? { ...resolved, ambiguous: true } : resolved;
  }
}

/** Seals never look the same, so that of two sensitive values nobody can tell. */
function sameValue(a: ResolvedVariable, b: ResolvedVariable): boolean {
  return a.type === b.type && a.value === b.value;
}

/** Several as one: of a name that more than one has, the first one's counts. */
export function layered(...layers: readonly ResolvedVariables[]): ResolvedVariables {
  return {
    get(name) {
      for (const layer of layers) {
        const found = layer.get(name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    *[Symbol.iterator]() {
      const seen = new Set<string>();
      for (const layer of layers) {
        for (const each of layer) {
          const folded = fold(each.name);
          if (seen.has(folded)) continue;
          seen.add(folded);
          yield each;
        }
      }
    },
  };
}
