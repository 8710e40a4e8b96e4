/**
 * The plan of a run: which steps, on which targets, in which pools. It is
 * computed once, before anything runs, and stored; what happens after that
 * (`course.ts`) rests on it alone, and not on what people change meanwhile.
 *
 * Always true: what a run leaves out has a reason in words, and a plan that
 * can't work is a list of problems, never half a plan.
 */
import type {
  Action,
  ActionKind,
  PoolChoice,
  Process,
  Retries,
  RunCondition,
  Step,
} from '../model/process.ts';
import type { Connectivity } from '../model/project.ts';

/** A target that the run may deploy to. */
export interface PlanTarget {
  id: string;
  name: string;
  roles: string[];
  /** The machine whose agent reaches it; null: a cloud region, for which a worker acts. */
  machineId: string | null;
  /** The worker pool that acts for it where a step names none but the default pool. */
  poolId: string | null;
}

export interface TargetCandidate extends PlanTarget {
  disabled: boolean;
  health: 'healthy' | 'hasWarnings' | 'unhealthy' | 'unavailable' | 'unknown';
  healthReason: string;
}

export interface PlannedAction {
  name: string;
  does: ActionKind;
  /** Of a script: the pool that its workers are of, but for a target that has one of its own (`whereRuns`). */
  poolId: string | null;
  required: boolean;
  condition: RunCondition;
  retries: Retries;
  timeoutMs: number;
}

export interface PlannedStep {
  name: string;
  start: Step['start'];
  condition: RunCondition;
  roles: string[];
  /** Targets at once. */
  width: number;
  /** Ids; null: it has no targets, and its actions run once. */
  targets: string[] | null;
  actions: PlannedAction[];
  /** Actions that do not run here, and why. */
  left: { name: string; why: string }[];
  /** Why nothing of it runs; empty: it does. */
  skipped: string;
}

export interface Plan {
  targets: PlanTarget[];
  steps: PlannedStep[];
  defaultPoolId: string;
  /** By pool: the mode in which the run keeps its worker; empty when it pins none. */
  pinned: Record<string, 'shared' | 'exclusive'>;
}

/** What a run can't go without. `config`: waiting would not help. */
export interface PlanProblem {
  kind: 'config' | 'state';
  /** The step or target that it is about; empty: the run as a whole. */
  about: string;
  text: string;
}

export interface PlanningInput {
  process: Process;
  environment: { id: string; name: string };
  tenant: { name: string; tags: readonly string[] } | null;
  /** Null: a runbook's run. */
  channel: string | null;
  connectivity: Connectivity;
  /** Those of the environment, for the tenant. */
  targets: readonly TargetCandidate[];
  defaultPoolId: string;
  /** Names by id of the pools that there are. */
  pools: ReadonlyMap<string, string>;
  /** The pool that the variable names for this action: its id, or what is wrong. */
  poolOf: (
    variable: string,
    where: { step: Step; action: Action },
  ) => { poolId: string } | { problem: string };
  choices: PlanChoices;
}

/** What people chose for this run alone: names, whatever their case. */
export interface PlanChoices {
  skipSteps: readonly string[];
  /** Empty: all. */
  targets: readonly string[];
  excludedTargets: readonly string[];
}

export const NO_CHOICES: PlanChoices = { skipSteps: [], targets: [], excludedTargets: [] };

export function planRun(input: PlanningInput): { plan: Plan } | { problems: PlanProblem[] } {
  const problems: PlanProblem[] = [...wrongChoices(input)];
  const chosen = chooseTargets(input);
  const unfit = new Map(chosen.unfit.map((one) => [one.target.id, one]));
  const steps = input.process.steps.map((step) => planStep(input, step, chosen.targets, problems));
  const used = new Set(steps.flatMap((step) => step.targets ?? []));
  for (const { target, why } of unfit.values()) {
    if (steps.some((step) => step.skipped === '' && hasRole(target, step.roles)))
      problems.push({ kind: 'state', about: target.name, text: why });
  }
  const wanting = steps.filter((step) => step.roles.length > 0 && step.actions.length > 0);
  if (wanting.length > 0 && used.size === 0 && unfit.size === 0 && !input.connectivity.allowNoTargets) {
    const roles = [...new Set(wanting.flatMap((step) => step.roles))].join(', ');
    problems.push({
      kind: 'config',
      about: '',
      text: `no deployment target of environment "${input.environment.name}" has one of the roles ${roles}: register one, or set connectivity.allowNoTargets`,
    });
  }
  if (problems.length > 0) return { problems };
  const targets = chosen.targets.filter((target) => used.has(target.id)).map(asPlanTarget);
  return {
    plan: { targets, steps, defaultPoolId: input.defaultPoolId, pinned: pinned(input, steps, targets) },
  };
}

