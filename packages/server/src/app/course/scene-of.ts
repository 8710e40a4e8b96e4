/** Makes a run's scene from the store, once for each node that has the run. */
import type { Attempt } from '../../domain/attempt.ts';
import { keyOfAction } from '../../domain/deployment/activity.ts';
import { whereRuns } from '../../domain/deployment/plan.ts';
import type { Interruption } from '../../domain/deployment/interruption.ts';
import { runOf, type RunSpec } from '../../domain/task.ts';
import { manualOutputs, OutputVariables } from '../../domain/variables/output.ts';
import type { RunFacts } from '../../domain/variables/run-facts.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { RunScene, type SceneParts } from '../kernel/scene.ts';
import { materialOf, runVariables, type RunMaterial } from '../planning/run-material.ts';
import type { AttemptEventRecord } from '../ports/attempts.ts';
import type { Tx } from '../ports/store.ts';
import { openerOf } from '../steps/sealed-values.ts';
import type { CourseRun } from './activities.ts';
import { placeIn } from './tries.ts';

export async function sceneOf(kernel: Kernel, turn: Turn, run: CourseRun): Promise<RunScene> {
  if (run.course.scene !== undefined) return run.course.scene;
  const spec = runOf(run.task) as RunSpec;
  const { sealer, clock } = kernel.options;
  const material = await materialOf(turn.tx, run.task.spaceId, spec);
  const prompted = new Map(spec.prompted.map(({ name, value }) => [name, value]));
  const outputs = await outputsSoFar(turn.tx, run);
  run.course.scene = new RunScene({
    facts: await factsOf(turn.tx, { run, spec, material }),
    variables: runVariables(material, prompted),
    outputs,
    steps: run.course.plan.steps,
    targets: run.course.plan.targets,
    activities: run.course.activities,
    ...(await machinesOf(turn.tx, run)),
    open: openerOf(sealer, { taskId: run.task.id, tenant: material.tenant }),
    now: () => clock.now(),
  });
  return run.course.scene;
}

/** What is said of where an action runs. */
async function machinesOf(tx: Tx, run: CourseRun): Promise<Pick<SceneParts, 'poolOf' | 'hosts'>> {
  const { spaceId } = run.task;
  const { plan } = run.course;
  const pools = new Map((await tx.pools.list(spaceId)).map(({ id, name }) => [id, { id, name }]));
  const hosts = new Map<string, string>();
  for (const { id, machineId } of plan.targets) {
    const machine = machineId === null ? undefined : await tx.workers.get(spaceId, machineId);
    if (machine?.mode === 'listening') hosts.set(id, hostOf(machine.address));
  }
  return {
    hosts,
    poolOf: (action, target) => {
      const where = whereRuns(plan, action, target);
      return where?.kind === 'pool' ? (pools.get(where.id) ?? null) : null;
    },
  };
}

/** Without its port, and an IPv6 address without its brackets. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

async function outputsSoFar(tx: Tx, run: CourseRun): Promise<OutputVariables> {
  const outputs = new OutputVariables();
  for (const { attempt } of run.attempts.values()) {
    if (attempt.eventCount === 0) continue;
    addOutputs(outputs, run, attempt, await tx.attempts.events(attempt.spaceId, attempt.id, 0));
  }
  for (const interruption of await tx.processRuns.interruptionsOf(run.task.spaceId, run.task.id))
    addAnswer(outputs, run, interruption);
  return outputs;
}

/** What an attempt has set by now. */
export function addOutputs(
  outputs: OutputVariables,
  run: CourseRun,
  attempt: Attempt,
  events: readonly AttemptEventRecord[],
): void {
  const place = placeIn(run, keyOfAction(attempt.action).key);
  if (place === undefined) return;
  const { targets } = run.course.plan;
  for (const event of events) {
    if (event.kind !== 'setVariable') continue;
    outputs.add({
      step: place.planned.name,
      action: place.action.name,
      amongSeveral: place.planned.actions.length + place.planned.left.length > 1,
      machine: place.target,
      name: event.name,
      value: event.value,
      sensitive: event.sensitive,
      order: {
        // Its own `try` counts those on its worker alone.
        attempt: attempt.id,
        machine: targets.findIndex(({ id }) => id === place.target?.id),
        event: event.n,
      },
    });
  }
}

