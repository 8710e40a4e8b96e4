/** The table of system variables: name, what it says, how it follows from the facts of a run. */
import type { DeploymentFacts, RunbookFacts, SystemFacts } from './run-facts.ts';

interface Described {
  name: string;
  description: string;
}

export type Fact =
  | (Described & { kind: 'one'; value: (facts: SystemFacts) => string | null | undefined })
  /** `name` has `[…]` where the index stands; values by whole name. */
  | (Described & { kind: 'many'; values: (facts: SystemFacts) => Record<string, string> });

const one = (
  name: string,
  description: string,
  value: (facts: SystemFacts) => string | null | undefined,
): Fact => ({
  kind: 'one',
  name: `Octopus.${name}`,
  description,
  value,
});

const many = (
  name: string,
  description: string,
  values: (facts: SystemFacts) => Record<string, string>,
): Fact => ({
  kind: 'many',
  name: `Octopus.${name}`,
  description,
  values: (facts) =>
    Object.fromEntries(Object.entries(values(facts)).map(([key, value]) => [`Octopus.${key}`, value])),
});

const deployment = ({ run }: SystemFacts): DeploymentFacts | null =>
  run.of.kind === 'deployment' ? run.of : null;
const runbook = ({ run }: SystemFacts): RunbookFacts | null => (run.of.kind === 'runbook' ? run.of : null);

function time(at: number | null | undefined): string | null {
  return at == null ? null : new Date(at).toISOString();
}

function list(items: readonly string[] | undefined): string | null {
  return items === undefined || items.length === 0 ? null : items.join(',');
}

/** Octopus has no variable where there is no text. */
function text(value: string | null | undefined): string | null {
  return value === '' ? null : (value ?? null);
}

const RELEASE: Fact[] = [
  one('Release.Id', 'Id of the release', (f) => deployment(f)?.release.id),
  one('Release.Number', 'Its version', (f) => deployment(f)?.release.number),
  one('Release.Notes', 'Its notes, in Markdown', (f) => text(deployment(f)?.release.notes)),
  one('Release.Created', 'When it was made', (f) => time(deployment(f)?.release.createdAt)),
  one('Release.Channel.Name', 'Its channel', (f) => deployment(f)?.release.channel),
  one(
    'Release.Previous.Id',
    'Id of the project’s release before it',
    (f) => deployment(f)?.previousRelease?.id,
  ),
  one('Release.Previous.Number', 'Version of that', (f) => deployment(f)?.previousRelease?.number),
  one(
    'Release.PreviousForEnvironment.Id',
    'Id of the release that was deployed to the environment before, whatever became of it',
    (f) => deployment(f)?.previousForEnvironment?.id,
  ),
  one(
    'Release.PreviousForEnvironment.Number',
    'Version of that',
    (f) => deployment(f)?.previousForEnvironment?.number,
  ),
  one(
    'Release.CurrentForEnvironment.Id',
    'Id of the release that was last deployed to the environment with success',
    (f) => deployment(f)?.currentForEnvironment?.id,
  ),
  one(
    'Release.CurrentForEnvironment.Number',
    'Version of that',
    (f) => deployment(f)?.currentForEnvironment?.number,
  ),
];

