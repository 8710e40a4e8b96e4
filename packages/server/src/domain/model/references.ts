/**
 * Every place in a body where it names another resource. One walk serves all:
 * names to ids when YAML is applied, ids to names when it is written, looks
 * for what dangles, and who uses what, before something is deleted.
 *
 * Always true: a reference that is not walked here does not exist for the
 * program. A new field of type `Ref` belongs into its kind's function.
 */
import type { Action, ActionKind, PoolChoice, Process } from './process.ts';
import type { Project, Runbook } from './project.ts';
import type { Path, Ref } from './ref.ts';
import type { ModelKind, ResourceBodies, ResourceKind } from './resource.ts';
import type { DeploymentTarget } from './target.ts';
import type { Tenant } from './tenant.ts';
import type { Trigger, TriggerAction } from './trigger.ts';
import type { Variable, VariableScope, VariableSet, VariableTemplate, VariableType } from './variable.ts';

export type RefKind = ModelKind | 'worker';

export interface Reference {
  kind: RefKind;
  value: Ref;
  path: Path;
}

type Map = (reference: Reference) => Ref;

/** The body with each reference as `map` gives it. */
export function mapReferences<Kind extends ResourceKind>(
  kind: Kind,
  body: ResourceBodies[Kind],
  map: Map,
): ResourceBodies[Kind] {
  return OF_KIND[kind](body, map);
}

export function referencesOf<Kind extends ResourceKind>(kind: Kind, body: ResourceBodies[Kind]): Reference[] {
  const found: Reference[] = [];
  mapReferences(kind, body, (reference) => {
    found.push(reference);
    return reference.value;
  });
  return found;
}

const OF_KIND: { [Kind in ResourceKind]: (body: ResourceBodies[Kind], map: Map) => ResourceBodies[Kind] } = {
  tagSet: (body) => body,
  environment: (body) => body,
  lifecycle: (body, map) => ({
    ...body,
    phases: body.phases.map((phase, i) => ({
      ...phase,
      environments: all('environment', phase.environments, ['phases', i, 'environments'], map),
      automatic: all('environment', phase.automatic, ['phases', i, 'automatic'], map),
    })),
  }),
  projectGroup: (body) => body,
  variableSet: ofVariableSet,
  project: ofProject,
  runbook: ofRunbook,
  tenant: ofTenant,
  target: ofTarget,
};

function ofVariableSet(body: VariableSet, map: Map): VariableSet {
  return {
    ...body,
    variables: ofVariables(body.variables, map),
    templates: ofTemplates(body.templates, map),
  };
}

function ofProject(body: Project, map: Map): Project {
  return {
    ...body,
    group: maybe('projectGroup', body.group, ['group'], map),
    lifecycle: map({ kind: 'lifecycle', value: body.lifecycle, path: ['lifecycle'] }),
    variableSets: all('variableSet', body.variableSets, ['variableSets'], map),
    templates: ofTemplates(body.templates, map),
    variables: ofVariables(body.variables, map),
    channels: body.channels.map((channel, i) => ({
      ...channel,
      lifecycle: maybe('lifecycle', channel.lifecycle, ['channels', i, 'lifecycle'], map),
    })),
    process: ofProcess(body.process, map),
    triggers: body.triggers.map((trigger, i) => ofTrigger(trigger, ['triggers', i, 'does'], map)),
  };
}

function ofRunbook(body: Runbook, map: Map): Runbook {
  const { environments } = body;
  return {
    ...body,
    project: map({ kind: 'project', value: body.project, path: ['project'] }),
    environments:
      typeof environments === 'string'
        ? environments
        : all('environment', environments, ['environments'], map),
    process: ofProcess(body.process, map),
  };
}

function ofTenant(body: Tenant, map: Map): Tenant {
  return {
    ...body,
    projects: body.projects.map(({ project, environments }, i) => ({
      project: map({ kind: 'project', value: project, path: ['projects', i, 'project'] }),
      environments: all('environment', environments, ['projects', i, 'environments'], map),
    })),
    common: body.common.map((value, i) => ({
      ...value,
      variableSet: map({ kind: 'variableSet', value: value.variableSet, path: ['common', i, 'variableSet'] }),
      value: poolValue(value.type, value.value, ['common', i, 'value'], map),
    })),
    values: body.values.map((value, i) => ({
      ...value,
      project: map({ kind: 'project', value: value.project, path: ['values', i, 'project'] }),
      environment: map({ kind: 'environment', value: value.environment, path: ['values', i, 'environment'] }),
      value: poolValue(value.type, value.value, ['values', i, 'value'], map),
    })),
  };
}

