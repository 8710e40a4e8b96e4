/** What a machine was registered as, for the person at it. */
import { targetsOn } from '../app/kernel/target-machines.ts';
import type { Tx } from '../app/ports/store.ts';
import { bothWarning } from '../domain/model/target-claim.ts';
import type { Worker } from '../domain/worker.ts';

export async function registeredAs(
  tx: Tx,
  worker: Worker,
): Promise<{ registeredAs: string[]; warnings: string[] }> {
  const { spaceId, name, poolIds } = worker;
  const pools: string[] = [];
  for (const id of poolIds) pools.push((await tx.pools.get(spaceId, id))?.name ?? id);
  const targets = await targetsOn(tx, worker);
  const places: string[] = [];
  for (const { body } of targets) {
    const environments: string[] = [];
    for (const id of body.environments) environments.push((await tx.resources.get(spaceId, id))?.name ?? id);
    places.push(`deployment target of ${environments.join(', ')}, with ${body.roles.join(', ')}`);
  }
  const asWorker = pools.length === 0 ? [] : [`worker of ${pools.join(', ')}`];
  return {
    registeredAs: [...asWorker, ...places],
    warnings: pools.length > 0 && targets.length > 0 ? [bothWarning(name, pools)] : [],
  };
}
