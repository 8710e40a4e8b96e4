/** A deployment target as people see it: names for ids, and how its machine is. */
import type { Resource } from '../../domain/model/resource.ts';
import { bothWarning } from '../../domain/model/target-claim.ts';
import { machineOf } from '../../domain/model/target.ts';
import type { Worker } from '../../domain/worker.ts';
import { targetsByMachine } from '../kernel/target-machines.ts';
import type { Tx } from '../ports/store.ts';

export interface Named {
  id: string;
  /** Empty when it is gone. */
  name: string;
}

export interface MachineOfTarget {
  id: string;
  /** Undefined: it is gone. */
  worker: Worker | undefined;
  pools: Named[];
  connected: boolean;
}

export interface TargetOverview {
  target: Resource<'target'>;
  environments: Named[];
  tenants: Named[];
  /** Null: a cloud region. */
  machine: MachineOfTarget | null;
  /** Of a cloud region: the pool that acts for it; null: the default pool. */
  pool: Named | null;
  /** Leases held on its machine by runs. */
  leases: number;
  warnings: string[];
}

export async function targetOverviews(
  tx: Tx,
  spaceId: string,
  targets: readonly Resource<'target'>[],
): Promise<TargetOverview[]> {
  const around = await aroundTargets(tx, spaceId, targets);
  return targets.map((target): TargetOverview => {
    const { reachedBy, environments, tenants } = target.body;
    const machineId = machineOf(target.body);
    const machine = machineId === null ? null : machineIn(around, machineId);
    const named = (id: string): Named => ({ id, name: around.names.get(id) ?? '' });
    return {
      target,
      environments: environments.map(named),
      tenants: tenants.map(named),
      machine,
      pool: reachedBy.kind === 'cloudRegion' && reachedBy.pool !== null ? named(reachedBy.pool) : null,
      leases: machineId === null ? 0 : (around.held.get(machineId) ?? 0),
      warnings: machine === null ? [] : warningsOf(target, machine, around),
    };
  });
}

interface Around {
  /** Of environments, tenants and pools, by id. */
  names: Map<string, string>;
  workers: Map<string, Worker>;
  connected: Set<string>;
  held: Map<string, number>;
  byMachine: Map<string, Resource<'target'>[]>;
}

/** One target is looked at alone; of several everything is read once. */
async function aroundTargets(
  tx: Tx,
  spaceId: string,
  targets: readonly Resource<'target'>[],
): Promise<Around> {
  const [only] = targets.length === 1 ? targets : [];
  const id = only === undefined ? null : machineOf(only.body);
  const one = id === null ? undefined : await tx.workers.get(spaceId, id);
  const workers = only === undefined ? await tx.workers.list(spaceId) : one === undefined ? [] : [one];
  const named = [
    ...(await tx.resources.list(spaceId, 'environment')),
    ...(await tx.resources.list(spaceId, 'tenant')),
    ...(await tx.pools.list(spaceId)),
  ];
  const held = new Map<string, number>();
  for (const { resource } of await tx.leases.held(spaceId))
    if (resource.kind === 'target') held.set(resource.id, (held.get(resource.id) ?? 0) + 1);
  return {
    names: new Map(named.map(({ id: of, name }) => [of, name])),
    workers: new Map(workers.map((worker) => [worker.id, worker])),
    connected: new Set((await tx.nodes.sessions()).map(({ workerId }) => workerId)),
    held,
    byMachine: await targetsByMachine(tx, spaceId),
  };
}

function machineIn({ workers, connected, names }: Around, id: string): MachineOfTarget {
  const worker = workers.get(id);
  const pools = (worker?.poolIds ?? []).map((poolId) => ({ id: poolId, name: names.get(poolId) ?? '' }));
  return { id, worker, pools, connected: connected.has(id) };
}

/** What works, but is mostly not what people want. */
function warningsOf({ id }: Resource<'target'>, machine: MachineOfTarget, { byMachine }: Around): string[] {
  const name = machine.worker?.name ?? machine.id;
  const others = (byMachine.get(machine.id) ?? []).filter((other) => other.id !== id);
  const both =
    machine.pools.length > 0
      ? [
          bothWarning(
            name,
            machine.pools.map((pool) => pool.name),
          ),
        ]
      : [];
  if (others.length === 0) return both;
  const named = others.map((other) => `"${other.name}"`).join(', ');
  return [
    ...both,
    `Machine "${name}" is deployment target ${named} too: their scripts run one after the other, and a run that has the roles of both deploys to it twice`,
  ];
}
