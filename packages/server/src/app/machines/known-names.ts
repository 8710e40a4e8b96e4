/**
 * Names of pools, workers and deployment targets to ids and back, from memory: a submission names
 * its pool, each event of a stream its worker, and a query for these would
 * cost more than all the rest. Forgotten when an announcement of any node says
 * that one changed; that a pool or worker is still there is decided in the
 * transaction that uses it.
 */
import { notFound } from '@longshore/base';

import { defaultPool, workerNamed } from '../kernel/names.ts';
import { targetsByMachine } from '../kernel/target-machines.ts';
import type { Store } from '../ports/store.ts';
import { POOL_TOPIC_PREFIX } from './pools.ts';

export interface KnownNames {
  /** @throws AppError `notFound` */
  poolId(spaceId: string, nameOrId: string): Promise<string>;
  defaultPoolId(spaceId: string): Promise<string>;
  /** Empty when there is none of this id. */
  poolName(spaceId: string, id: string): Promise<string>;
  /** @throws AppError `notFound` */
  workerId(spaceId: string, nameOrId: string): Promise<string>;
  /** Empty when there is none of this id. */
  workerName(spaceId: string, id: string): Promise<string>;
  /** Of the deployment target, or targets, on a machine; that of the machine where there is none. */
  targetName(spaceId: string, machineId: string): Promise<string>;
  /** Of an environment, a tenant and the like; empty when there is none of this id. Not from memory. */
  resourceName(spaceId: string, id: string): Promise<string>;
  close(): void;
}

interface PoolNames {
  idByKey: Map<string, string>;
  nameById: Map<string, string>;
  defaultId: string;
}

export function createKnownNames(store: Store): KnownNames {
  const pools = new Map<string, Promise<PoolNames>>();
  const workers = new WorkerNames(store);
  const targets = new Map<string, Promise<Map<string, string>>>();
  const stopTargets = store.listen('resource', (kind) => {
    if (kind === 'target') targets.clear();
  });
  const targetsOf = (spaceId: string): Promise<Map<string, string>> => {
    const known = targets.get(spaceId) ?? loadTargets(store, spaceId);
    targets.set(spaceId, known);
    known.catch(() => targets.delete(spaceId));
    return known;
  };
  const stop = store.listen('worker', (id) => {
    if (id.startsWith(POOL_TOPIC_PREFIX)) pools.clear();
    else workers.forget(id);
  });
  const poolsOf = (spaceId: string): Promise<PoolNames> => {
    let known = pools.get(spaceId);
    if (known === undefined) {
      known = loadPools(store, spaceId);
      pools.set(spaceId, known);
      known.catch(() => pools.delete(spaceId));
    }
    return known;
  };
  return {
    async poolId(spaceId, nameOrId) {
      const find = async (): Promise<string | undefined> =>
        (await poolsOf(spaceId)).idByKey.get(nameOrId.toLowerCase());
      const id = await find();
      if (id !== undefined) return id;
      // Perhaps made a moment ago, and the announcement is under way.
      pools.delete(spaceId);
      const fresh = await find();
      if (fresh === undefined) throw notFound('worker pool', nameOrId);
      return fresh;
    },
    defaultPoolId: async (spaceId) => (await poolsOf(spaceId)).defaultId,
    poolName: async (spaceId, id) => (await poolsOf(spaceId)).nameById.get(id) ?? '',
    workerId: (spaceId, nameOrId) => workers.idOf(spaceId, nameOrId),
    workerName: (spaceId, id) => workers.nameOf(spaceId, id),
    targetName: async (spaceId, machineId) =>
      (await targetsOf(spaceId)).get(machineId) ?? (await workers.nameOf(spaceId, machineId)),
    resourceName: (spaceId, id) =>
      store.read(async (tx) => (await tx.resources.get(spaceId, id))?.name ?? ''),
    close() {
      stop();
      stopTargets();
    },
  };
}

async function loadPools(store: Store, spaceId: string): Promise<PoolNames> {
  return store.read(async (tx) => {
    const idByKey = new Map<string, string>();
    const nameById = new Map<string, string>();
    for (const pool of await tx.pools.list(spaceId)) {
      idByKey.set(pool.name.toLowerCase(), pool.id);
      idByKey.set(pool.id.toLowerCase(), pool.id);
      nameById.set(pool.id, pool.name);
    }
    return { idByKey, nameById, defaultId: (await defaultPool(tx, spaceId)).id };
  });
}

/** By machine. */
async function loadTargets(store: Store, spaceId: string): Promise<Map<string, string>> {
  const byMachine = await store.read((tx) => targetsByMachine(tx, spaceId));
  return new Map([...byMachine].map(([id, targets]) => [id, targets.map(({ name }) => name).join(' / ')]));
}

/** Workers one by one, as they are asked for: there may be thousands. */
class WorkerNames {
  readonly #store: Store;
  readonly #names = new Map<string, Promise<string>>();

  constructor(store: Store) {
    this.#store = store;
  }

  forget(id: string): void {
    this.#names.delete(id);
  }

  nameOf(spaceId: string, id: string): Promise<string> {
    let name = this.#names.get(id);
    if (name === undefined) {
      name = this.#store.read(async (tx) => (await tx.workers.get(spaceId, id))?.name ?? '');
      this.#names.set(id, name);
      // What is not there may come; what failed may work.
      name.then(
        (found) => found === '' && this.#names.delete(id),
        () => this.#names.delete(id),
      );
    }
    return name;
  }

  async idOf(spaceId: string, nameOrId: string): Promise<string> {
    return (await this.#store.read((tx) => workerNamed(tx, spaceId, nameOrId))).id;
  }
}
