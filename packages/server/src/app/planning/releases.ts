/** Releases of projects: made from what stands now, and changed by nothing later but by those who say so. */
import { AppError } from '@longshore/base';
import { evaluate } from '@longshore/template';

import { progressionBar } from '../../domain/deployment/progression.ts';
import type { Release } from '../../domain/deployment/release.ts';
import {
  compareVersions,
  DEFAULT_VERSION_TEMPLATE,
  lastVersionVariables,
  RELEASE_VERSION,
} from '../../domain/deployment/version.ts';
import type { Resource } from '../../domain/model/resource.ts';
import { record } from '../kernel/audit.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { resourceNamed } from '../kernel/resource-names.ts';
import type { Caller } from '../ports/caller.ts';
import type { NewRelease, Releases } from '../ports/run-api.ts';
import type { Tx } from '../ports/store.ts';
import { channelOf, progressOf, snapshotOf } from './new-runs.ts';
import { promoteForAll } from './promotion.ts';

export function createReleases(kernel: Kernel): Releases {
  const { store } = kernel.options;
  const done = (by: Caller, tx: Tx, action: string, release: Release): Promise<void> =>
    recordOf(kernel, tx, { by, action, release });
  return {
    create: (by, wanted) =>
      kernel.batch.add((turn) => create(kernel, turn, { by, wanted }), { hurried: true }),
    list: (spaceId, { project, channel, limit, before }) =>
      store.read(async (tx) => {
        const of =
          project === undefined
            ? undefined
            : await resourceNamed(tx, { spaceId, kind: 'project', named: project });
        return tx.processRuns.releases(spaceId, {
          limit,
          ...(of === undefined ? {} : { projectId: of.id }),
          ...(channel === undefined ? {} : { channel }),
          ...(before === undefined ? {} : { before }),
        });
      }),
    get: (spaceId, project, version) =>
      store.read(async (tx) => (await releaseNamed(tx, { spaceId, project, version })).release),
    progression: (spaceId, project, version, tenant) =>
      store.read(async (tx) => {
        const found = await releaseNamed(tx, { spaceId, project, version });
        const of =
          tenant === undefined
            ? undefined
            : await resourceNamed(tx, { spaceId, kind: 'tenant', named: tenant });
        const progress = await progressOf(tx, { ...found, tenantId: of?.id ?? '' });
        return progress.environments.map(({ id, name }) => ({
          id,
          name,
          succeeded: progress.succeeded.has(id),
          bar:
            found.release.blocked === '' ? progressionBar(progress, id) : `blocked: ${found.release.blocked}`,
        }));
      }),
    updateVariables: (by, project, version) =>
      store.write(async (tx) => {
        const found = await releaseNamed(tx, { spaceId: by.spaceId, project, version });
        const before = await tx.processRuns.snapshot(by.spaceId, found.release.snapshotId);
        if (before === undefined)
          throw new AppError('notFound', `the snapshot of release ${version} is gone`);
        const taken = await snapshotOf(kernel, tx, { project: found.project, process: before.process });
        const release = { ...found.release, snapshotId: taken.id };
        await tx.processRuns.updateRelease(release);
        await done(by, tx, 'variablesUpdated', release);
        return release;
      }),
    block: (by, project, version, reason) =>
      kernel.batch.add((turn) => block(kernel, turn, { by, project, version, reason }), { hurried: true }),
    delete: (by, project, version) =>
      store.write(async (tx) => {
        const { release } = await releaseNamed(tx, { spaceId: by.spaceId, project, version });
        const [underWay] = await tx.processRuns.runs(by.spaceId, {
          releaseId: release.id,
          ended: false,
          limit: 1,
        });
        if (underWay !== undefined)
          throw new AppError(
            'conflict',
            `release ${release.version} is being deployed by task ${underWay.taskId}`,
          );
        await tx.processRuns.deleteRelease(by.spaceId, release.id);
        await done(by, tx, 'deleted', release);
      }),
  };
}

