/**
 * Whether a value holds in a place: of what one kind names, one is enough; of
 * several kinds, each has to match. A kind that names nothing matches anywhere.
 *
 * Always true: names (steps, roles, channels, tenant tags) are the same
 * whatever their case; ids are taken as they are. What the context does not
 * have (no channel in a runbook, no tenant, no target) matches no scope of
 * that kind.
 */
import type { Ref } from '../model/resource.ts';
import type { VariableScope } from '../model/variable.ts';

/** The kinds of a scope, the most specific first. */
export const SCOPE_KINDS = [
  'step',
  'target',
  'role',
  'tenant',
  'tenantTag',
  'environment',
  'channel',
  'process',
] as const;
export type ScopeKind = (typeof SCOPE_KINDS)[number];

/** What is the same all through a run. */
export interface RunContext {
  environmentId: Ref;
  /** Null: a runbook's run has none. */
  channel: string | null;
  tenantId: Ref | null;
  /** `Set/Tag`. */
  tenantTags: readonly string[];
  /** `deployment`, or the runbook's id. */
  process: string;
}

/** What the values of a step may depend on. */
export interface StepContext {
  /** Of the step and of the action; null: outside of all steps. */
  stepNames: readonly string[] | null;
  /** The roles that the step is for. */
  stepRoles: readonly string[];
}

export interface TargetContext {
  id: Ref;
  roles: readonly string[];
}

/** What the values in one place of a run may depend on. */
export interface PlaceContext extends StepContext {
  /** What the step acts on, or on behalf of. */
  target: TargetContext | null;
}

export interface VariableContext extends RunContext, PlaceContext {}

export const ANYWHERE: Readonly<VariableScope> = {
  environments: [],
  targets: [],
  roles: [],
  steps: [],
  channels: [],
  tenants: [],
  tenantTags: [],
  processes: [],
};

/** The same for names that differ only by case. */
export function fold(name: string): string {
  return name.toLowerCase();
}

/** What a match counts for, as a number: one bit a kind, so that a greater number is the more specific match. */
export const MATCH_BIT = {
  step: 1 << 8,
  target: 1 << 7,
  /** A role of the target that the step is for. */
  targetedRole: 1 << 6,
  /** Another role of the target. */
  role: 1 << 5,
  tenant: 1 << 4,
  tenantTag: 1 << 3,
  environment: 1 << 2,
  channel: 1 << 1,
  process: 1,
} as const;

export type MatchKind = keyof typeof MATCH_BIT;
export const MATCH_KINDS = Object.keys(MATCH_BIT) as MatchKind[];

/** Instead of a match's number. */
export const NO_MATCH = -1;

type Names = ReadonlySet<string> | null;

/** A scope made ready to be matched many times; null: anywhere. */
export interface ReadyScope {
  step: Names;
  target: Names;
  role: Names;
  tenant: Names;
  tenantTag: Names;
  environment: Names;
  channel: Names;
  process: Names;
}

export function readyScope(scope: VariableScope): ReadyScope {
  return {
    step: folded(scope.steps),
    target: asTheyAre(scope.targets),
    role: folded(scope.roles),
    tenant: asTheyAre(scope.tenants),
    tenantTag: folded(scope.tenantTags),
    environment: asTheyAre(scope.environments),
    channel: folded(scope.channels),
    process: asTheyAre(scope.processes),
  };
}

function folded(names: readonly string[]): Names {
  return names.length === 0 ? null : new Set(names.map(fold));
}

function asTheyAre(ids: readonly string[]): Names {
  return ids.length === 0 ? null : new Set(ids);
}

/** Whether a match may differ from step to step or from target to target. */
export function isOfPlace(scope: ReadyScope): boolean {
  return scope.step !== null || scope.target !== null || scope.role !== null;
}

/** The most that `matchPlace` can give. */
export function mostOfPlace({ step, target, role }: ReadyScope): number {
  return (
    (step === null ? 0 : MATCH_BIT.step) |
    (target === null ? 0 : MATCH_BIT.target) |
    (role === null ? 0 : MATCH_BIT.targetedRole)
  );
}

