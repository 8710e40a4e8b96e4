/**
 * The system variables that can be told without a run: facts of the project,
 * and of what else a place names. What only a run has (its ids, times, people,
 * targets) is no variable here.
 */
import type { ResolvedVariable } from '../../domain/variables/candidate.ts';
import type { RunFacts, StepFacts } from '../../domain/variables/run-facts.ts';
import { systemVariables } from '../../domain/variables/system.ts';
import type { VariablePlace } from './variable-place.ts';

export function knownFacts(place: VariablePlace): ResolvedVariable[] {
  const { target } = place;
  const known = knownNames(place).map((name) => `Octopus.${name}`);
  const all = systemVariables({
    run: runFacts(place),
    step: stepFacts(place),
    machine:
      target === undefined
        ? null
        : { id: target.id, name: target.name, roles: target.body.roles, host: null },
  });
  return [...all].filter(({ name }) => known.some((each) => name === each || name.startsWith(`${each}.`)));
}

/** Names, or the beginnings of names before a dot. */
function knownNames({ environment, release, context, step }: VariablePlace): string[] {
  return [
    ...['Project', 'ProjectGroup', 'Space', 'Deployment.Tenant', 'Runbook', 'Machine', 'Web.ProjectLink'],
    ...(environment === undefined ? [] : ['Environment.Id', 'Environment.Name', 'Environment.SortOrder']),
    ...(context.channel === null ? [] : ['Release.Channel.Name']),
    ...(release === undefined
      ? []
      : ['Release.Id', 'Release.Number', 'Release.Notes', 'Release.Created', 'Web.ReleaseLink']),
    ...(step === undefined ? [] : ['Step.Name', 'Action.Name', 'Action.StepName', 'Action.TargetRoles']),
    ...(step === undefined ? [] : ['Tentacle.CurrentDeployment.TargetedRoles']),
  ];
}

/** What is not known stands empty, and under none of the names above. */
function runFacts(place: VariablePlace): RunFacts {
  const { project, group, environment, tenant } = place;
  const nobody = { id: '', name: '' };
  const named = (one: { id: string; name: string } | undefined) =>
    one === undefined ? nobody : { id: one.id, name: one.name };
  return {
    space: { id: project.spaceId, name: project.spaceId },
    project: named(project),
    projectGroup: group === undefined ? null : named(group),
    environment: { ...named(environment), sortOrder: environment?.body.sortOrder ?? 0 },
    task: { ...nobody, queuedFor: null, expiresAt: null, arguments: {} },
    startedBy: { ...nobody, username: '', email: '' },
    ...{ createdAt: 0, comments: '', trigger: null, serverUrl: null, failure: null },
    tenant: tenant === undefined ? null : { ...named(tenant), tags: tenant.body.tags },
    ...{ targets: [], specificTargets: [], excludedTargets: [] },
    of: kindFacts(place),
  };
}

function kindFacts({ runbook, release, context }: VariablePlace): RunFacts['of'] {
  const nobody = { id: '', name: '' };
  if (runbook !== undefined)
    return {
      ...{ kind: 'runbook', ...nobody, runbook: { id: runbook.id, name: runbook.name } },
      snapshot: { ...nobody, notes: '' },
    };
  return {
    ...{ kind: 'deployment', ...nobody },
    release: {
      ...{ id: release?.id ?? '', number: release?.version ?? '', notes: release?.notes ?? '' },
      ...{ createdAt: release?.createdAt ?? 0, channel: context.channel ?? '' },
    },
    ...{ previousRelease: null, previousForEnvironment: null, currentForEnvironment: null },
    previousSuccessfulDeploymentId: null,
  };
}

function stepFacts({ step }: VariablePlace): StepFacts | null {
  if (step === undefined) return null;
  const { step: of, action } = step;
  return {
    ...{ id: '', name: of.name, number: 0, roles: of.roles, workerPool: null },
    action: action === null ? null : { id: '', name: action, number: 0, script: null, manual: null },
  };
}