const DEPLOYMENT: Fact[] = [
  one('Deployment.Id', 'Id of the deployment', (f) => deployment(f)?.id),
  one('Deployment.Name', 'Its name', (f) => deployment(f)?.name),
  one('Deployment.Comments', 'What people wrote when they started it', (f) => text(f.run.comments)),
  one('Deployment.Created', 'When it was made', (f) => deployment(f) && time(f.run.createdAt)),
  one('Deployment.CreatedBy.Id', 'Who started it: the id', ({ run }) => run.startedBy.id),
  one('Deployment.CreatedBy.Username', 'The name that they log in with', ({ run }) => run.startedBy.username),
  one('Deployment.CreatedBy.DisplayName', 'Their name', ({ run }) => run.startedBy.name),
  one('Deployment.CreatedBy.EmailAddress', 'Their address', ({ run }) => text(run.startedBy.email)),
  one(
    'Deployment.PreviousSuccessful.Id',
    'Id of the last deployment of the project to the environment that succeeded',
    (f) => deployment(f)?.previousSuccessfulDeploymentId,
  ),
  one('Deployment.Machines', 'Ids of the targets of the run, with commas', ({ run }) =>
    list(run.targets.map(({ id }) => id)),
  ),
  one('Deployment.SpecificMachines', 'Ids of the targets that it was started for by name', ({ run }) =>
    list(run.specificTargets),
  ),
  one('Deployment.ExcludedMachines', 'Ids of the targets that were left out', ({ run }) =>
    list(run.excludedTargets),
  ),
  many('Deployment.Targets[…]', 'Each target of the run, by id: `.Id` and `.Name`', ({ run }) =>
    Object.fromEntries(
      run.targets.flatMap(({ id, name }) => [
        [`Deployment.Targets[${id}].Id`, id],
        [`Deployment.Targets[${id}].Name`, name],
      ]),
    ),
  ),
  one('Deployment.Tenant.Id', 'Id of the tenant', ({ run }) => run.tenant?.id),
  one('Deployment.Tenant.Name', 'Its name', ({ run }) => run.tenant?.name),
  one('Deployment.Tenant.Tags', 'Its tags `Set/Tag`, with commas', ({ run }) => list(run.tenant?.tags)),
  one('Deployment.Trigger.Id', 'Id of the trigger that started it', ({ run }) => run.trigger?.id),
  one('Deployment.Trigger.Name', 'Its name', ({ run }) => run.trigger?.name),
  one('Deployment.Error', 'What failed first, once something did', ({ run }) => run.failure?.message),
  one('Deployment.ErrorDetail', 'The same in full', ({ run }) => run.failure?.detail),
];

const RUNBOOK: Fact[] = [
  one('Runbook.Id', 'Id of the runbook', (f) => runbook(f)?.runbook.id),
  one('Runbook.Name', 'Its name', (f) => runbook(f)?.runbook.name),
  one('RunbookRun.Id', 'Id of the run', (f) => runbook(f)?.id),
  one('RunbookRun.Name', 'Its name', (f) => runbook(f)?.name),
  one('RunbookRun.Created', 'When it was made', (f) => runbook(f) && time(f.run.createdAt)),
  one('RunbookRun.CreatedUtc', 'The same', (f) => runbook(f) && time(f.run.createdAt)),
  one('RunbookSnapshot.Id', 'Id of the snapshot that is run', (f) => runbook(f)?.snapshot.id),
  one('RunbookSnapshot.Name', 'Its name', (f) => runbook(f)?.snapshot.name),
  one('RunbookSnapshot.Notes', 'Its notes, in Markdown', (f) => text(runbook(f)?.snapshot.notes)),
];

const AROUND: Fact[] = [
  one('Environment.Id', 'Id of the environment', ({ run }) => run.environment.id),
  one('Environment.Name', 'Its name', ({ run }) => run.environment.name),
  one('Environment.SortOrder', 'Its place among environments', ({ run }) =>
    String(run.environment.sortOrder),
  ),
  many(
    'Environment.MachinesInRole[…]',
    'Ids of the targets of the run that have the role, with commas',
    machinesInRole,
  ),
  one('Project.Id', 'Id of the project', ({ run }) => run.project.id),
  one('Project.Name', 'Its name', ({ run }) => run.project.name),
  one('ProjectGroup.Id', 'Id of its group', ({ run }) => run.projectGroup?.id),
  one('ProjectGroup.Name', 'Name of that', ({ run }) => run.projectGroup?.name),
  one('Space.Id', 'Id of the space', ({ run }) => run.space.id),
  one('Space.Name', 'Its name', ({ run }) => run.space.name),
  one('Task.Id', 'Id of the task', ({ run }) => run.task.id),
  one('Task.Name', 'Its name', ({ run }) => run.task.name),
  one('Task.QueueTime', 'When it is to start, if not at once', ({ run }) => time(run.task.queuedFor)),
  one('Task.QueueTimeExpiry', 'When it has to have started', ({ run }) => time(run.task.expiresAt)),
  many('Task.Argument[…]', 'What the task was started with', ({ run }) =>
    Object.fromEntries(
      Object.entries(run.task.arguments).map(([name, value]) => [`Task.Argument[${name}]`, value]),
    ),
  ),
  one('Web.ServerUri', 'Address of the portal, if it was configured', ({ run }) => run.serverUrl),
  one('Web.BaseUrl', 'The same', ({ run }) => run.serverUrl),
  one('Web.ProjectLink', 'Path of the project in the portal', ({ run }) => `/projects/${run.project.id}`),
  one('Web.ReleaseLink', 'Path of the release', (f) => path('releases', deployment(f)?.release.id)),
  one('Web.DeploymentLink', 'Path of the deployment', (f) => path('deployments', deployment(f)?.id)),
  one('Web.RunbookSnapshotLink', 'Path of the runbook’s snapshot', (f) =>
    path('snapshots', runbook(f)?.snapshot.id),
  ),
  one('Web.RunbookRunLink', 'Path of the run', (f) => path('runs', runbook(f)?.id)),
];

