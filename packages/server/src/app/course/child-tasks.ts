/**
 * Actions that start another run: a release of a project, or a runbook. The
 * child is a task of its own, submitted in the very transaction that says so
 * in the activity: there is never a second one.
 */
import type { Activity } from '../../domain/deployment/activity.ts';
import { FAILED, SUCCEEDED, type TryEnd } from '../../domain/deployment/after-try.ts';
import type { Release } from '../../domain/deployment/release.ts';
import { compareVersions } from '../../domain/deployment/version.ts';
import type { DeployReleaseAction, RunRunbookAction } from '../../domain/model/process.ts';
import { isEnded } from '../../domain/task-transition.ts';
import { runOf, type RunSpec, type Task } from '../../domain/task.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, type Kernel } from '../kernel/kernel.ts';
import { isRefusal } from '../kernel/refusal.ts';
import { currentRelease, deploymentOf, runbookRunOf, type NewRun } from '../planning/new-runs.ts';
import { needed } from '../planning/run-material.ts';
import { change, type CourseRun } from './activities.ts';
import { sceneOf } from './scene-of.ts';
import { describe, placeIn, tryEnded, type Place } from './tries.ts';

export async function startChild(
  kernel: Kernel,
  turn: Turn,
  { run, activity, place }: { run: CourseRun; activity: Activity; place: Place },
): Promise<void> {
  const { does } = place.action;
  if (does.kind !== 'deployRelease' && does.kind !== 'runRunbook') return;
  const begun = await change(kernel, turn, {
    run,
    activity,
    to: { state: 'running', message: '', tries: activity.tries + 1 },
  });
  let made: { child: NewRun } | { done: string } | { problem: string };
  try {
    made =
      does.kind === 'deployRelease'
        ? await newDeployment(kernel, turn, { run, place, does })
        : await newRunbookRun(kernel, turn, { run, place, does });
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    made = { problem: thrown.message };
  }
  const ended = (end: TryEnd, message: string): Promise<void> =>
    tryEnded(kernel, turn, { run, activity: begun, place, end, message, final: true });
  if ('problem' in made) return ended(FAILED, made.problem);
  if ('done' in made) return ended(SUCCEEDED, made.done);
  const child = await kernel.submit(turn, run.task.spaceId, made.child);
  const text = `${describe(place)} started task ${child.id}: ${child.name}`;
  await note(kernel, turn, { task: run.task, level: 'info', text, activity: place.key });
  if (does.kind === 'runRunbook' && !does.wait) return ended(SUCCEEDED, `started task ${child.id}`);
  const waitsFor = { kind: 'task', id: child.id } as const;
  await change(kernel, turn, {
    run,
    activity: begun,
    to: { state: 'running', message: child.name, waitsFor },
  });
}

async function newDeployment(
  kernel: Kernel,
  turn: Turn,
  { run, place, does }: { run: CourseRun; place: Place; does: DeployReleaseAction },
): Promise<{ child: NewRun } | { done: string } | { problem: string }> {
  const spec = runOf(run.task);
  if (spec === undefined) return { problem: 'it is no run of a process' };
  const { spaceId } = run.task;
  const scene = await sceneOf(kernel, turn, run);
  const version = scene.text(does.version, place);
  if ('problem' in version) return version;
  const release = await releaseToDeploy(turn, { spaceId, does, version: version.text.trim() });
  if ('problem' in release) return release;
  const tenantId = await tenantFor(turn, { spaceId, spec, kind: 'project', id: does.project });
  const here = { projectId: does.project, environmentId: spec.environmentId, tenantId };
  const current = await currentRelease(turn.tx, spaceId, here);
  if (current !== undefined && does.when !== 'always') {
    if (current.id === release.found.id) return { done: `release ${current.version} is there already` };
    if (does.when === 'ifNewer' && compareVersions(release.found.version, current.version) <= 0)
      return {
        done: `release ${current.version} is there, which is not older than ${release.found.version}`,
      };
  }
  const values = scene.texts(does.variables, place);
  if ('problem' in values) return values;
  return {
    child: await deploymentOf(kernel, turn.tx, {
      ...inherited(run, place, spec),
      secretVariables: scene.sensitiveOf(does.variables, place),
      tenantId,
      release: release.found,
      environmentId: spec.environmentId,
      variables: values.texts,
    }),
  };
}

