/**
 * New runs of processes, checked before they are submitted: what waiting would
 * not mend is refused at once, before anything runs. Used by people's requests
 * and by steps that start other runs alike.
 */
import { AppError, type FieldProblem } from '@longshore/base';
import { nearest } from '@longshore/base/nearest';
import { evaluateVariable, TemplateError, Variables } from '@longshore/template';

import type { PlanChoices } from '../../domain/deployment/plan.ts';
import { NO_CHOICES } from '../../domain/deployment/plan.ts';
import { tagsMatch } from '../../domain/deployment/plan.ts';
import { isPriority, progressionBar, type Progress } from '../../domain/deployment/progression.ts';
import type { Release, Snapshot } from '../../domain/deployment/release.ts';
import { NORMAL_PRIORITY } from '../../domain/lease.ts';
import type { Channel, GuidedFailure } from '../../domain/model/project.ts';
import type { Resource } from '../../domain/model/resource.ts';
import type { ScriptVariable } from '../../domain/script.ts';
import type { RunSpec } from '../../domain/task.ts';
import { checkPrompted, promptedVariables } from '../../domain/variables/prompted.ts';
import { indexSnapshot, type RunVariables } from '../../domain/variables/resolve.ts';
import { takeSnapshot } from '../../domain/variables/snapshot.ts';
import { asProblem, missingTenantValues } from '../../domain/variables/templates.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { NewTask } from '../ports/core-api.ts';
import type { Tx } from '../ports/store.ts';
import { planMaterial } from './planning.ts';
import { materialOf, needed, runVariables, tenantValues, type RunMaterial } from './run-material.ts';

export interface NewRun extends NewTask {
  spec: { run: RunSpec };
}

/** What people may choose for any run. */
export interface RunWishes {
  spaceId: string;
  environmentId: string;
  /** Empty: for no tenant. */
  tenantId: string;
  createdBy: string;
  /** By label or name. */
  variables?: Readonly<Record<string, string>>;
  /** Of these, the ones that a sensitive value has a part in: only sensitive variables take them. */
  secretVariables?: readonly string[];
  choices?: PlanChoices;
  /** Not given: as project and environment say. */
  guidedFailure?: boolean;
  priority?: number;
  notBefore?: number | null;
  expiresAt?: number | null;
  timeoutMs?: number;
  parent?: RunSpec['parent'];
  comments?: string;
  /** The name of the trigger that starts it. */
  trigger?: string;
}

/** @throws AppError `invalid`, `conflict`, `notFound`: why it can't be deployed there */
export async function deploymentOf(
  kernel: Pick<Kernel, 'options' | 'sessions'>,
  tx: Tx,
  of: RunWishes & { release: Release },
): Promise<NewRun> {
  const { spaceId, release, environmentId, tenantId } = of;
  const { projectId, snapshotId, channel } = release;
  const names = {
    projectId,
    runbookId: '',
    releaseId: release.id,
    snapshotId,
    environmentId,
    tenantId,
    channel,
  };
  const material = await materialOf(tx, spaceId, names);
  const { project, environment, tenant } = material;
  if (project.body.disabled) throw new AppError('conflict', `project "${project.name}" is disabled`);
  const progress = await progressOf(tx, { project, release, tenantId });
  const bar =
    release.blocked === '' ? progressionBar(progress, environmentId) : `it is blocked: ${release.blocked}`;
  if (bar !== '')
    throw new AppError(
      'conflict',
      `release ${release.version} of "${project.name}" can't be deployed to "${environment.name}": ${bar}`,
    );
  checkTenant(material, { tenanted: project.body.tenanted, channel });
  const priority = of.priority ?? (isPriority(progress, environmentId) ? 1 : NORMAL_PRIORITY);
  return newRun(kernel, tx, {
    wishes: { ...of, priority },
    material,
    names,
    guided: project.body.guidedFailure,
    name: `Deploy ${project.name} ${release.version} to ${environment.name}${forTenant(tenant)}`,
  });
}

/**
 * Of the published snapshot; of the runbook as it stands where there is none, or a draft is asked for.
 *
 * @throws AppError as `deploymentOf`
 */
export async function runbookRunOf(
  kernel: Pick<Kernel, 'options' | 'sessions'>,
  tx: Tx,
  of: RunWishes & { runbookId: string; draft?: boolean },
): Promise<NewRun> {
  const { spaceId, runbookId, environmentId, tenantId } = of;
  const runbook = await needed(tx, { spaceId, kind: 'runbook', id: runbookId });
  const project = await needed(tx, { spaceId, kind: 'project', id: runbook.body.project });
  await checkRunbookEnvironment(tx, { runbook, project, environmentId });
  const published = of.draft === true ? undefined : await tx.processRuns.published(spaceId, runbookId);
  const snapshotId = published?.snapshotId ?? (await snapshotOf(kernel, tx, { project, runbook })).id;
  const names = {
    projectId: project.id,
    runbookId,
    releaseId: '',
    snapshotId,
    environmentId,
    tenantId,
    channel: '',
  };
  const material = await materialOf(tx, spaceId, names);
  checkTenant(material, { tenanted: runbook.body.tenanted, channel: null });
  const { environment, tenant } = material;
  return newRun(kernel, tx, {
    wishes: of,
    material,
    names,
    guided: runbook.body.guidedFailure,
    name: `Run ${runbook.name} of ${project.name} on ${environment.name}${forTenant(tenant)}`,
  });
}