export function addAnswer(outputs: OutputVariables, run: CourseRun, interruption: Interruption): void {
  const { kind, answer, notes, answeredBy, activity } = interruption;
  const place = placeIn(run, activity);
  if (kind !== 'manual' || answer === '' || place === undefined) return;
  const user = { id: answeredBy, username: answeredBy, name: answeredBy, email: '' };
  const values = manualOutputs({ approved: answer === 'proceed', notes, user });
  Object.entries(values).forEach(([name, value], event) =>
    outputs.add({
      step: place.planned.name,
      action: place.action.name,
      amongSeveral: place.planned.actions.length + place.planned.left.length > 1,
      machine: null,
      name,
      value,
      sensitive: false,
      order: { attempt: interruption.id, machine: 0, event },
    }),
  );
}

async function factsOf(
  tx: Tx,
  { run, spec, material }: { run: CourseRun; spec: RunSpec; material: RunMaterial },
): Promise<RunFacts> {
  const { task } = run;
  const { project, environment, tenant } = material;
  const groupId = project.body.group;
  const group = groupId === null ? undefined : await tx.resources.get(task.spaceId, groupId);
  const person = { id: task.createdBy, name: task.createdBy, username: task.createdBy, email: '' };
  const named = ({ id, name }: { id: string; name: string }) => ({ id, name });
  const byName = (names: readonly string[]): string[] =>
    run.course.plan.targets.filter(({ name }) => names.includes(name)).map(({ id }) => id);
  return {
    space: { id: task.spaceId, name: task.spaceId },
    project: named(project),
    projectGroup: group === undefined ? null : named(group),
    environment: { ...named(environment), sortOrder: environment.body.sortOrder },
    task: {
      ...named(task),
      queuedFor: spec.notBefore,
      expiresAt: spec.expiresAt,
      arguments: {},
    },
    startedBy: person,
    createdAt: task.createdAt,
    comments: spec.comments,
    trigger: spec.trigger === undefined ? null : { id: spec.trigger, name: spec.trigger },
    tenant: tenant === undefined ? null : { ...named(tenant), tags: tenant.body.tags },
    targets: run.course.plan.targets,
    specificTargets: byName(spec.choices.targets),
    excludedTargets: byName(spec.choices.excludedTargets),
    of: await runFacts(tx, { run, spec, material }),
    serverUrl: null,
    failure: null,
  };
}

async function runFacts(
  tx: Tx,
  { run, spec, material }: { run: CourseRun; spec: RunSpec; material: RunMaterial },
): Promise<RunFacts['of']> {
  const { task } = run;
  const { runbook, snapshot, release } = material;
  if (runbook !== undefined || release === undefined) {
    const of = runbook ?? { id: spec.runbookId, name: task.name };
    return {
      kind: 'runbook',
      id: task.id,
      name: task.name,
      runbook: { id: of.id, name: of.name },
      snapshot: { id: snapshot.id, name: snapshot.id, notes: '' },
    };
  }
  const { spaceId } = task;
  const { projectId, environmentId, tenantId } = spec;
  const here = { projectId, runbookId: '', environmentId, tenantId, before: task.id, limit: 1 };
  const [last] = await tx.processRuns.runs(spaceId, { ...here, ended: true });
  const [current] = await tx.processRuns.runs(spaceId, { ...here, succeeded: true });
  const [previous] = await tx.processRuns.releases(spaceId, { projectId, before: release.id, limit: 1 });
  const versionOf = async (releaseId: string | undefined) => {
    const found = releaseId === undefined ? undefined : await tx.processRuns.release(spaceId, releaseId);
    return found === undefined ? null : { id: found.id, number: found.version };
  };
  return {
    kind: 'deployment',
    id: task.id,
    name: task.name,
    release: {
      id: release.id,
      number: release.version,
      notes: release.notes,
      createdAt: release.createdAt,
      channel: release.channel,
    },
    previousRelease: await versionOf(previous?.id),
    previousForEnvironment: await versionOf(last?.releaseId),
    currentForEnvironment: await versionOf(current?.releaseId),
    previousSuccessfulDeploymentId: current?.taskId ?? null,
  };
}