function path(part: string, id: string | undefined): string | null {
  return id === undefined ? null : `/${part}/${id}`;
}

function machinesInRole({ run }: SystemFacts): Record<string, string> {
  const byRole = new Map<string, string[]>();
  for (const { id, roles } of run.targets) {
    for (const role of roles) {
      const ids = byRole.get(role);
      if (ids === undefined) byRole.set(role, [id]);
      else ids.push(id);
    }
  }
  return Object.fromEntries(
    [...byRole].map(([role, ids]) => [`Environment.MachinesInRole[${role}]`, ids.join(',')]),
  );
}

const STEP: Fact[] = [
  one('Step.Id', 'Id of the step', ({ step }) => step?.id),
  one('Step.Name', 'Its name', ({ step }) => step?.name),
  one('Step.Number', 'Its number, from 1', ({ step }) => step && String(step.number)),
  one('Action.Id', 'Id of the action', ({ step }) => step?.action?.id),
  one('Action.Name', 'Its name', ({ step }) => step?.action?.name),
  one('Action.StepName', 'Name of its step', ({ step }) => step?.action && step.name),
  one(
    'Action.Number',
    'Its number among all actions, from 1',
    ({ step }) => step?.action && String(step.action.number),
  ),
  one('Action.TargetRoles', 'The roles that the step is for, with commas', ({ step }) => list(step?.roles)),
  one('Action.Script.ScriptBody', 'The script of a script step', ({ step }) => step?.action?.script?.body),
  one(
    'Action.Script.Syntax',
    'Its language: Bash, PowerShell, Python …',
    ({ step }) => step?.action?.script?.syntax,
  ),
  one(
    'Action.Manual.Instructions',
    'What a manual step asks for',
    ({ step }) => step?.action?.manual?.instructions,
  ),
  one('Action.Manual.ResponsibleTeamIds', 'Who may answer it', ({ step }) =>
    text(step?.action?.manual?.responsible),
  ),
  one('WorkerPool.Id', 'Id of the pool whose worker runs the step', ({ step }) => step?.workerPool?.id),
  one('WorkerPool.Name', 'Its name', ({ step }) => step?.workerPool?.name),
  one('Machine.Id', 'Id of the target that the step acts on, or on behalf of', ({ machine }) => machine?.id),
  one('Machine.Name', 'Its name', ({ machine }) => machine?.name),
  one('Machine.Roles', 'Its roles, with commas', ({ machine }) => list(machine?.roles)),
  one(
    'Machine.Hostname',
    'The host that the server dials, of a listening agent',
    ({ machine }) => machine?.host,
  ),
  one(
    'Tentacle.CurrentDeployment.TargetedRoles',
    'Those of its roles that the step is for, with commas',
    targetedRoles,
  ),
];

function targetedRoles({ step, machine }: SystemFacts): string | null {
  if (step === null || machine === null) return null;
  const wanted = new Set(step.roles.map((role) => role.toLowerCase()));
  return list(machine.roles.filter((role) => wanted.has(role.toLowerCase())));
}

export const FACTS: readonly Fact[] = [...RELEASE, ...DEPLOYMENT, ...RUNBOOK, ...AROUND, ...STEP];
