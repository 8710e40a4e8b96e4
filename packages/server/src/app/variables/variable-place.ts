/**
 * Where people ask what variables are: a project with an environment, a
 * tenant, a step and so on, each by its name or id, as a run there would have
 * them. The project stands for what the next release would keep; a release,
 * for what it keeps.
 */
import { AppError, invalid } from '@longshore/base';
import { nearest } from '@longshore/base/nearest';

import type { Release } from '../../domain/deployment/release.ts';
import type { Process, Step } from '../../domain/model/process.ts';
import type { Resource, ResourceKind } from '../../domain/model/resource.ts';
import { fold, type TargetContext, type VariableContext } from '../../domain/variables/scope.ts';
import { takeSnapshot, type VariableSnapshot } from '../../domain/variables/snapshot.ts';
import { resourceNamed } from '../kernel/resource-names.ts';
import { releaseNamed } from '../planning/releases.ts';
import { needed } from '../planning/run-material.ts';
import type { Tx } from '../ports/store.ts';

export interface AskedPlace {
  project: string;
  /** Not given: outside of all; what is scoped by one does not hold. So it is with tenant, target and step. */
  environment?: string | undefined;
  tenant?: string | undefined;
  /** Not given: that of the release, or the default one. */
  channel?: string | undefined;
  /** Of a target; with none named, of one that has these. Not given: those of the target, and of the step. */
  roles?: readonly string[] | undefined;
  target?: string | undefined;
  /** A step, or an action. */
  step?: string | undefined;
  /** In its runs, instead of deployments. */
  runbook?: string | undefined;
  /** Version or id. */
  release?: string | undefined;
}

export interface VariablePlace {
  project: Resource<'project'>;
  group: Resource<'projectGroup'> | undefined;
  environment: Resource<'environment'> | undefined;
  tenant: Resource<'tenant'> | undefined;
  target: Resource<'target'> | undefined;
  runbook: Resource<'runbook'> | undefined;
  release: Release | undefined;
  step: { step: Step; action: string | null } | undefined;
  variables: VariableSnapshot;
  context: VariableContext;
}

/** @throws AppError `notFound`, `invalid`: what is not there, or does not go together */
export async function placeNamed(tx: Tx, spaceId: string, asked: AskedPlace): Promise<VariablePlace> {
  const { release: version, roles } = asked;
  if (asked.runbook !== undefined) refuseWithRunbook(asked);
  const named = <Kind extends ResourceKind>(kind: Kind, name: string | undefined, parentId?: string) =>
    name === undefined
      ? undefined
      : resourceNamed(tx, { spaceId, kind, named: name, ...(parentId === undefined ? {} : { parentId }) });
  const project = await resourceNamed(tx, { spaceId, kind: 'project', named: asked.project });
  const runbook = await named('runbook', asked.runbook, project.id);
  const of = version === undefined ? undefined : await keptBy(tx, { spaceId, project, version });
  const environment = await named('environment', asked.environment);
  const tenant = await named('tenant', asked.tenant);
  const target = await named('target', asked.target);
  const step =
    asked.step === undefined
      ? undefined
      : stepNamed(of?.process ?? (runbook ?? project).body.process, asked.step);
  return {
    ...{ project, environment, tenant, target, runbook, step },
    release: of?.release,
    group: project.body.group === null ? undefined : await groupOf(tx, spaceId, project.body.group),
    variables: of?.variables ?? (await asTheyStand(tx, project)),
    context: {
      environmentId: environment?.id ?? '',
      channel: runbook === undefined ? channelOf(project, of?.release, asked.channel) : null,
      tenantId: tenant?.id ?? null,
      tenantTags: tenant?.body.tags ?? [],
      process: runbook?.id ?? 'deployment',
      stepNames: step === undefined ? null : [step.step.name, ...(step.action === null ? [] : [step.action])],
      stepRoles: roles ?? step?.step.roles ?? [],
      target: targetContext(target, roles),
    },
  };
}

function refuseWithRunbook({ release, channel }: AskedPlace): void {
  const nothing = 'nothing: a runbook’s run is of no release, and so of no channel';
  if (release !== undefined) throw invalid('release', release, nothing);
  if (channel !== undefined) throw invalid('channel', channel, nothing);
}

async function keptBy(
  tx: Tx,
  { spaceId, project, version }: { spaceId: string; project: Resource<'project'>; version: string },
): Promise<{ release: Release; process: Process; variables: VariableSnapshot }> {
  const { release } = await releaseNamed(tx, { spaceId, project: project.id, version });
  const snapshot = await tx.processRuns.snapshot(spaceId, release.snapshotId);
  if (snapshot === undefined)
    throw new AppError('notFound', `the snapshot of release ${release.version} is gone`);
  return { release, process: snapshot.process, variables: snapshot.variables };
}

async function asTheyStand(tx: Tx, project: Resource<'project'>): Promise<VariableSnapshot> {
  const { spaceId } = project;
  const sets: Resource<'variableSet'>[] = [];
  for (const id of project.body.variableSets)
    sets.push(await needed(tx, { spaceId, kind: 'variableSet', id }));
  return takeSnapshot(project, sets);
}

async function groupOf(tx: Tx, spaceId: string, id: string): Promise<Resource<'projectGroup'> | undefined> {
  const found = await tx.resources.get(spaceId, id);
  return found?.kind === 'projectGroup' ? (found as Resource<'projectGroup'>) : undefined;
}

function channelOf(
  { name: project, body: { channels } }: Resource<'project'>,
  release: Release | undefined,
  named: string | undefined,
): string {
  if (release !== undefined) {
    if (named === undefined || fold(named) === fold(release.channel)) return release.channel;
    throw invalid('channel', named, `${release.channel}, which release ${release.version} is of`);
  }
  const found = channels.find(({ name, isDefault }) =>
    named === undefined ? isDefault : fold(name) === fold(named),
  );
  if (found !== undefined) return found.name;
  const names = channels.map(({ name }) => name).join(', ');
  throw invalid('channel', named, `a channel of project "${project}": ${names}`);
}

function targetContext(
  target: Resource<'target'> | undefined,
  roles: readonly string[] = [],
): TargetContext | null {
  if (target !== undefined) return { id: target.id, roles: target.body.roles };
  return roles.length === 0 ? null : { id: '', roles };
}

function stepNamed({ steps }: Process, named: string): { step: Step; action: string | null } {
  for (const step of steps) {
    const action = step.actions.find(({ name }) => fold(name) === fold(named));
    if (action !== undefined) return { step, action: action.name };
    if (fold(step.name) === fold(named))
      return { step, action: step.actions.length === 1 ? step.name : null };
  }
  const known = steps.flatMap(({ name, actions }) => [name, ...actions.map((action) => action.name)]);
  const near = nearest(named, known);
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  throw new AppError('notFound', `Its process has no step or action "${named}"${meant}`, {
    fields: [{ field: 'step', value: named, expected: `one of ${[...new Set(known)].join(', ')}` }],
  });
}
