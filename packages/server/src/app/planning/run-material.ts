/** What a run of a process rests on: read from the store as it stands, but for the snapshot, which nothing changes. */
import { AppError } from '@longshore/base';

import type { Release, Snapshot } from '../../domain/deployment/release.ts';
import type { Connectivity } from '../../domain/model/project.ts';
import type { Resource, ResourceKind } from '../../domain/model/resource.ts';
import { KIND_WORDS } from '../../domain/model/resource.ts';
import type { RunSpec } from '../../domain/task.ts';
import type { TenantValues } from '../../domain/variables/candidate.ts';
import { indexSnapshot, variablesOfRun, type RunVariables } from '../../domain/variables/resolve.ts';
import type { RunContext } from '../../domain/variables/scope.ts';
import type { Tx } from '../ports/store.ts';

export interface RunMaterial {
  project: Resource<'project'>;
  /** Undefined: a deployment. */
  runbook: Resource<'runbook'> | undefined;
  release: Release | undefined;
  environment: Resource<'environment'>;
  tenant: Resource<'tenant'> | undefined;
  snapshot: Snapshot;
  connectivity: Connectivity;
  context: RunContext;
}

type Names = Pick<
  RunSpec,
  'projectId' | 'runbookId' | 'releaseId' | 'snapshotId' | 'environmentId' | 'tenantId' | 'channel'
>;

/** @throws AppError `notFound` that names what is gone */
export async function materialOf(tx: Tx, spaceId: string, spec: Names): Promise<RunMaterial> {
  const project = await needed(tx, { spaceId, kind: 'project', id: spec.projectId });
  const runbook =
    spec.runbookId === '' ? undefined : await needed(tx, { spaceId, kind: 'runbook', id: spec.runbookId });
  const environment = await needed(tx, { spaceId, kind: 'environment', id: spec.environmentId });
  const tenant =
    spec.tenantId === '' ? undefined : await needed(tx, { spaceId, kind: 'tenant', id: spec.tenantId });
  const release = spec.releaseId === '' ? undefined : await tx.processRuns.release(spaceId, spec.releaseId);
  const snapshot = await tx.processRuns.snapshot(spaceId, spec.snapshotId);
  if (snapshot === undefined)
    throw new AppError('notFound', `the snapshot ${spec.snapshotId} of project "${project.name}" is gone`);
  return {
    project,
    runbook,
    release,
    environment,
    tenant,
    snapshot,
    connectivity: (runbook ?? project).body.connectivity,
    context: {
      environmentId: environment.id,
      channel: runbook === undefined ? spec.channel : null,
      tenantId: tenant?.id ?? null,
      tenantTags: tenant?.body.tags ?? [],
      process: runbook?.id ?? 'deployment',
    },
  };
}

export async function needed<Kind extends ResourceKind>(
  tx: Tx,
  { spaceId, kind, id }: { spaceId: string; kind: Kind; id: string },
): Promise<Resource<Kind>> {
  const found = await tx.resources.get(spaceId, id);
  if (found?.kind === kind) return found as Resource<Kind>;
  throw new AppError('notFound', `the ${KIND_WORDS[kind]} ${id} was deleted`);
}

export function tenantValues(tenant: Resource<'tenant'> | undefined): TenantValues | undefined {
  return tenant === undefined
    ? undefined
    : { id: tenant.id, name: tenant.name, common: tenant.body.common, values: tenant.body.values };
}

/** @param prompted values by the key of their variable */
export function runVariables(
  { snapshot, context, tenant }: RunMaterial,
  prompted: ReadonlyMap<string, string>,
): RunVariables {
  return variablesOfRun(indexSnapshot(snapshot.variables), context, {
    tenant: tenantValues(tenant),
    prompted,
  });
}