async function newRunbookRun(
  kernel: Kernel,
  turn: Turn,
  { run, place, does }: { run: CourseRun; place: Place; does: RunRunbookAction },
): Promise<{ child: NewRun } | { problem: string }> {
  const spec = runOf(run.task);
  if (spec === undefined) return { problem: 'it is no run of a process' };
  const scene = await sceneOf(kernel, turn, run);
  const values = scene.texts(does.variables, place);
  if ('problem' in values) return values;
  return {
    child: await runbookRunOf(kernel, turn.tx, {
      ...inherited(run, place, spec),
      secretVariables: scene.sensitiveOf(does.variables, place),
      tenantId: await tenantFor(turn, { spaceId: run.task.spaceId, spec, kind: 'runbook', id: does.runbook }),
      runbookId: does.runbook,
      environmentId: does.environment ?? spec.environmentId,
      variables: values.texts,
    }),
  };
}

function inherited(run: CourseRun, place: Place, spec: RunSpec) {
  return {
    spaceId: run.task.spaceId,
    createdBy: run.task.createdBy,
    guidedFailure: spec.guidedFailure,
    priority: spec.priority,
    parent: { taskId: run.task.id, activity: place.key },
  };
}

/** The tenant of this run, unless what is started is run for none. */
async function tenantFor(
  turn: Turn,
  of: { spaceId: string; spec: RunSpec; kind: 'project' | 'runbook'; id: string },
): Promise<string> {
  const { body } = await needed(turn.tx, of);
  return body.tenanted === 'untenanted' ? '' : of.spec.tenantId;
}

async function releaseToDeploy(
  turn: Turn,
  { spaceId, does, version }: { spaceId: string; does: DeployReleaseAction; version: string },
): Promise<{ found: Release } | { problem: string }> {
  const { project: projectId, channel } = does;
  const project = await turn.tx.resources.get(spaceId, projectId);
  if (project === undefined) return { problem: `the project that it deploys (${projectId}) was deleted` };
  if (version !== '') {
    const found = await turn.tx.processRuns.releaseOf(spaceId, projectId, version);
    return found === undefined
      ? { problem: `project "${project.name}" has no release ${version}` }
      : { found };
  }
  const filter = { projectId, limit: 1, ...(channel === '' ? {} : { channel }) };
  const [newest] = await turn.tx.processRuns.releases(spaceId, filter);
  if (newest !== undefined) return { found: newest };
  const of = channel === '' ? '' : ` in channel "${channel}"`;
  return { problem: `project "${project.name}" has no release${of} yet` };
}

/** Looks which of the tasks that the run waits for have ended. */
export async function childrenEnded(kernel: Kernel, turn: Turn, run: CourseRun): Promise<void> {
  for (const activity of [...run.course.activities.values()]) {
    if (activity.state !== 'running' || activity.waitsFor?.kind !== 'task') continue;
    const { id } = activity.waitsFor;
    // One that was started in this very turn is no row yet.
    const child =
      kernel.runs.task(id)?.task ?? kernel.fresh.get(id) ?? (await turn.tx.tasks.get(run.task.spaceId, id));
    if (child !== undefined && !isEnded(child.state)) continue;
    const place = placeIn(run, activity.key);
    if (place === undefined) continue;
    await tryEnded(kernel, turn, { run, activity, place, ...childEnd(child, id), final: true });
  }
}

function childEnd(child: Task | undefined, id: string): { end: TryEnd; message: string } {
  if (child === undefined) return { end: FAILED, message: `task ${id} is gone` };
  if (child.state === 'success') return { end: SUCCEEDED, message: `${child.name} succeeded` };
  const end = { ...FAILED, cancelled: child.state === 'cancelled' };
  return { end, message: `${child.name} (task ${id}) ended ${child.state}: ${child.message}` };
}