/** With the deployments that follow from it: they are there when it is. */
async function create(
  kernel: Kernel,
  turn: Turn,
  { by, wanted }: { by: Caller; wanted: NewRelease },
): Promise<Release> {
  const { tx } = turn;
  const { spaceId } = by;
  await kernel.books.lock(turn, spaceId);
  const project = await resourceNamed(tx, { spaceId, kind: 'project', named: wanted.project });
  const channel = channelAsked(project, wanted.channel);
  const version = wanted.version ?? (await nextVersion(tx, project));
  checkVersion(version);
  const there = await tx.processRuns.releaseOf(spaceId, project.id, version);
  if (there !== undefined && wanted.ignoreExisting === true) return there;
  const snapshot = await snapshotOf(kernel, tx, { project });
  const release: Release = {
    spaceId,
    id: kernel.options.ids(),
    projectId: project.id,
    version,
    channel: channel.name,
    snapshotId: snapshot.id,
    notes: wanted.notes ?? '',
    blocked: '',
    createdAt: kernel.options.clock.now(),
    createdBy: by.actor,
  };
  await tx.processRuns.insertRelease(release);
  await recordOf(kernel, tx, { by, action: 'created', release });
  await promoteForAll(kernel, turn, { project, release });
  return release;
}

/** One that is let go on goes to where its lifecycle takes it by itself, as if it had not been blocked. */
async function block(
  kernel: Kernel,
  turn: Turn,
  { by, reason, ...of }: { by: Caller; project: string; version: string; reason: string },
): Promise<Release> {
  const { tx } = turn;
  await kernel.books.lock(turn, by.spaceId);
  const found = await releaseNamed(tx, { spaceId: by.spaceId, ...of });
  const release = { ...found.release, blocked: reason };
  await tx.processRuns.updateRelease(release);
  await recordOf(kernel, tx, { by, action: reason === '' ? 'unblocked' : 'blocked', release });
  if (reason === '' && found.release.blocked !== '')
    await promoteForAll(kernel, turn, { project: found.project, release });
  return release;
}

function recordOf(
  { options: { clock } }: Pick<Kernel, 'options'>,
  tx: Tx,
  { by, action, release }: { by: Caller; action: string; release: Release },
): Promise<void> {
  const detail = { version: release.version, projectId: release.projectId };
  return record(tx, { ...by, clock }, { action: `release.${action}`, subject: release.id, detail });
}

export async function releaseNamed(
  tx: Tx,
  { spaceId, project: named, version }: { spaceId: string; project: string; version: string },
): Promise<{ project: Resource<'project'>; release: Release }> {
  const project = await resourceNamed(tx, { spaceId, kind: 'project', named });
  const byId = await tx.processRuns.release(spaceId, version);
  const release =
    byId?.projectId === project.id ? byId : await tx.processRuns.releaseOf(spaceId, project.id, version);
  if (release !== undefined) return { project, release };
  const some = (await tx.processRuns.releases(spaceId, { projectId: project.id, limit: 5 })).map(
    (one) => one.version,
  );
  const there = some.length === 0 ? 'it has none yet' : `its newest are ${some.join(', ')}`;
  throw new AppError('notFound', `Project "${project.name}" has no release "${version}": ${there}`);
}

function channelAsked(project: Resource<'project'>, named: string | undefined) {
  const { channels } = project.body;
  const found = named === undefined ? channels.find(({ isDefault }) => isDefault) : channelOf(project, named);
  if (found !== undefined) return found;
  const names = channels.map(({ name }) => name).join(', ');
  throw new AppError('invalid', `channel: project "${project.name}" has no channel "${named ?? ''}"`, {
    fields: [{ field: 'channel', value: named, expected: `one of ${names}` }],
  });
}

/** Releases looked at for the version that the next one follows: those of the newest, by number. */
const LOOKED_AT = 50;

async function nextVersion(tx: Tx, project: Resource<'project'>): Promise<string> {
  const releases = await tx.processRuns.releases(project.spaceId, {
    projectId: project.id,
    limit: LOOKED_AT,
  });
  const last = releases
    .map(({ version }) => version)
    .sort(compareVersions)
    .at(-1);
  const template =
    project.body.versionTemplate === '' ? DEFAULT_VERSION_TEMPLATE : project.body.versionTemplate;
  const plain = project.body.variables.filter(
    ({ type, scope }) =>
      type === 'text' && Object.values(scope).every((list) => (list as string[]).length === 0),
  );
  const variables = {
    ...Object.fromEntries(plain.map(({ name, value }) => [name, value])),
    ...lastVersionVariables(last),
    'Octopus.Project.Name': project.name,
  };
  return evaluate(template, variables).text;
}

function checkVersion(version: string): void {
  if (RELEASE_VERSION.test(version)) return;
  throw new AppError('invalid', `version: "${version}" can't be the version of a release`, {
    fields: [
      {
        field: 'version',
        value: version,
        expected: 'letters, digits, dots, dashes, plus and underscores, beginning with a letter or a digit',
      },
    ],
  });
}
