/**
 * Deployment targets, as operators see and change them one by one. What
 * stands here can be written as YAML as well (`apply.ts`); both write the same
 * resource. Registration makes one with its machine (`links/new-worker.ts`).
 */
import { AppError, invalid, type Clock, type Ids } from '@longshore/base';

import { changedFields } from '../../domain/model/changes.ts';
import { nameKey } from '../../domain/model/ref.ts';
import type { Resource } from '../../domain/model/resource.ts';
import { claimed, tenantedBy } from '../../domain/model/target-claim.ts';
import { machineOf, type DeploymentTarget } from '../../domain/model/target.ts';
import { usersOf } from '../../domain/model/uses.ts';
import { DEFAULT_SLOTS } from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import { poolIdsNamed, poolNamed, workerNamed } from '../kernel/names.ts';
import { resourceNamed } from '../kernel/resource-names.ts';
import { endLoneMachine, usesOfTarget } from '../kernel/target-machines.ts';
import type { Health } from '../machines/health.ts';
import { inUse } from '../model/apply.ts';
import { World } from '../model/model-world.ts';
import type { AgentDirectory } from '../ports/agents.ts';
import type { Caller } from '../ports/caller.ts';
import type { TaskView } from '../ports/core-api.ts';
import type { PairingPort } from '../ports/pairing.ts';
import type { Store, Tx } from '../ports/store.ts';
import { insertTarget, targetNameFree } from './new-target.ts';
import { checkTarget, claimNamed, idsNamed, type TargetScope } from './target-claims.ts';
import { targetOverviews, type TargetOverview } from './target-overview.ts';

/** How it is reached; pools and machines by name or id. */
export type NewReach =
  /** A machine that is registered already. */
  | { kind: 'machine'; machine: string }
  /** No machine: a worker of the pool acts for it; none: of the default pool. */
  | { kind: 'cloudRegion'; pool?: string | undefined }
  /** An agent that waits to be paired, and becomes a worker of these pools too. */
  | {
      kind: 'listening';
      pairing: string;
      address?: string | undefined;
      pools?: string[] | undefined;
      labels?: Record<string, string> | undefined;
      slots?: number | undefined;
    };

export interface NewTarget extends TargetScope {
  /** Where not given, the machine's. */
  name?: string | undefined;
  reachedBy: NewReach;
}

/** What is not given stays. */
export type TargetChange = { [Field in keyof TargetScope]?: TargetScope[Field] | undefined } & {
  name?: string | undefined;
  disabled?: boolean | undefined;
  /** Of a cloud region; null: the default pool. */
  pool?: string | null | undefined;
};

export interface TargetFilter {
  /** Name or id. */
  environment?: string | undefined;
  role?: string | undefined;
}

export interface Targets {
  /** By name. */
  list(spaceId: string, filter?: TargetFilter): Promise<TargetOverview[]>;
  get(spaceId: string, nameOrId: string): Promise<TargetOverview>;
  /** @throws AppError `invalid` that names the fields, `conflict` when the name is taken; and as pairing does */
  create(by: Caller, target: NewTarget): Promise<TargetOverview>;
  change(by: Caller, nameOrId: string, change: TargetChange): Promise<TargetOverview>;
  /** A machine that is nothing else goes too. @throws AppError `conflict`, whose detail lists what uses it */
  delete(by: Caller, nameOrId: string): Promise<void>;
  /** Has the health of its machine checked now. @throws AppError `conflict`: a cloud region has none */
  check(by: Caller, nameOrId: string): Promise<TaskView>;
}

export interface TargetsParts {
  store: Store;
  clock: Clock;
  ids: Ids;
  agents: AgentDirectory;
  pairing: PairingPort;
  health: Pick<Health, 'check'>;
}