/** A run's context made ready. */
export interface ReadyRun {
  tenant: readonly string[];
  tenantTag: readonly string[];
  environment: readonly string[];
  channel: readonly string[];
  process: readonly string[];
}

export function readyRun(run: RunContext): ReadyRun {
  return {
    tenant: run.tenantId === null ? [] : [run.tenantId],
    tenantTag: run.tenantTags.map(fold),
    environment: [run.environmentId],
    channel: run.channel === null ? [] : [fold(run.channel)],
    process: [run.process],
  };
}

/** A step made ready. */
export interface ReadyStep {
  step: readonly string[];
  wantedRoles: ReadonlySet<string>;
}

export function readyStep({ stepNames, stepRoles }: StepContext): ReadyStep {
  return { step: (stepNames ?? []).map(fold), wantedRoles: new Set(stepRoles.map(fold)) };
}

/** A target made ready. */
export interface ReadyTarget {
  target: readonly string[];
  role: readonly string[];
}

export function readyTarget(target: TargetContext | null): ReadyTarget {
  return target === null ? { target: [], role: [] } : { target: [target.id], role: target.roles.map(fold) };
}

export interface ReadyPlace extends ReadyStep, ReadyTarget {}

export function readyPlace(place: PlaceContext): ReadyPlace {
  return { ...readyStep(place), ...readyTarget(place.target) };
}

const RUN_KINDS = ['tenant', 'tenantTag', 'environment', 'channel', 'process'] as const;

/** What the kinds of a run count for. */
export function matchRun(scope: ReadyScope, run: ReadyRun): number {
  let match = 0;
  for (const kind of RUN_KINDS) {
    const names = scope[kind];
    if (names === null) continue;
    if (!hasOneOf(names, run[kind])) return NO_MATCH;
    match |= MATCH_BIT[kind];
  }
  return match;
}

/** What step, target and roles count for. */
export function matchPlace(scope: ReadyScope, place: ReadyPlace): number {
  let match = 0;
  if (scope.step !== null) {
    if (!hasOneOf(scope.step, place.step)) return NO_MATCH;
    match |= MATCH_BIT.step;
  }
  if (scope.target !== null) {
    if (!hasOneOf(scope.target, place.target)) return NO_MATCH;
    match |= MATCH_BIT.target;
  }
  if (scope.role !== null) {
    const role = matchRole(scope.role, place);
    if (role === NO_MATCH) return NO_MATCH;
    match |= role;
  }
  return match;
}

function matchRole(roles: ReadonlySet<string>, place: ReadyPlace): number {
  let match: number = NO_MATCH;
  for (const role of place.role) {
    if (!roles.has(role)) continue;
    if (place.wantedRoles.has(role)) return MATCH_BIT.targetedRole;
    match = MATCH_BIT.role;
  }
  return match;
}

function hasOneOf(names: ReadonlySet<string>, given: readonly string[]): boolean {
  for (const name of given) if (names.has(name)) return true;
  return false;
}

/** What a scope's match counts for in a context, or `NO_MATCH`. */
export function matchScope(scope: VariableScope, context: VariableContext): number {
  const ready = readyScope(scope);
  const ofRun = matchRun(ready, readyRun(context));
  const ofPlace = matchPlace(ready, readyPlace(context));
  return ofRun === NO_MATCH || ofPlace === NO_MATCH ? NO_MATCH : ofRun | ofPlace;
}

/** The kinds by which a scope does not match; none: it does. */
export function mismatches(scope: VariableScope, context: VariableContext): ScopeKind[] {
  const ready = readyScope(scope);
  const given = { ...readyRun(context), ...readyPlace(context) };
  return SCOPE_KINDS.filter((kind) => {
    const names = ready[kind];
    return names !== null && !hasOneOf(names, given[kind]);
  });
}
