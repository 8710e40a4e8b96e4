/** Worker pools. Always true: a space has exactly one default pool, and no pool goes while something uses it. */
import { AppError, type Clock, type Ids } from '@longshore/base';

import { usersOf } from '../../domain/model/uses.ts';
import { deletionBar, type PoolUse, type Strategy, type WorkerPool } from '../../domain/pool.ts';
import type { TaskState } from '../../domain/task.ts';
import type { Worker } from '../../domain/worker.ts';
import { record } from '../kernel/audit.ts';
import { defaultPool, poolNamed } from '../kernel/names.ts';
import type { Caller } from '../ports/caller.ts';
import type { Store, Tx } from '../ports/store.ts';

export interface PoolOverview {
  pool: WorkerPool;
  workers: number;
  healthyWorkers: number;
}

export interface PoolChange {
  name?: string | undefined;
  description?: string | undefined;
  strategy?: Strategy | undefined;
}

export interface Pools {
  list(spaceId: string): Promise<PoolOverview[]>;
  /** @throws AppError `notFound` */
  get(spaceId: string, nameOrId: string): Promise<PoolOverview>;
  /** @throws AppError `conflict` when the name is taken */
  create(by: Caller, pool: PoolChange & { name: string }): Promise<PoolOverview>;
  change(by: Caller, nameOrId: string, change: PoolChange): Promise<PoolOverview>;
  setDefault(by: Caller, nameOrId: string): Promise<PoolOverview>;
  /** @throws AppError `conflict`, whose detail lists what uses it */
  delete(by: Caller, nameOrId: string): Promise<void>;
}

/** A task in one of these may still need its pool. */
const UNFINISHED: readonly TaskState[] = ['queued', 'executing', 'waiting', 'cancelling'];

/** Changes of pools are announced on the topic `worker` under this and the pool's id. */
export const POOL_TOPIC_PREFIX = 'pool:';

/** Uses looked for before a pool is deleted; more than this are not listed. */
const USES_LISTED = 100;

export function createPools({ store, clock, ids }: { store: Store; clock: Clock; ids: Ids }): Pools {
  const by = (caller: Caller) => ({ ...caller, clock });
  const announce = (tx: Tx, poolId: string): void => store.announce(tx, 'worker', POOL_TOPIC_PREFIX + poolId);
  return {
    list: (spaceId) =>
      store.read(async (tx) => {
        const workers = await tx.workers.list(spaceId);
        return (await tx.pools.list(spaceId)).map((pool) => overview(pool, workers));
      }),
    get: (spaceId, nameOrId) =>
      store.read(async (tx) => overviewOf(tx, await poolNamed(tx, spaceId, nameOrId))),
    create: (caller, { name, description = '', strategy = 'fewest-leases' }) =>
      store.write(async (tx) => {
        await nameFree(tx, caller.spaceId, name);
        const pool: WorkerPool = {
          spaceId: caller.spaceId,
          id: ids(),
          name,
          description,
          kind: 'static',
          strategy,
          isDefault: false,
          createdAt: clock.now(),
        };
        await tx.pools.insert(pool);
        announce(tx, pool.id);
        await record(tx, by(caller), { action: 'pool.created', subject: pool.id, detail: { name } });
        return overview(pool, []);
      }),
    change: (caller, nameOrId, change) =>
      store.write(async (tx) => {
        const pool = await poolNamed(tx, caller.spaceId, nameOrId);
        if (change.name !== undefined) await nameFree(tx, caller.spaceId, change.name, pool.id);
        const changed: WorkerPool = {
          ...pool,
          name: change.name ?? pool.name,
          description: change.description ?? pool.description,
          strategy: change.strategy ?? pool.strategy,
        };
        await tx.pools.update(changed);
        announce(tx, pool.id);
        await record(tx, by(caller), { action: 'pool.changed', subject: pool.id, detail: { ...change } });
        return overviewOf(tx, changed);
      }),
    setDefault: (caller, nameOrId) =>
      store.write(async (tx) => {
        const pool = await poolNamed(tx, caller.spaceId, nameOrId);
        const former = await defaultPool(tx, caller.spaceId);
        if (former.id === pool.id) return overviewOf(tx, pool);
        // In this order: the database allows one default at any moment.
        await tx.pools.update({ ...former, isDefault: false });
        const changed = { ...pool, isDefault: true };
        await tx.pools.update(changed);
        announce(tx, pool.id);
        await record(tx, by(caller), {
          action: 'pool.madeDefault',
          subject: pool.id,
          detail: { former: former.id },
        });
        return overviewOf(tx, changed);
      }),
    delete: (caller, nameOrId) =>
      store.write(async (tx) => {
        const pool = await poolNamed(tx, caller.spaceId, nameOrId);
        const uses = await usesOf(tx, pool);
        const bar = deletionBar(pool, uses);
        if (bar !== undefined)
          throw new AppError('conflict', bar, { detail: { poolId: pool.id, usedBy: uses } });
        await tx.pools.delete(caller.spaceId, pool.id);
        announce(tx, pool.id);
        await record(tx, by(caller), {
          action: 'pool.deleted',
          subject: pool.id,
          detail: { name: pool.name },
        });
      }),
  };
}

async function nameFree(tx: Tx, spaceId: string, name: string, except?: string): Promise<void> {
  const other = await tx.pools.byName(spaceId, name);
  if (other === undefined || other.id === except) return;
  throw new AppError('conflict', `There is a worker pool "${other.name}" already`, {
    fields: [
      { field: 'name', value: name, expected: 'a name that no other worker pool has, whatever its case' },
    ],
    detail: { poolId: other.id },
  });
}

async function usesOf(tx: Tx, pool: WorkerPool): Promise<PoolUse[]> {
  const resources = await tx.resources.all(pool.spaceId);
  return [...(await usesByWork(tx, pool)), ...usersOf(pool.id, resources)];
}

/** Workers in it, and tasks that are not finished. */
export async function usesByWork(tx: Tx, pool: WorkerPool): Promise<PoolUse[]> {
  const workers = await tx.workers.list(pool.spaceId, { poolId: pool.id });
  const tasks = await tx.tasks.list(pool.spaceId, {
    poolId: pool.id,
    states: UNFINISHED,
    limit: USES_LISTED,
  });
  return [
    ...workers.map(({ id, name }): PoolUse => ({ kind: 'worker', id, name })),
    ...tasks.map(({ id, name }): PoolUse => ({ kind: 'task', id, name })),
  ];
}

async function overviewOf(tx: Tx, pool: WorkerPool): Promise<PoolOverview> {
  return overview(pool, await tx.workers.list(pool.spaceId, { poolId: pool.id }));
}

function overview(pool: WorkerPool, workers: readonly Worker[]): PoolOverview {
  const members = workers.filter((worker) => worker.poolIds.includes(pool.id));
  const healthy = members.filter(({ health }) => health === 'healthy' || health === 'hasWarnings');
  return { pool, workers: members.length, healthyWorkers: healthy.length };
}
