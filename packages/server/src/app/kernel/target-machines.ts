/**
 * Deployment targets and their machines. A machine is a row of its own (an
 * agent, `workers`), in pools or not; a target names it.
 *
 * Always true: a machine that no pool has and no target names is gone with
 * the last of them; a machine that a target names is not deleted as a worker.
 */
import { AppError, type Clock } from '@longshore/base';

import type { Resource } from '../../domain/model/resource.ts';
import { machineOf } from '../../domain/model/target.ts';
import type { Use } from '../../domain/model/uses.ts';
import type { Worker } from '../../domain/worker.ts';
import type { Caller } from '../ports/caller.ts';
import type { Store, Tx } from '../ports/store.ts';
import { record } from './audit.ts';

/** By name. */
export async function targetsOn(tx: Tx, { spaceId, id }: Worker): Promise<Resource<'target'>[]> {
  return (await tx.resources.list(spaceId, 'target')).filter(({ body }) => machineOf(body) === id);
}

/** Those that have a machine, by its id. */
export async function targetsByMachine(tx: Tx, spaceId: string): Promise<Map<string, Resource<'target'>[]>> {
  const byMachine = new Map<string, Resource<'target'>[]>();
  for (const target of await tx.resources.list(spaceId, 'target')) {
    const machine = machineOf(target.body);
    if (machine === null) continue;
    const others = byMachine.get(machine);
    if (others === undefined) byMachine.set(machine, [target]);
    else others.push(target);
  }
  return byMachine;
}

/** Unfinished runs that are looked through for a target; there are far fewer at a time. */
const RUNS_LOOKED_AT = 10_000;

/**
 * What stands in the way of a target's end: a lease on its machine that a run
 * holds for it (or anything at all, where the machine goes too), and the plans
 * of runs that have not ended.
 */
export async function usesOfTarget(
  tx: Tx,
  spaceId: string,
  { kind, id }: { kind: string; id: string },
): Promise<Use[]> {
  if (kind !== 'target') return [];
  const target = (await tx.resources.get(spaceId, id)) as Resource<'target'> | undefined;
  if (target === undefined) return [];
  const tasks = new Set<string>();
  const machine = await loneMachineOf(tx, target);
  for (const { resource, taskId } of await tx.leases.held(spaceId)) {
    if (resource.id !== machineOf(target.body)) continue;
    if (resource.kind === 'target' || machine !== undefined) tasks.add(taskId);
  }
  for (const { taskId } of await tx.processRuns.runs(spaceId, { ended: false, limit: RUNS_LOOKED_AT })) {
    const plan = await tx.processRuns.plan(spaceId, taskId);
    if (plan?.targets.some((planned) => planned.id === id) === true) tasks.add(taskId);
  }
  const uses: Use[] = [];
  for (const taskId of tasks) {
    const name = (await tx.tasks.get(spaceId, taskId))?.name ?? '';
    uses.push({ kind: 'task', id: taskId, name });
  }
  return uses;
}

/** Its machine, when that is nothing but this target. */
export async function loneMachineOf(tx: Tx, target: Resource<'target'>): Promise<Worker | undefined> {
  const id = machineOf(target.body);
  const machine = id === null ? undefined : await tx.workers.get(target.spaceId, id);
  if (machine === undefined || machine.poolIds.length > 0 || machine.mode === 'builtIn') return undefined;
  const others = (await targetsOn(tx, machine)).filter((other) => other.id !== target.id);
  return others.length === 0 ? machine : undefined;
}

/** When a target's row goes, in the same transaction: its machine goes with it where nothing else needs that. @returns that machine */
export async function endLoneMachine(
  tx: Tx,
  resource: Resource,
  { store, by }: { store: Store; by: Caller & { clock: Clock } },
): Promise<Worker | undefined> {
  if (resource.kind !== 'target') return undefined;
  const target = resource as Resource<'target'>;
  const machine = await loneMachineOf(tx, target);
  if (machine === undefined) return undefined;
  await tx.tickets.deleteFor(machine.id);
  await tx.workers.delete(machine.spaceId, machine.id);
  const detail = { name: machine.name, withTarget: target.id };
  await record(tx, by, { action: 'worker.deleted', subject: machine.id, detail });
  store.announce(tx, 'worker', machine.id);
  // Its live session ends within seconds, on whichever node.
  store.announce(tx, 'trust', machine.id);
  return machine;
}

/** @throws AppError `conflict` that names the targets */
export async function refuseTargetsMachine(tx: Tx, worker: Worker): Promise<void> {
  const targets = await targetsOn(tx, worker);
  if (targets.length === 0) return;
  const names = targets.map(({ name }) => `"${name}"`).join(', ');
  const what = `deployment target${targets.length === 1 ? '' : 's'} ${names}`;
  const way =
    worker.poolIds.length > 0
      ? `take it out of its pools (longshore worker update --out-of-pools), or delete the target first`
      : `delete the target, and the machine goes with it`;
  throw new AppError('conflict', `Worker "${worker.name}" is the machine of ${what}: ${way}`, {
    detail: { workerId: worker.id, usedBy: targets.map(({ id, name }) => ({ kind: 'target', id, name })) },
  });
}
