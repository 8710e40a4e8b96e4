/** Workers, as operators see and change them. A worker goes only when nothing is leased on it. */
import { AppError, invalid } from '@longshore/base';

import { opened } from '../../domain/session-ticket.ts';
import { changed, idleSince, unlocked, type WorkerChange } from '../../domain/worker-change.ts';
import type { Worker } from '../../domain/worker.ts';
import { DEFAULT_SLOTS } from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import { poolIdsNamed, poolNamed, workerNamed } from '../kernel/names.ts';
import { targetsByMachine, targetsOn } from '../kernel/target-machines.ts';
import type { Caller } from '../ports/caller.ts';
import type { PairingPort } from '../ports/pairing.ts';
import type { Tx } from '../ports/store.ts';
import { deleteWorker, type RemovalParts } from './worker-removal.ts';

export interface WorkerOverview {
  worker: Worker;
  pools: { id: string; name: string }[];
  /** The deployment targets that it is the machine of. */
  targets: { id: string; name: string }[];
  /** Has a session with a server node. */
  connected: boolean;
  leases: number;
  /** Id of the task that upgrades its agent; empty: none does. */
  upgrading: string;
  idleSince: number | null;
}

export interface NewListeningWorker {
  pairing: string;
  name?: string | undefined;
  /** Names or ids; none: the default pool. */
  pools?: string[] | undefined;
  labels?: Record<string, string> | undefined;
  slots?: number | undefined;
  address?: string | undefined;
}

export type WorkerRequest = Omit<WorkerChange, 'poolIds'> & {
  /** Names or ids. */
  pools?: string[] | undefined;
};

export interface Workers {
  /** Those of a pool; or all but the machines that are deployment targets and nothing else. */
  list(spaceId: string, pool?: string): Promise<WorkerOverview[]>;
  get(spaceId: string, nameOrId: string): Promise<WorkerOverview>;
  addListening(by: Caller, worker: NewListeningWorker): Promise<WorkerOverview>;
  change(by: Caller, nameOrId: string, request: WorkerRequest): Promise<WorkerOverview>;
  /** Its identity may be used again; with it goes a quarantine. */
  unlock(by: Caller, nameOrId: string): Promise<WorkerOverview>;
  /** @throws AppError `conflict` while leased, unless forced: what runs is cancelled, and given up where it can't be */
  delete(by: Caller, nameOrId: string, options?: { force?: boolean }): Promise<void>;
}

export interface WorkersParts extends RemovalParts {
  pairing: PairingPort;
}

export function createWorkers(parts: WorkersParts): Workers {
  const { store, clock } = parts;
  const change = (
    caller: Caller,
    nameOrId: string,
    how: (tx: Tx, worker: Worker) => Promise<{ to: Worker; action: string; detail: object }>,
  ) =>
    store.write(async (tx) => {
      const worker = await workerNamed(tx, caller.spaceId, nameOrId);
      const { to, action, detail } = await how(tx, worker);
      await tx.workers.update(to);
      await record(tx, { ...caller, clock }, { action, subject: worker.id, detail: { ...detail } });
      store.announce(tx, 'worker', worker.id);
      return overviewOf(tx, to);
    });
  return {
    list: (spaceId, pool) =>
      store.read(async (tx) => {
        const filter = pool === undefined ? {} : { poolId: (await poolNamed(tx, spaceId, pool)).id };
        const workers = await tx.workers.list(spaceId, filter);
        const shown = await overviews(tx, workers, spaceId);
        return shown.filter(({ worker, targets }) => worker.poolIds.length > 0 || targets.length === 0);
      }),
    get: (spaceId, nameOrId) =>
      store.read(async (tx) => overviewOf(tx, await workerNamed(tx, spaceId, nameOrId))),
    async addListening(caller, request) {
      const poolIds = await store.read((tx) => poolIdsNamed(tx, caller.spaceId, request.pools));
      const worker = await parts.pairing.pairListeningAgent({
        pairing: request.pairing,
        address: request.address ?? null,
        worker: {
          spaceId: caller.spaceId,
          name: request.name ?? '',
          poolIds,
          labels: request.labels ?? {},
          slots: request.slots ?? DEFAULT_SLOTS,
          target: null,
        },
        createdBy: caller.actor,
      });
      return store.read((tx) => overviewOf(tx, worker));
    },
    change: (caller, nameOrId, request) =>
      change(caller, nameOrId, async (tx, worker) => {
        const { pools, ...rest } = request;
        if (rest.name !== undefined) await nameFree(tx, worker, rest.name);
        const poolIds = pools === undefined ? undefined : await changedPools(tx, worker, pools);
        return { to: changed(worker, { ...rest, poolIds }), action: 'worker.changed', detail: request };
      }),
    async unlock(caller, nameOrId) {
      const overview = await change(caller, nameOrId, async (tx, worker) => {
        // The copy that comes next is the one that stays; the other is turned away from then on.
        if (worker.locked !== '')
          for (const ticket of await tx.tickets.of(worker.id)) await tx.tickets.put(opened(ticket));
        const detail = { locked: worker.locked, quarantined: worker.quarantined };
        return { to: unlocked(worker), action: 'worker.unlocked', detail };
      });
      parts.agents.session(overview.worker.id)?.liftQuarantine();
      return overview;
    },
    delete: (caller, nameOrId, { force = false } = {}) => deleteWorker(parts, caller, { nameOrId, force }),
  };
}

