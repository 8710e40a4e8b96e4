/**
 * Takes releases on to the automatic environments of their lifecycle: a new
 * release, one whose deployment succeeded, and one that is not blocked any more.
 *
 * Always true: what follows is submitted in the transaction of what it follows
 * from (the release's row, the run's success), under the granting lock. So it
 * is there exactly once, whichever node dies when. What can't be deployed
 * there is told and keeps nothing from being what it is: the release stays
 * made, the run succeeded.
 */
import { AppError, toError } from '@longshore/base';

import { promotedFor, promotionsOf, tenantEnvironments } from '../../domain/deployment/promotion.ts';
import type { Release } from '../../domain/deployment/release.ts';
import type { Resource } from '../../domain/model/resource.ts';
import type { EndState } from '../../domain/task-transition.ts';
import { runOf, type Task } from '../../domain/task.ts';
import { record } from '../kernel/audit.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, type Kernel } from '../kernel/kernel.ts';
import { StorageOut } from '../ports/store.ts';
import { channelOf, deploymentOf, progressOf } from './new-runs.ts';
import { startRun } from './start-run.ts';

/** Who starts them. */
export const LIFECYCLE = 'lifecycle';

export interface Promotions {
  started: Task[];
  /** Why something was not started. */
  problems: string[];
}

/** A release that was made, or let go on, in this very turn: to where it may go now, for each tenant and for none. */
export async function promoteForAll(
  kernel: Kernel,
  turn: Turn,
  { project, release }: { project: Resource<'project'>; release: Release },
): Promise<Promotions> {
  const tenants =
    project.body.tenanted === 'untenanted' ? [] : await turn.tx.resources.list(release.spaceId, 'tenant');
  const channel = channelOf(project, release.channel);
  return promote(kernel, turn, { project, release, tenants: promotedFor(project, channel, tenants) });
}

/** A run that ends in this very turn: of a deployment that succeeded, the release goes on. */
export async function runEnded(
  kernel: Kernel,
  turn: Turn,
  { task, state }: { task: Task; state: EndState },
): Promise<void> {
  const spec = runOf(task);
  if (state !== 'success' || spec === undefined || spec.releaseId === '') return;
  const { spaceId } = task;
  await kernel.books.lock(turn, spaceId);
  const release = await turn.tx.processRuns.release(spaceId, spec.releaseId);
  const project = await resourceOf(turn, { spaceId, kind: 'project', id: spec.projectId });
  if (release === undefined || project === undefined) return;
  const tenant =
    spec.tenantId === '' ? null : await resourceOf(turn, { spaceId, kind: 'tenant', id: spec.tenantId });
  if (tenant === undefined) return;
  const { started, problems } = await promote(kernel, turn, { project, release, tenants: [tenant] });
  for (const { id, name } of started)
    await note(kernel, turn, { task, level: 'info', text: `The lifecycle started task ${id}: ${name}` });
  for (const text of problems) await note(kernel, turn, { task, level: 'warning', text });
}

interface Promoting {
  project: Resource<'project'>;
  release: Release;
  tenant: Resource<'tenant'> | null;
}

async function promote(
  kernel: Kernel,
  turn: Turn,
  of: Omit<Promoting, 'tenant'> & { tenants: readonly (Resource<'tenant'> | null)[] },
): Promise<Promotions> {
  const { project, release, tenants } = of;
  const { spaceId } = release;
  const by = { spaceId, actor: LIFECYCLE };
  const done: Promotions = { started: [], problems: [] };
  await kernel.books.lock(turn, spaceId);
  for (const tenant of tenants) {
    const promoting = { project, release, tenant };
    const wanted = await orProblem(kernel, () => wantedFor(turn, promoting));
    if ('problem' in wanted) {
      done.problems.push(await failed(kernel, turn, { ...promoting, problem: wanted.problem }));
      continue;
    }
    for (const environmentId of wanted.made) {
      const run = await orProblem(kernel, () =>
        deploymentOf(kernel, turn.tx, {
          ...{ spaceId, environmentId, release, createdBy: LIFECYCLE, tenantId: tenant?.id ?? '' },
        }),
      );
      if ('problem' in run)
        done.problems.push(await failed(kernel, turn, { ...promoting, problem: run.problem }));
      else done.started.push(await startRun(kernel, turn, { by, run: run.made }));
    }
  }
  return done;
}

async function wantedFor(turn: Turn, { project, release, tenant }: Promoting): Promise<string[]> {
  const tenantId = tenant?.id ?? '';
  const progress = await progressOf(turn.tx, { project, release, tenantId });
  const open = tenant === null ? null : tenantEnvironments(tenant, project.id);
  const started = new Set<string>();
  for (const environmentId of promotionsOf(progress, started, open)) {
    const filter = { releaseId: release.id, environmentId, tenantId, limit: 1 };
    if ((await turn.tx.processRuns.runs(release.spaceId, filter)).length > 0) started.add(environmentId);
  }
  return promotionsOf(progress, started, open);
}

async function failed(
  kernel: Kernel,
  turn: Turn,
  { release, tenant, problem }: Promoting & { problem: string },
): Promise<string> {
  const forTenant = tenant === null ? '' : ` for ${tenant.name}`;
  const text = `The lifecycle does not take release ${release.version} on${forTenant}: ${problem}`;
  await record(
    turn.tx,
    { spaceId: release.spaceId, actor: LIFECYCLE, clock: kernel.options.clock },
    { action: 'promotion.failed', subject: release.id, detail: { reason: text } },
  );
  return text;
}

/** What the store says goes on: its transaction is over anyway. All else is a reason, never the end of the run's end. */
async function orProblem<T>(
  kernel: Kernel,
  make: () => Promise<T>,
): Promise<{ made: T } | { problem: string }> {
  try {
    return { made: await make() };
  } catch (thrown) {
    if (thrown instanceof StorageOut) throw thrown;
    const error = toError(thrown);
    if (!(thrown instanceof AppError))
      kernel.options.logger.error('taking a release on along its lifecycle failed', { error });
    return { problem: error.message };
  }
}

async function resourceOf<Kind extends 'project' | 'tenant'>(
  turn: Turn,
  { spaceId, kind, id }: { spaceId: string; kind: Kind; id: string },
): Promise<Resource<Kind> | undefined> {
  const found = await turn.tx.resources.get(spaceId, id);
  return found?.kind === kind ? (found as Resource<Kind>) : undefined;
}