export function createTargets(parts: TargetsParts): Targets {
  const { store, clock } = parts;
  return {
    list: (spaceId, { environment, role } = {}) =>
      store.read(async (tx) => {
        const within =
          environment === undefined
            ? undefined
            : (await resourceNamed(tx, { spaceId, kind: 'environment', named: environment })).id;
        const all = await tx.resources.list(spaceId, 'target');
        const fits = all.filter(
          ({ body }) =>
            (within === undefined || body.environments.includes(within)) &&
            (role === undefined || body.roles.some((has) => nameKey(has) === nameKey(role))),
        );
        return targetOverviews(tx, spaceId, fits);
      }),
    get: (spaceId, nameOrId) =>
      store.read(async (tx) => overviewOf(tx, await targetNamed(tx, spaceId, nameOrId))),
    create: (by, { reachedBy, ...target }) =>
      reachedBy.kind === 'listening'
        ? addListening(parts, by, { ...target, reachedBy })
        : create(parts, by, { ...target, reachedBy }),
    change: (by, nameOrId, change) =>
      store.write(async (tx) => {
        const before = await targetNamed(tx, by.spaceId, nameOrId);
        const after = await changed(tx, before, change);
        const fields = [
          ...(after.name === before.name ? [] : ['name']),
          ...changedFields(before.body, after.body),
        ];
        if (fields.length === 0) return overviewOf(tx, before);
        const next = { ...after, version: before.version + 1, changedAt: clock.now() };
        if (!(await tx.resources.update(next, before.version)))
          throw new AppError('conflict', `Deployment target "${before.name}" was changed by another`);
        const deed = { action: 'target.changed', subject: before.id, detail: { name: next.name, fields } };
        await record(tx, { ...by, clock }, deed);
        store.announce(tx, 'resource', 'target');
        return overviewOf(tx, next);
      }),
    delete: (by, nameOrId) => deleteTarget(parts, by, nameOrId),
    async check(by, nameOrId) {
      const { name, body } = await store.read((tx) => targetNamed(tx, by.spaceId, nameOrId));
      const machine = machineOf(body);
      if (machine !== null) return parts.health.check(by, machine);
      throw new AppError(
        'conflict',
        `Deployment target "${name}" is a cloud region: it has no machine to check`,
      );
    },
  };
}

type OfKind<Kind extends NewReach['kind']> = Omit<NewTarget, 'reachedBy'> & {
  reachedBy: Extract<NewReach, { kind: Kind }>;
};

function create(
  { store, clock, ids }: TargetsParts,
  by: Caller,
  { reachedBy, name, ...scope }: OfKind<'machine' | 'cloudRegion'>,
): Promise<TargetOverview> {
  const { spaceId } = by;
  return store.write(async (tx) => {
    const claim = claimNamed(await World.load(tx, spaceId), scope);
    const reached = await reach(tx, spaceId, reachedBy);
    const called = name ?? reached.name;
    if (called === undefined)
      throw invalid('name', name, 'a name: a cloud region has no machine that has one');
    const body: DeploymentTarget = { ...claimed(claim, ''), reachedBy: reached.reachedBy };
    const target = await insertTarget(tx, { spaceId, id: ids(), name: called, body, createdAt: clock.now() });
    const deed = { action: 'target.created', subject: target.id, detail: { name: called, ...claim } };
    await record(tx, { ...by, clock }, deed);
    store.announce(tx, 'resource', 'target');
    return overviewOf(tx, target);
  });
}

async function reach(
  tx: Tx,
  spaceId: string,
  by: Extract<NewReach, { kind: 'machine' | 'cloudRegion' }>,
): Promise<{ reachedBy: DeploymentTarget['reachedBy']; name?: string }> {
  if (by.kind === 'cloudRegion') {
    const pool = by.pool === undefined ? null : (await poolNamed(tx, spaceId, by.pool)).id;
    return { reachedBy: { kind: 'cloudRegion', pool } };
  }
  const machine = await workerNamed(tx, spaceId, by.machine);
  if (machine.mode === 'builtIn')
    throw new AppError('conflict', `The built-in worker "${machine.name}" can't be a deployment target`);
  return { reachedBy: { kind: 'agent', machine: machine.id }, name: machine.name };
}

