/** Pools and workers may be named by their name or their id wherever a person writes one. */
import { AppError, invalid, notFound } from '@longshore/base';

import type { WorkerPool } from '../../domain/pool.ts';
import type { Worker } from '../../domain/worker.ts';
import type { Tx } from '../ports/store.ts';

/** @throws AppError `notFound` */
export async function poolNamed(tx: Tx, spaceId: string, nameOrId: string): Promise<WorkerPool> {
  const pool = (await tx.pools.get(spaceId, nameOrId)) ?? (await tx.pools.byName(spaceId, nameOrId));
  if (pool === undefined) throw notFound('worker pool', nameOrId);
  return pool;
}

/** @throws AppError `notFound` */
export async function workerNamed(tx: Tx, spaceId: string, nameOrId: string): Promise<Worker> {
  const worker = (await tx.workers.get(spaceId, nameOrId)) ?? (await tx.workers.byName(spaceId, nameOrId));
  if (worker === undefined) throw notFound('worker', nameOrId);
  return worker;
}

/** @throws AppError `bug`: the first start makes one, and it can't be deleted */
export async function defaultPool(tx: Tx, spaceId: string): Promise<WorkerPool> {
  const pool = (await tx.pools.list(spaceId)).find((candidate) => candidate.isDefault);
  if (pool === undefined) throw new AppError('bug', `space "${spaceId}" has no default worker pool`);
  return pool;
}

/**
 * Ids of the pools named; of the default pool when none is.
 *
 * @throws AppError `invalid` naming the field
 */
export async function poolIdsNamed(
  tx: Tx,
  spaceId: string,
  named: readonly string[] | undefined,
): Promise<string[]> {
  if (named === undefined || named.length === 0) return [(await defaultPool(tx, spaceId)).id];
  const pools = await tx.pools.list(spaceId);
  const ids = named.map((wanted, i) => {
    const key = wanted.toLowerCase();
    const pool = pools.find((candidate) => candidate.id === wanted || candidate.name.toLowerCase() === key);
    if (pool === undefined) {
      const names = pools.map((candidate) => candidate.name).join(', ');
      throw invalid(`pools[${i}]`, wanted, `name or id of a worker pool; there are: ${names}`);
    }
    return pool.id;
  });
  return [...new Set(ids)];
}