/** Where an action runs: on the machine itself, or on a worker of a pool. Undefined: on no machine at all. */
export function whereRuns(
  plan: Pick<Plan, 'defaultPoolId'>,
  action: PlannedAction,
  target: PlanTarget | null,
): { kind: 'machine'; id: string } | { kind: 'pool'; id: string } | undefined {
  const { does } = action;
  if (does.kind === 'healthCheck') {
    if (target === null) return undefined;
    return target.machineId === null
      ? { kind: 'pool', id: target.poolId ?? plan.defaultPoolId }
      : { kind: 'machine', id: target.machineId };
  }
  if (does.kind !== 'script') return undefined;
  if (does.runsOn === 'target' && target !== null && target.machineId !== null)
    return { kind: 'machine', id: target.machineId };
  const named = action.poolId ?? plan.defaultPoolId;
  const own = target === null || does.runsOn === 'worker' ? null : target.poolId;
  return { kind: 'pool', id: named === plan.defaultPoolId ? (own ?? named) : named };
}

function planStep(
  input: PlanningInput,
  step: Step,
  all: readonly TargetCandidate[],
  problems: PlanProblem[],
): PlannedStep {
  const left: PlannedStep['left'] = [];
  const actions: PlannedAction[] = [];
  for (const action of step.actions) {
    const why = whyLeft(input, step, action);
    if (why === '') actions.push(planAction(input, { step, action }, problems));
    else left.push({ name: action.name, why });
  }
  const once = step.roles.length === 0;
  const targets = once ? null : all.filter((target) => hasRole(target, step.roles)).map(({ id }) => id);
  const skipped =
    actions.length === 0
      ? [...new Set(left.map(({ why }) => why))].join('; ')
      : targets?.length === 0
        ? `no target of environment "${input.environment.name}" has the role ${step.roles.join(' or ')}`
        : '';
  return {
    name: step.name,
    start: step.start,
    condition: step.condition,
    roles: step.roles,
    width: step.rollingWindow ?? step.maxParallelism,
    targets,
    actions,
    left,
    skipped,
  };
}

function planAction(
  input: PlanningInput,
  { step, action }: { step: Step; action: Action },
  problems: PlanProblem[],
): PlannedAction {
  const { name, does, required, condition, retries, timeoutMs } = action;
  const poolId = does.kind === 'script' ? poolOf(input, { step, action, choice: does.pool }, problems) : null;
  if (does.kind === 'script' && does.runsOn !== 'worker' && step.roles.length === 0)
    problems.push({
      kind: 'config',
      about: name,
      text: `step "${name}" runs for each target, but names no role of targets`,
    });
  return { name, does, poolId, required, condition, retries, timeoutMs };
}

function poolOf(
  input: PlanningInput,
  { step, action, choice }: { step: Step; action: Action; choice: PoolChoice },
  problems: PlanProblem[],
): string | null {
  const bad = (text: string): null => {
    problems.push({ kind: 'config', about: action.name, text: `step "${action.name}": ${text}` });
    return null;
  };
  switch (choice.kind) {
    case 'default':
      return null;
    case 'pool':
      if (!input.pools.has(choice.pool))
        return bad(`its worker pool (${choice.pool}) was deleted; name another one, and make a new release`);
      return choice.pool;
    case 'variable': {
      const found = input.poolOf(choice.name, { step, action });
      if ('problem' in found) return bad(found.problem);
      if (!input.pools.has(found.poolId))
        return bad(
          `variable "${choice.name}" names a worker pool (${found.poolId}) that was deleted; give it another one`,
        );
      return found.poolId;
    }
  }
}