/** Process and variables as they stand now, kept for a release or a runbook's run. */
export async function snapshotOf(
  kernel: Pick<Kernel, 'options'>,
  tx: Tx,
  {
    project,
    runbook,
    process,
  }: {
    project: Resource<'project'>;
    runbook?: Resource<'runbook'>;
    /** Of a release whose variables alone are taken anew. */
    process?: Snapshot['process'];
  },
): Promise<Snapshot> {
  const { spaceId } = project;
  const sets = await Promise.all(
    project.body.variableSets.map((id) => needed(tx, { spaceId, kind: 'variableSet', id })),
  );
  const snapshot: Snapshot = {
    spaceId,
    id: kernel.options.ids(),
    projectId: project.id,
    runbookId: runbook?.id ?? '',
    process: process ?? (runbook ?? project).body.process,
    variables: takeSnapshot(project, sets),
    createdAt: kernel.options.clock.now(),
  };
  await tx.processRuns.insertSnapshot(snapshot);
  return snapshot;
}

async function newRun(
  kernel: Pick<Kernel, 'options' | 'sessions'>,
  tx: Tx,
  of: {
    wishes: RunWishes;
    material: RunMaterial;
    names: Pick<
      RunSpec,
      'projectId' | 'runbookId' | 'releaseId' | 'snapshotId' | 'environmentId' | 'tenantId' | 'channel'
    >;
    guided: GuidedFailure;
    name: string;
  },
): Promise<NewRun> {
  const { wishes, material, names, guided, name } = of;
  const choices = wishes.choices ?? NO_CHOICES;
  if (material.snapshot.process.steps.length === 0)
    throw new AppError('conflict', `${name}: its process has no step`);
  const prompted = await promptedValues(tx, {
    material,
    given: wishes.variables ?? {},
    secret: new Set(wishes.secretVariables ?? []),
  });
  const variables = runVariables(material, new Map(prompted.map(({ name: key, value }) => [key, value])));
  refuseRecursion(material, variables);
  const planned = await planMaterial(kernel, tx, { material, variables, choices });
  const problems = 'problems' in planned ? planned.problems.filter(({ kind }) => kind === 'config') : [];
  if (problems.length > 0)
    throw new AppError('conflict', `${name}: ${problems.map(({ text }) => text).join('; ')}`, {
      detail: { problems },
    });
  return {
    kind: names.runbookId === '' ? 'deployment' : 'runbookRun',
    name,
    timeoutMs: wishes.timeoutMs ?? 0,
    createdBy: wishes.createdBy,
    spec: {
      run: {
        ...names,
        guidedFailure:
          wishes.guidedFailure ??
          (guided === 'environment' ? material.environment.body.guidedFailure : guided === 'on'),
        choices,
        prompted,
        priority: wishes.priority ?? NORMAL_PRIORITY,
        notBefore: wishes.notBefore ?? null,
        expiresAt: wishes.expiresAt ?? null,
        parent: wishes.parent ?? null,
        comments: wishes.comments ?? '',
        ...(wishes.trigger === undefined ? {} : { trigger: wishes.trigger }),
      },
    },
  };
}

/** In clear; they are sealed when the task is submitted. */
async function promptedValues(
  tx: Tx,
  {
    material,
    given,
    secret,
  }: { material: RunMaterial; given: Readonly<Record<string, string>>; secret: ReadonlySet<string> },
): Promise<ScriptVariable[]> {
  const asked = promptedVariables(indexSnapshot(material.snapshot.variables), material.context);
  const pools = await tx.pools.list(material.project.spaceId);
  const checked = checkPrompted(
    asked,
    Object.entries(given).map(([name, value]) => ({ name, value })),
    { nearest, pools },
  );
  const tenant = tenantValues(material.tenant);
  const missing =
    tenant === undefined
      ? []
      : missingTenantValues(material.snapshot.variables, tenant, [material.environment]);
  const bare = asked.filter(
    ({ label, name, type }) => type !== 'sensitive' && (secret.has(label) || secret.has(name)),
  );
  const problems: FieldProblem[] = [
    ...(checked.problems ?? []),
    ...missing.map(asProblem),
    ...bare.map(({ name }) => ({
      field: `variables.${name}`,
      expected: `a variable of type sensitive in "${material.project.name}", for the value given to it is one`,
    })),
  ];
  if (checked.problems !== undefined || problems.length > 0)
    throw new AppError('invalid', problems.map(({ field, expected }) => `${field}: ${expected}`).join('; '), {
      fields: problems,
    });
  return asked.flatMap(({ key, type }) => {
    const value = checked.values.get(key);
    return value === undefined ? [] : [{ name: key, value, sensitive: type === 'sensitive' }];
  });
}