function ofTarget(body: DeploymentTarget, map: Map): DeploymentTarget {
  const { reachedBy } = body;
  return {
    ...body,
    environments: all('environment', body.environments, ['environments'], map),
    tenants: all('tenant', body.tenants, ['tenants'], map),
    reachedBy:
      reachedBy.kind === 'agent'
        ? {
            ...reachedBy,
            machine: map({ kind: 'worker', value: reachedBy.machine, path: ['reachedBy', 'machine'] }),
          }
        : { ...reachedBy, pool: maybe('workerPool', reachedBy.pool, ['reachedBy', 'pool'], map) },
  };
}

function ofTrigger(trigger: Trigger, path: Path, map: Map): Trigger {
  return { ...trigger, does: ofTriggerAction(trigger.does, path, map) };
}

function ofTriggerAction(does: TriggerAction, path: Path, map: Map): TriggerAction {
  const tenants = all('tenant', does.tenants, [...path, 'tenants'], map);
  if (does.kind === 'deploy')
    return {
      ...does,
      environment: map({ kind: 'environment', value: does.environment, path: [...path, 'environment'] }),
      from: maybe('environment', does.from, [...path, 'from'], map),
      tenants,
    };
  return {
    ...does,
    runbook: map({ kind: 'runbook', value: does.runbook, path: [...path, 'runbook'] }),
    environments: all('environment', does.environments, [...path, 'environments'], map),
    tenants,
  };
}

function ofProcess(process: Process, map: Map): Process {
  const steps = process.steps.map((step, s) => ({
    ...step,
    actions: step.actions.map((action, a) => ofAction(action, ['process', 'steps', s, 'actions', a], map)),
  }));
  return { ...process, steps };
}

function ofAction(action: Action, path: Path, map: Map): Action {
  return {
    ...action,
    environments: all('environment', action.environments, [...path, 'environments'], map),
    excludedEnvironments: all(
      'environment',
      action.excludedEnvironments,
      [...path, 'excludedEnvironments'],
      map,
    ),
    does: ofActionKind(action.does, [...path, 'does'], map),
  };
}

function ofActionKind(does: ActionKind, path: Path, map: Map): ActionKind {
  switch (does.kind) {
    case 'script':
      return { ...does, pool: ofPoolChoice(does.pool, [...path, 'pool'], map) };
    case 'deployRelease':
      return { ...does, project: map({ kind: 'project', value: does.project, path: [...path, 'project'] }) };
    case 'runRunbook':
      return {
        ...does,
        runbook: map({ kind: 'runbook', value: does.runbook, path: [...path, 'runbook'] }),
        environment: maybe('environment', does.environment, [...path, 'environment'], map),
      };
    case 'manual':
    case 'healthCheck':
    case 'webhook':
      return does;
  }
}

function ofPoolChoice(choice: PoolChoice, path: Path, map: Map): PoolChoice {
  return choice.kind === 'pool'
    ? { kind: 'pool', pool: map({ kind: 'workerPool', value: choice.pool, path }) }
    : choice;
}

function ofVariables(variables: readonly Variable[], map: Map): Variable[] {
  return variables.map((variable, i) => ({
    ...variable,
    value: poolValue(variable.type, variable.value, ['variables', i, 'value'], map),
    scope: ofScope(variable.scope, ['variables', i, 'scope'], map),
  }));
}

function ofScope(scope: VariableScope, path: Path, map: Map): VariableScope {
  return {
    ...scope,
    environments: all('environment', scope.environments, [...path, 'environments'], map),
    targets: all('target', scope.targets, [...path, 'targets'], map),
    tenants: all('tenant', scope.tenants, [...path, 'tenants'], map),
    processes: scope.processes.map((value, i) =>
      value === 'deployment' ? value : map({ kind: 'runbook', value, path: [...path, 'processes', i] }),
    ),
  };
}

function ofTemplates(templates: readonly VariableTemplate[], map: Map): VariableTemplate[] {
  return templates.map((template, i) => ({
    ...template,
    default: poolValue(template.type, template.default, ['templates', i, 'default'], map),
  }));
}

/** Of a variable of type `workerPool` the value is a pool; empty: none was given. */
function poolValue(type: VariableType, value: string, path: Path, map: Map): string {
  return type === 'workerPool' && value !== '' ? map({ kind: 'workerPool', value, path }) : value;
}

function all(kind: RefKind, values: readonly Ref[], path: Path, map: Map): Ref[] {
  return values.map((value, i) => map({ kind, value, path: [...path, i] }));
}

function maybe(kind: RefKind, value: Ref | null, path: Path, map: Map): Ref | null {
  return value === null ? null : map({ kind, value, path });
}