/** Why an action does not run in this environment, channel, for this tenant; empty: it does. */
function whyLeft(
  { environment, channel, tenant, choices }: PlanningInput,
  step: Step,
  action: Action,
): string {
  if (action.disabled) return 'disabled';
  if (has(choices.skipSteps, action.name) || has(choices.skipSteps, step.name)) return 'skipped by choice';
  if (action.environments.length > 0 && !action.environments.includes(environment.id))
    return `not for environment "${environment.name}"`;
  if (action.excludedEnvironments.includes(environment.id))
    return `not for environment "${environment.name}"`;
  if (channel !== null && action.channels.length > 0 && !has(action.channels, channel))
    return `not for channel "${channel}"`;
  if (action.tenantTags.length > 0) {
    if (tenant === null) return 'only for tenants with certain tags';
    if (!tagsMatch(action.tenantTags, tenant.tags)) return `not for tenant "${tenant.name}"`;
  }
  return '';
}

/** One tag of each tag set that is named. */
export function tagsMatch(wanted: readonly string[], has: readonly string[]): boolean {
  const bySet = new Map<string, string[]>();
  for (const tag of wanted) {
    const set = tag.slice(0, tag.indexOf('/')).toLowerCase();
    bySet.set(set, [...(bySet.get(set) ?? []), tag.toLowerCase()]);
  }
  const owned = new Set(has.map((tag) => tag.toLowerCase()));
  return [...bySet.values()].every((tags) => tags.some((tag) => owned.has(tag)));
}

function chooseTargets(input: PlanningInput): {
  targets: TargetCandidate[];
  unfit: { target: TargetCandidate; why: string }[];
} {
  const { choices, connectivity } = input;
  const targets: TargetCandidate[] = [];
  const unfit: { target: TargetCandidate; why: string }[] = [];
  for (const target of input.targets) {
    if (target.disabled || has(choices.excludedTargets, target.name)) continue;
    if (choices.targets.length > 0 && !has(choices.targets, target.name)) continue;
    const away = target.health === 'unavailable';
    if (!away && !(connectivity.excludeUnhealthy && target.health === 'unhealthy')) targets.push(target);
    else if (away && !connectivity.skipUnavailable) {
      const reason = target.healthReason === '' ? '' : ` (${target.healthReason})`;
      const why = `deployment target "${target.name}" can't be reached${reason}; connectivity.skipUnavailable would go on without it`;
      unfit.push({ target, why });
    }
  }
  return { targets, unfit };
}

function wrongChoices({ process, choices, targets }: PlanningInput): PlanProblem[] {
  const bad = (about: string, text: string): PlanProblem => ({ kind: 'config', about, text });
  const problems: PlanProblem[] = [];
  for (const name of choices.skipSteps) {
    const step = process.steps.find((one) => same(one.name, name));
    const actions =
      step?.actions ?? process.steps.flatMap((one) => one.actions.filter((a) => same(a.name, name)));
    if (actions.length === 0) problems.push(bad(name, `there is no step "${name}" to skip`));
    const required = actions.filter((action) => action.required).map((action) => `"${action.name}"`);
    if (required.length > 0)
      problems.push(bad(name, `step ${required.join(', ')} is required and can't be skipped`));
  }
  for (const name of [...choices.targets, ...choices.excludedTargets]) {
    if (!targets.some((target) => same(target.name, name)))
      problems.push(bad(name, `there is no deployment target "${name}" in this environment`));
  }
  return problems;
}

function pinned(
  { process, defaultPoolId }: PlanningInput,
  steps: readonly PlannedStep[],
  targets: readonly PlanTarget[],
): Plan['pinned'] {
  const result: Plan['pinned'] = {};
  if (!process.pinWorker) return result;
  const byId = new Map(targets.map((target) => [target.id, target]));
  for (const { actions, targets: ids } of steps) {
    for (const action of actions) {
      const { does } = action;
      if (does.kind !== 'script') continue;
      const for_ = does.runsOn === 'worker' || ids === null ? [null] : ids.map((id) => byId.get(id) ?? null);
      for (const target of for_) {
        const where = whereRuns({ defaultPoolId }, action, target);
        if (where?.kind !== 'pool') continue;
        if (result[where.id] !== 'exclusive') result[where.id] = does.leaseMode;
      }
    }
  }
  return result;
}

function asPlanTarget({ id, name, roles, machineId, poolId }: TargetCandidate): PlanTarget {
  return { id, name, roles, machineId, poolId };
}

function hasRole(target: Pick<PlanTarget, 'roles'>, roles: readonly string[]): boolean {
  return target.roles.some((role) => has(roles, role));
}

function has(names: readonly string[], name: string): boolean {
  return names.some((one) => same(one, name));
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
