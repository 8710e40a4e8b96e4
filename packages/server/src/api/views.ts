/** Domain to JSON, field by field: nothing goes out that is not named here. */
import type { KnownNames } from '../app/machines/known-names.ts';
import type { PoolOverview } from '../app/machines/pools.ts';
import type { WorkerOverview } from '../app/machines/workers.ts';
import type { ArtifactRecord } from '../app/ports/attempts.ts';
import type { QueuedRequest, TaskView as CoreTask } from '../app/ports/core-api.ts';
import type { MachinePolicy } from '../app/ports/machines.ts';
import type { AgentPackage } from '../app/ports/packages.ts';
import type { ApiKey, RegistrationToken } from '../app/ports/trust.ts';
import { isGivenUp } from '../domain/attempt-transition.ts';
import type { Attempt } from '../domain/attempt.ts';
import type { Lease, Resource } from '../domain/lease.ts';
import type { TargetClaim } from '../domain/model/target-claim.ts';
import type { ScriptSpec } from '../domain/script.ts';
import { runOf, scriptOf } from '../domain/task.ts';
import type { AgentPackageView } from './schemas/agent-packages.ts';
import type { PolicyView } from './schemas/policies.ts';
import type { PoolView } from './schemas/pools.ts';
import { MASK, type ScriptView } from './schemas/scripts.ts';
import type { ArtifactView, AttemptView, TaskDetailView, TaskView } from './schemas/tasks.ts';
import type { ApiKeyView, TokenView } from './schemas/trust.ts';
import type { WorkerView } from './schemas/workers.ts';

export function poolView({ pool, workers, healthyWorkers }: PoolOverview): PoolView {
  const { id, name, description, kind, strategy, isDefault, createdAt } = pool;
  return { id, name, description, kind, strategy, isDefault, workers, healthyWorkers, createdAt };
}

export function workerView(overview: WorkerOverview): WorkerView {
  const { worker, pools, targets, connected, leases, upgrading, idleSince } = overview;
  return {
    id: worker.id,
    name: worker.name,
    mode: worker.mode,
    address: worker.address,
    pools,
    targets,
    labels: worker.labels,
    slots: worker.slots,
    enabled: worker.enabled,
    draining: worker.draining,
    locked: worker.locked,
    quarantined: worker.quarantined,
    revoked: worker.revoked,
    ephemeral: worker.ephemeral,
    connected,
    leases,
    upgrading,
    idleSince,
    health: worker.health,
    healthReason: worker.healthReason,
    healthAt: worker.healthAt,
    version: worker.version,
    keyFingerprint: worker.keyFingerprint,
    facts: worker.facts,
    connectedAt: worker.connectedAt,
    lastSeenAt: worker.lastSeenAt,
    createdAt: worker.createdAt,
  };
}

export function agentPackageView(one: AgentPackage): AgentPackageView {
  const { id, version, os, arch, minNode, digest, length, createdAt, createdBy } = one;
  return { id, version, os, arch, minNode, digest, length, createdAt, createdBy };
}

export function policyView(policy: MachinePolicy): PolicyView {
  const { id, name, isDefault, healthCheckIntervalMs, healthCheckScript, healthCheckTimeoutMs } = policy;
  return { id, name, isDefault, healthCheckIntervalMs, healthCheckScript, healthCheckTimeoutMs };
}

export async function tokenView(token: RegistrationToken, names: KnownNames): Promise<TokenView> {
  const { id, description, createdBy, createdAt, expiresAt, usedAt, usedBy } = token;
  const pools = await Promise.all(
    token.poolIds.map(async (poolId) => ({ id: poolId, name: await names.poolName(token.spaceId, poolId) })),
  );
  const target = token.target === null ? null : await claimView(token.spaceId, token.target, names);
  return { id, pools, target, description, createdBy, createdAt, expiresAt, usedAt, usedBy };
}

async function claimView(
  spaceId: string,
  { environments, roles, tenanted, tenants, tenantTags }: TargetClaim,
  names: KnownNames,
): Promise<TokenView['target']> {
  const named = (ids: readonly string[]) =>
    Promise.all(ids.map(async (id) => ({ id, name: await names.resourceName(spaceId, id) })));
  return {
    ...{ environments: await named(environments), roles, tenanted },
    ...{ tenants: await named(tenants), tenantTags },
  };
}

export function apiKeyView({ id, name, createdAt, lastUsedAt, revokedAt }: ApiKey): ApiKeyView {
  return { id, name, createdAt, lastUsedAt, revokedAt };
}

export function artifactView(artifact: ArtifactRecord): ArtifactView {
  const { id, taskId, attemptId, name, length, digest, error, createdAt } = artifact;
  return { id, taskId, attemptId, name, length, digest, error, createdAt };
}