async function nameFree(tx: Tx, worker: Worker, name: string): Promise<void> {
  const other = await tx.workers.byName(worker.spaceId, name);
  if (other === undefined || other.id === worker.id) return;
  throw new AppError('conflict', `There is a worker "${other.name}" already`, {
    fields: [{ field: 'name', value: name, expected: 'a name that no other worker has, whatever its case' }],
    detail: { workerId: other.id },
  });
}

async function changedPools(tx: Tx, worker: Worker, pools: string[]): Promise<string[]> {
  if (worker.mode === 'builtIn') {
    throw new AppError(
      'conflict',
      `The built-in worker "${worker.name}" belongs to no pool; it serves the default pool while that is empty`,
    );
  }
  if (pools.length > 0) return poolIdsNamed(tx, worker.spaceId, pools);
  if ((await targetsOn(tx, worker)).length > 0) return [];
  throw invalid('pools', pools, 'at least one worker pool: only a deployment target may be in none');
}

async function overviewOf(tx: Tx, worker: Worker): Promise<WorkerOverview> {
  const [overview] = await overviews(tx, [worker], worker.spaceId);
  if (overview === undefined) throw new AppError('bug', `no overview of worker ${worker.id}`);
  return overview;
}

async function overviews(tx: Tx, workers: readonly Worker[], spaceId: string): Promise<WorkerOverview[]> {
  const poolNames = new Map((await tx.pools.list(spaceId)).map((pool) => [pool.id, pool.name]));
  const held = new Map<string, number>();
  const upgrading = new Map<string, string>();
  for (const { resource, mode, taskId } of await tx.leases.held(spaceId)) {
    held.set(resource.id, (held.get(resource.id) ?? 0) + 1);
    if (mode === 'maintenance' && (await tx.tasks.get(spaceId, taskId))?.kind === 'upgrade')
      upgrading.set(resource.id, taskId);
  }
  const connected = new Set((await tx.nodes.sessions()).map(({ workerId }) => workerId));
  const targets = await targetsByMachine(tx, spaceId);
  const shown: WorkerOverview[] = [];
  for (const worker of workers) {
    const leases = held.get(worker.id) ?? 0;
    const [last] = leases > 0 ? [] : await tx.leases.history(spaceId, { resourceId: worker.id, limit: 1 });
    shown.push({
      worker,
      pools: worker.poolIds.map((id) => ({ id, name: poolNames.get(id) ?? '' })),
      targets: (targets.get(worker.id) ?? []).map(({ id, name }) => ({ id, name })),
      connected: connected.has(worker.id),
      leases,
      upgrading: upgrading.get(worker.id) ?? '',
      idleSince: idleSince(worker, { held: leases, lastReleasedAt: last?.releasedAt ?? null }),
    });
  }
  return shown;
}