/** A variable that leads back to itself is found before anything runs. Sealed values are not looked into: they are text. */
function refuseRecursion(material: RunMaterial, variables: RunVariables): void {
  const all = [...variables.in({ stepNames: null, stepRoles: [], target: null })];
  const known = Variables.from(all.map((one) => [one.name, one.sensitive ? '' : one.value] as const));
  const problems: FieldProblem[] = [];
  for (const { name, value, sensitive } of all) {
    if (sensitive || !value.includes('#{')) continue;
    try {
      evaluateVariable(name, known);
    } catch (thrown) {
      if (!(thrown instanceof TemplateError)) throw thrown;
      problems.push({ field: `variables.${name}`, expected: thrown.message });
    }
  }
  if (problems.length === 0) return;
  throw new AppError(
    'invalid',
    `variables of project "${material.project.name}" can't be evaluated: ${problems.map(({ expected }) => expected).join('; ')}`,
    { fields: problems },
  );
}

function checkTenant(
  { project, environment, tenant }: RunMaterial,
  { tenanted, channel }: { tenanted: 'untenanted' | 'tenanted' | 'either'; channel: string | null },
): void {
  if (tenant === undefined) {
    if (tenanted === 'tenanted')
      throw new AppError('invalid', `"${project.name}" is run for a tenant each time: name one`, {
        fields: [{ field: 'tenant', expected: 'the name of a tenant' }],
      });
    return;
  }
  const bad = (message: string): AppError =>
    new AppError('invalid', message, {
      fields: [{ field: 'tenant', value: tenant.name, expected: 'a tenant that it may be run for' }],
    });
  if (tenanted === 'untenanted') throw bad(`"${project.name}" is run for no tenant`);
  const connected = tenant.body.projects.find((one) => one.project === project.id);
  if (connected === undefined)
    throw bad(`tenant "${tenant.name}" is not connected to project "${project.name}"`);
  if (!connected.environments.includes(environment.id))
    throw bad(`tenant "${tenant.name}" has no "${environment.name}" of project "${project.name}"`);
  const wanted = channel === null ? [] : (channelOf(project, channel)?.tenantTags ?? []);
  if (wanted.length > 0 && !tagsMatch(wanted, tenant.body.tags))
    throw bad(`channel "${channel ?? ''}" is not for tenant "${tenant.name}"`);
}

/** As it stands now; a release keeps the name as it was written then. */
export function channelOf({ body: { channels } }: Resource<'project'>, named: string): Channel | undefined {
  return channels.find(({ name }) => name.toLowerCase() === named.toLowerCase());
}

/** The release that was deployed there last, with success. */
export async function currentRelease(
  tx: Tx,
  spaceId: string,
  here: { projectId: string; environmentId: string; tenantId: string },
): Promise<Release | undefined> {
  const [last] = await tx.processRuns.runs(spaceId, { ...here, runbookId: '', succeeded: true, limit: 1 });
  return last === undefined ? undefined : tx.processRuns.release(spaceId, last.releaseId);
}

/** How far a release is along its lifecycle. */
export async function progressOf(
  tx: Tx,
  { project, release, tenantId }: { project: Resource<'project'>; release: Release; tenantId: string },
): Promise<Progress> {
  const { spaceId } = project;
  const channel = channelOf(project, release.channel);
  const id = channel?.lifecycle ?? project.body.lifecycle;
  const lifecycle = await needed(tx, { spaceId, kind: 'lifecycle', id });
  const environments = (await tx.resources.list(spaceId, 'environment')).sort(
    (a, b) => a.body.sortOrder - b.body.sortOrder || (a.name < b.name ? -1 : 1),
  );
  return {
    phases: lifecycle.body.phases,
    environments,
    succeeded: new Set(await tx.processRuns.succeededIn(spaceId, release.id, tenantId)),
  };
}

async function checkRunbookEnvironment(
  tx: Tx,
  of: { runbook: Resource<'runbook'>; project: Resource<'project'>; environmentId: string },
): Promise<void> {
  const { runbook, project, environmentId } = of;
  const { environments } = runbook.body;
  if (environments === 'all') return;
  const { spaceId } = project;
  let allowed = environments === 'lifecycle' ? [] : environments;
  if (environments === 'lifecycle') {
    const lifecycle = await needed(tx, { spaceId, kind: 'lifecycle', id: project.body.lifecycle });
    if (lifecycle.body.phases.length === 0) return;
    allowed = lifecycle.body.phases.flatMap((phase) => [...phase.environments, ...phase.automatic]);
  }
  if (allowed.includes(environmentId)) return;
  const environment = await needed(tx, { spaceId, kind: 'environment', id: environmentId });
  throw new AppError('conflict', `runbook "${runbook.name}" is not for environment "${environment.name}"`);
}

function forTenant(tenant: Resource<'tenant'> | undefined): string {
  return tenant === undefined ? '' : ` for ${tenant.name}`;
}