async function addListening(
  { store, pairing }: TargetsParts,
  by: Caller,
  { reachedBy, name = '', ...scope }: OfKind<'listening'>,
): Promise<TargetOverview> {
  const { spaceId, actor } = by;
  const { target, poolIds } = await store.read(async (tx) => ({
    target: claimNamed(await World.load(tx, spaceId), scope),
    // None is none here: the default pool is for workers.
    poolIds: (reachedBy.pools ?? []).length === 0 ? [] : await poolIdsNamed(tx, spaceId, reachedBy.pools),
  }));
  const { labels = {}, slots = DEFAULT_SLOTS } = reachedBy;
  const machine = await pairing.pairListeningAgent({
    ...{ pairing: reachedBy.pairing, address: reachedBy.address ?? null, createdBy: actor },
    worker: { spaceId, name, poolIds, labels, slots, target },
  });
  return store.read(async (tx) => overviewOf(tx, await targetNamed(tx, spaceId, machine.name)));
}

async function changed(
  tx: Tx,
  before: Resource<'target'>,
  change: TargetChange,
): Promise<Resource<'target'>> {
  const { spaceId } = before;
  const world = await World.load(tx, spaceId);
  const { environments, tenants, roles, tenantTags, disabled, description, name, pool } = change;
  const named = {
    environments:
      environments === undefined ? before.body.environments : idsNamed(world, 'environment', environments),
    tenants: tenants === undefined ? before.body.tenants : idsNamed(world, 'tenant', tenants),
    tenantTags: tenantTags ?? before.body.tenantTags,
  };
  const body: DeploymentTarget = {
    ...before.body,
    ...named,
    tenanted: tenantedBy(named, change.tenanted, before.body.tenanted),
    roles: roles ?? before.body.roles,
    disabled: disabled ?? before.body.disabled,
    description: description ?? before.body.description,
  };
  if (pool !== undefined) body.reachedBy = await changedPool(tx, before, pool);
  checkTarget(world, body);
  if (name !== undefined) await targetNameFree(tx, spaceId, name, before.id);
  return { ...before, name: name ?? before.name, body };
}

async function changedPool(
  tx: Tx,
  { spaceId, name, body }: Resource<'target'>,
  pool: string | null,
): Promise<DeploymentTarget['reachedBy']> {
  if (body.reachedBy.kind !== 'cloudRegion')
    throw new AppError('conflict', `Deployment target "${name}" is a machine: no pool acts for it`, {
      fields: [{ field: 'pool', value: pool, expected: 'none: only a cloud region has one' }],
    });
  return { kind: 'cloudRegion', pool: pool === null ? null : (await poolNamed(tx, spaceId, pool)).id };
}

async function deleteTarget(
  { store, clock, agents }: TargetsParts,
  by: Caller,
  nameOrId: string,
): Promise<void> {
  const { spaceId } = by;
  const machine = await store.write(async (tx) => {
    const target = await targetNamed(tx, spaceId, nameOrId);
    const { id, name } = target;
    const usedBy = [
      ...usersOf(id, await tx.resources.all(spaceId)),
      ...(await usesOfTarget(tx, spaceId, target)),
    ];
    if (usedBy.length > 0) throw new AppError('conflict', inUse(target, usedBy), { detail: { id, usedBy } });
    const gone = await endLoneMachine(tx, target, { store, by: { ...by, clock } });
    await tx.resources.delete(spaceId, id);
    await record(tx, { ...by, clock }, { action: 'target.deleted', subject: id, detail: { name } });
    store.announce(tx, 'resource', 'target');
    return gone;
  });
  if (machine !== undefined)
    agents.session(machine.id)?.close('deregistered', 'this deployment target was deleted');
}

function targetNamed(tx: Tx, spaceId: string, named: string): Promise<Resource<'target'>> {
  return resourceNamed(tx, { spaceId, kind: 'target', named });
}

async function overviewOf(tx: Tx, target: Resource<'target'>): Promise<TargetOverview> {
  const [overview] = await targetOverviews(tx, target.spaceId, [target]);
  if (overview === undefined) throw new AppError('bug', `no overview of deployment target ${target.id}`);
  return overview;
}
