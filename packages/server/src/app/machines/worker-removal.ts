/**
 * Taking a worker away.
 *
 *   leased ──force──▶ disabled, what runs is cancelled ──free──▶ deleted
 *                          │ away, or it does not end in time
 *                          ▼
 *                     revoked: no session any more ──each attempt lost (app/agents/agents.ts)──▶ free ──▶ deleted
 *
 * Always true: a worker's row goes only when no lease is held on it. Force is
 * the operator's word that nothing is waited for that can't be had: the trail
 * says whose word it was and what was given up. Until it is free the row stays,
 * revoked, so that its agent is let in nowhere.
 */
import { AppError, type Clock } from '@longshore/base';

import type { Lease } from '../../domain/lease.ts';
import { deletionBar } from '../../domain/worker-change.ts';
import type { Worker } from '../../domain/worker.ts';
import { FORCED_DELETE_WAIT_MS, REVOKED_SETTLE_MS, UNAVAILABLE_AFTER_MS } from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import { workerNamed } from '../kernel/names.ts';
import { refuseTargetsMachine } from '../kernel/target-machines.ts';
import type { AgentDirectory } from '../ports/agents.ts';
import type { Caller } from '../ports/caller.ts';
import type { Leases } from '../ports/core-api.ts';
import type { Store, Tx } from '../ports/store.ts';

export interface RemovalParts {
  store: Store;
  clock: Clock;
  agents: AgentDirectory;
  leases: Pick<Leases, 'release'>;
}

export async function deleteWorker(
  parts: RemovalParts,
  caller: Caller,
  of: { nameOrId: string; force: boolean },
): Promise<void> {
  const { store } = parts;
  const worker = await store.read(async (tx) => {
    const named = await workerNamed(tx, caller.spaceId, of.nameOrId);
    // Before anything is cancelled on it.
    await refuseTargetsMachine(tx, named);
    return named;
  });
  const givenUp = of.force ? await clear(parts, caller, worker) : [];
  await store.write(async (tx) => {
    await refuseTargetsMachine(tx, worker);
    const leases = await heldOn(tx, worker);
    const bar = of.force ? stillHeld(worker, leases) : deletionBar(worker, leases);
    if (bar !== undefined) {
      const leased = leases.map(({ id, taskId, mode }) => ({ id, taskId, mode }));
      throw new AppError('conflict', bar, { detail: { workerId: worker.id, leases: leased } });
    }
    await tx.tickets.deleteFor(worker.id);
    await tx.workers.delete(worker.spaceId, worker.id);
    const detail = { name: worker.name, forced: of.force, ...(givenUp.length > 0 && { givenUp }) };
    await record(
      tx,
      { ...caller, clock: parts.clock },
      { action: 'worker.deleted', subject: worker.id, detail },
    );
    store.announce(tx, 'worker', worker.id);
    store.announce(tx, 'trust', worker.id);
  });
  parts.agents.session(worker.id)?.close('deregistered', 'this worker was deleted');
}

/** No new lease, everything that runs cancelled, and given up where that can't be. @returns the tasks given up on */
async function clear(parts: RemovalParts, caller: Caller, worker: Worker): Promise<string[]> {
  const { store } = parts;
  const leases = await store.write(async (tx) => {
    const now = await workerNamed(tx, worker.spaceId, worker.id);
    if (now.enabled) {
      await tx.workers.update({ ...now, enabled: false });
      store.announce(tx, 'worker', worker.id);
    }
    return heldOn(tx, worker);
  });
  for (const lease of leases) {
    await parts.leases.release(caller.spaceId, lease.id, caller.actor, { force: true }).catch(unlessGone);
  }
  if (await isFree(parts, worker, { withinMs: FORCED_DELETE_WAIT_MS, unlessAway: true })) return [];
  const givenUp = await revoke(parts, caller, worker);
  await isFree(parts, worker, { withinMs: REVOKED_SETTLE_MS, unlessAway: false });
  return givenUp;
}

/** From here on its agent is let in nowhere: the node that owns an attempt on it gives that up (`Agents.revoked`). */
async function revoke({ store, clock }: RemovalParts, caller: Caller, worker: Worker): Promise<string[]> {
  return store.write(async (tx) => {
    const now = await workerNamed(tx, worker.spaceId, worker.id);
    const leases = await heldOn(tx, worker);
    const givenUp = [...new Set(leases.map(({ taskId }) => taskId))];
    if (givenUp.length === 0) return givenUp;
    const locked = `deleted by force by ${caller.actor}`;
    await tx.workers.update({ ...now, revoked: true, locked });
    await record(
      tx,
      { ...caller, clock },
      {
        action: 'worker.givenUp',
        subject: worker.id,
        detail: { name: worker.name, tasks: givenUp, word: locked },
      },
    );
    store.announce(tx, 'worker', worker.id);
    store.announce(tx, 'trust', worker.id);
    return givenUp;
  });
}

/** Waits until nothing is leased on it: true; or until the time is over, or it is plainly away: false. */
async function isFree(
  { store, clock }: RemovalParts,
  worker: Worker,
  { withinMs, unlessAway }: { withinMs: number; unlessAway: boolean },
): Promise<boolean> {
  const found = Promise.withResolvers<boolean>();
  let looking: Promise<void> = Promise.resolve();
  const look = (): void => {
    looking = looking.then(async () => {
      const { leases, away } = await store.read(async (tx) => ({
        leases: await heldOn(tx, worker),
        away: unlessAway && (await awayFor(tx, worker, clock)) >= UNAVAILABLE_AFTER_MS,
      }));
      if (leases.length === 0) found.resolve(true);
      else if (away) found.resolve(false);
    }, found.reject);
    looking.catch(found.reject);
  };
  const stops = [
    store.listen('lease', look),
    clock.every(REMOVAL_LOOK_MS, look),
    clock.after(withinMs, () => found.resolve(false)),
  ];
  look();
  try {
    return await found.promise;
  } finally {
    for (const stop of stops) stop();
    await looking.catch(() => undefined);
  }
}

/** Announcements of leases say when it is free; this is for one that stays away, or an announcement that was lost. */
const REMOVAL_LOOK_MS = 500;

/** Milliseconds since a session with it ended; 0 while there is one. */
async function awayFor(tx: Tx, { id }: Worker, clock: Clock): Promise<number> {
  if ((await tx.nodes.sessions()).some(({ workerId }) => workerId === id)) return 0;
  const worker = await tx.workers.find(id);
  return Math.min(clock.since(worker?.lastSeenAt ?? 0), clock.since(worker?.connectedAt ?? 0));
}

function stillHeld(worker: Worker, leases: readonly Lease[]): string | undefined {
  if (leases.length === 0) return undefined;
  const tasks = [...new Set(leases.map(({ taskId }) => taskId))].join(', ');
  return `Worker "${worker.name}" is revoked and takes nothing more, but the server node that owns ${tasks} has not yet given it up; delete it again`;
}

function unlessGone(thrown: unknown): void {
  // It ended while we looked.
  if (!(thrown instanceof AppError && thrown.code === 'notFound')) throw thrown;
}

async function heldOn(tx: Tx, worker: Worker): Promise<Lease[]> {
  const leases = await tx.leases.held(worker.spaceId);
  return leases.filter(({ resource }) => resource.id === worker.id);
}