export async function taskView(task: CoreTask, names: KnownNames): Promise<TaskView> {
  const script = scriptOf(task);
  return {
    id: task.id,
    kind: task.kind,
    name: task.name,
    state: task.state,
    target: await targetView(task, names),
    leaseMode: script?.leaseMode ?? 'shared',
    tools: script?.tools ?? [],
    ticket: task.ticket,
    place: task.place,
    nodeId: task.nodeId,
    waitReason: task.waitReason,
    message: task.message,
    timeoutMs: task.timeoutMs,
    createdBy: task.createdBy,
    cancelRequestedAt: task.cancelRequestedAt,
    createdAt: task.createdAt,
    startedAt: task.startedAt,
    endedAt: task.endedAt,
  };
}

async function targetView(task: CoreTask, names: KnownNames): Promise<TaskView['target']> {
  const run = runOf(task);
  if (run !== undefined) {
    const { projectId, runbookId, releaseId, environmentId, tenantId } = run;
    return { kind: 'run', projectId, runbookId, releaseId, environmentId, tenantId };
  }
  const target = scriptOf(task)?.target;
  if (target?.kind === 'pool')
    return { ...target, poolName: await names.poolName(task.spaceId, target.poolId) };
  return { kind: 'workers', workerIds: target?.workerIds ?? [] };
}

export async function taskDetailView(task: CoreTask, names: KnownNames): Promise<TaskDetailView> {
  const ofScript = scriptOf(task);
  return {
    ...(await taskView(task, names)),
    script: ofScript === undefined ? null : scriptView(ofScript.script),
  };
}

function scriptView(script: ScriptSpec): ScriptView {
  return {
    ...script,
    variables: script.variables.map(({ name, value, sensitive }) => ({
      name,
      value: sensitive ? MASK : value,
      sensitive,
    })),
    files: script.files.map(({ name, contentBase64, executable }) => ({
      name,
      bytes: Buffer.byteLength(contentBase64, 'base64'),
      executable,
    })),
  };
}

export async function attemptView(attempt: Attempt, names: KnownNames): Promise<AttemptView> {
  // What came back after it was given up is told by the audit trail: here it stays as its task has it.
  const report = isGivenUp(attempt) ? null : attempt.report;
  return {
    id: attempt.id,
    taskId: attempt.taskId,
    action: attempt.action,
    workerId: attempt.workerId,
    workerName: await names.workerName(attempt.spaceId, attempt.workerId),
    try: attempt.try,
    leaseId: attempt.leaseId,
    state: attempt.state,
    outputLength: attempt.outputLength,
    eventCount: attempt.eventCount,
    outcome: attempt.outcome,
    message: report?.message ?? '',
    bestEffortCleanup: report?.bestEffortCleanup ?? false,
    digest: report?.digest ?? '',
    complete: attempt.complete,
    createdAt: attempt.createdAt,
    startedAt: attempt.startedAt,
    endedAt: attempt.endedAt,
  };
}

/** Names of tasks, which leases and requests carry for people. */
export type TaskNames = (spaceId: string, taskId: string) => Promise<string>;

export async function leaseView(
  lease: Lease,
  { names, taskNames }: { names: KnownNames; taskNames: TaskNames },
) {
  return {
    id: lease.id,
    resource: await resourceView(lease.spaceId, lease.resource, names),
    mode: lease.mode,
    taskId: lease.taskId,
    taskName: await taskNames(lease.spaceId, lease.taskId),
    holder: lease.holder,
    nodeId: lease.nodeId,
    fence: lease.fence,
    reason: lease.reason,
    grantedAt: lease.grantedAt,
    orphanedAt: lease.orphanedAt,
  };
}

export async function requestView(
  { request, place, reason }: QueuedRequest,
  { names, taskNames }: { names: KnownNames; taskNames: TaskNames },
) {
  const { spaceId, wants, barrier } = request;
  return {
    id: request.id,
    ticket: request.ticket,
    place,
    taskId: request.taskId,
    taskName: await taskNames(spaceId, request.taskId),
    holder: request.holder,
    mode: request.mode,
    wants:
      'all' in wants
        ? await wantedMachines(spaceId, wants.all, names)
        : `pool ${await names.poolName(spaceId, wants.anyOfPool)}`,
    barrier: barrier === null ? null : await resourceView(spaceId, barrier, names),
    reason,
    createdAt: request.createdAt,
  };
}

async function wantedMachines(
  spaceId: string,
  resources: readonly Resource[],
  names: KnownNames,
): Promise<string> {
  const kind = resources[0]?.kind;
  if (kind === 'run') return 'to be the only run of its project there';
  const noun = kind === 'target' ? 'deployment target' : 'worker';
  const shown = await Promise.all(resources.map((resource) => nameOf(spaceId, resource, names)));
  return `${noun}${shown.length === 1 ? '' : 's'} ${shown.join(', ')}`;
}

async function resourceView(spaceId: string, resource: Resource, names: KnownNames) {
  const { kind, id } = resource;
  return { kind, id, name: await nameOf(spaceId, resource, names) };
}

async function nameOf(spaceId: string, { kind, id }: Resource, names: KnownNames): Promise<string> {
  if (kind === 'target') return names.targetName(spaceId, id);
  return kind === 'worker' ? names.workerName(spaceId, id) : '';
}
