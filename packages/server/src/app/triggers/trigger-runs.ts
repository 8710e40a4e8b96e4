/**
 * What a due trigger starts: a run for each environment and tenant that it
 * names. One that can't be started keeps no other from starting.
 */
import { AppError } from '@longshore/base';

import { tagsMatch } from '../../domain/deployment/plan.ts';
import { tenantEnvironments } from '../../domain/deployment/promotion.ts';
import type { Snapshot } from '../../domain/deployment/release.ts';
import type { Resource } from '../../domain/model/resource.ts';
import type { Trigger, TriggerAction } from '../../domain/model/trigger.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { channelOf, currentRelease, deploymentOf, runbookRunOf, type NewRun } from '../planning/new-runs.ts';
import { startRun } from '../planning/start-run.ts';
import { StorageOut, type Tx } from '../ports/store.ts';

export interface TriggerOutcome {
  taskIds: string[];
  failures: string[];
  /** Why there was nothing to do. */
  idle: string[];
}

interface Starting {
  project: Resource<'project'>;
  trigger: Trigger;
}

interface Place {
  environmentId: string;
  /** Empty: for none. */
  tenantId: string;
}

type Made = { run: NewRun } | { idle: string };

/** Of the runs in one place that have not ended (one at a time, the others queue), the newest. */
const RUNS_LOOKED_AT = 100;

export async function startTriggered(
  kernel: Kernel,
  turn: Turn,
  { project, trigger }: Starting,
): Promise<TriggerOutcome> {
  const outcome: TriggerOutcome = { taskIds: [], failures: [], idle: [] };
  const { does } = trigger;
  const by = { spaceId: project.spaceId, actor: `trigger ${trigger.name}` };
  const make = maker(kernel, turn.tx, { project, trigger, createdBy: by.actor });
  const environments = does.kind === 'deploy' ? [does.environment] : does.environments;
  if (environments.length === 0) outcome.failures.push('it names no environment');
  for (const environmentId of environments) {
    const tenantIds = await tenantsFor(turn.tx, { project, does, environmentId });
    if (tenantIds.length === 0)
      outcome.failures.push(
        `no tenant with ${does.tenantTags.join(', ')} has ${await nameOf(turn.tx, { project, environmentId, tenantId: '' })} of this project`,
      );
    for (const tenantId of tenantIds) {
      const place = { environmentId, tenantId };
      const made = await orProblem(() => make(place));
      if ('run' in made) outcome.taskIds.push((await startRun(kernel, turn, { by, run: made.run })).id);
      else {
        const where = await nameOf(turn.tx, { project, ...place });
        if ('idle' in made) outcome.idle.push(`${where}: ${made.idle}`);
        else outcome.failures.push(`${where}: ${made.problem}`);
      }
    }
  }
  return outcome;
}

function maker(
  kernel: Kernel,
  tx: Tx,
  of: Starting & { createdBy: string },
): (place: Place) => Promise<Made> {
  const { project, trigger, createdBy } = of;
  const { does } = trigger;
  const { spaceId } = project;
  const wishes = { spaceId, createdBy, trigger: trigger.name };
  if (does.kind === 'deploy')
    return (place) => newDeployment(kernel, tx, { project, does, wishes: { ...wishes, ...place } });
  let snapshot: Snapshot | undefined;
  return async (place) => {
    const run = await runbookRunOf(kernel, tx, {
      ...{ ...wishes, ...place, runbookId: does.runbook },
      ...(snapshot === undefined ? {} : { snapshot }),
    });
    // One for all that start together.
    snapshot ??= await tx.processRuns.snapshot(spaceId, run.spec.run.snapshotId);
    return { run };
  };
}

async function newDeployment(
  kernel: Kernel,
  tx: Tx,
  of: {
    project: Resource<'project'>;
    does: Extract<TriggerAction, { kind: 'deploy' }>;
    wishes: Place & { spaceId: string; createdBy: string; trigger: string };
  },
): Promise<Made> {
  const { project, does, wishes } = of;
  const { spaceId, environmentId, tenantId } = wishes;
  const release = await tx.processRuns.newestRelease(spaceId, {
    projectId: project.id,
    ...(does.channel === '' ? {} : { channel: does.channel }),
    ...(does.from === null ? {} : { deployedTo: { environmentId: does.from, tenantId } }),
  });
  if (release === undefined) {
    const inChannel = does.channel === '' ? '' : ` of channel "${does.channel}"`;
    const from =
      does.from === null
        ? ''
        : ` that was deployed to ${await nameOf(tx, { project, environmentId: does.from, tenantId })}`;
    return { idle: `there is no release${inChannel}${from} yet` };
  }
  const here = { projectId: project.id, environmentId, tenantId };
  const open = await tx.processRuns.runs(spaceId, {
    ...here,
    runbookId: '',
    ended: false,
    limit: RUNS_LOOKED_AT,
  });
  const underWay = open.find(({ releaseId }) => releaseId >= release.id);
  if (underWay !== undefined) {
    const { version } = (await tx.processRuns.release(spaceId, underWay.releaseId)) ?? release;
    const newer = underWay.releaseId === release.id ? '' : `, which is newer than ${release.version},`;
    return { idle: `release ${version}${newer} is being deployed by task ${underWay.taskId}` };
  }
  const current = await currentRelease(tx, spaceId, here);
  if (current?.id === release.id) return { idle: `release ${current.version} is there already` };
  if (current !== undefined && current.id > release.id)
    return { idle: `release ${current.version} is there, which is newer than ${release.version}` };
  return { run: await deploymentOf(kernel, tx, { ...wishes, release }) };
}

/** Those that are named, and those that its tags are for; empty text: for none. */
async function tenantsFor(
  tx: Tx,
  of: { project: Resource<'project'>; does: TriggerAction; environmentId: string },
): Promise<string[]> {
  const { project, does, environmentId } = of;
  const { tenants, tenantTags } = does;
  if (tenantTags.length === 0) return tenants.length === 0 ? [''] : [...new Set(tenants)];
  const channel = does.kind === 'deploy' ? channelOf(project, does.channel) : undefined;
  const tagged = (await tx.resources.list(project.spaceId, 'tenant')).filter(
    (tenant) =>
      tagsMatch(tenantTags, tenant.body.tags) &&
      tagsMatch(channel?.tenantTags ?? [], tenant.body.tags) &&
      tenantEnvironments(tenant, project.id).includes(environmentId),
  );
  return [...new Set([...tenants, ...tagged.map(({ id }) => id)])];
}

async function nameOf(
  tx: Tx,
  { project, environmentId, tenantId }: Place & { project: Resource<'project'> },
): Promise<string> {
  const called = async (id: string): Promise<string> =>
    (await tx.resources.get(project.spaceId, id))?.name ?? id;
  const forTenant = tenantId === '' ? '' : ` for ${await called(tenantId)}`;
  return `"${await called(environmentId)}"${forTenant}`;
}

/** What is refused is a reason; what breaks is the caller's to tell, in a turn of its own. */
async function orProblem(make: () => Promise<Made>): Promise<Made | { problem: string }> {
  try {
    return await make();
  } catch (thrown) {
    if (thrown instanceof StorageOut || !(thrown instanceof AppError)) throw thrown;
    return { problem: thrown.message };
  }
}
