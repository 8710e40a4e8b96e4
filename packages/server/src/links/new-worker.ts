/**
 * A machine as it is registered: a worker of pools, a deployment target, or
 * both. Enabled, of unknown health, its facts unknown until its first Hello.
 */
import { AppError, invalid } from '@longshore/base';

import type { Tx } from '../app/ports/store.ts';
import { insertTarget } from '../app/targets/new-target.ts';
import { claimed, type TargetClaim } from '../domain/model/target-claim.ts';
import type { Worker } from '../domain/worker.ts';
import { DEFAULT_SLOTS, LARGEST_SLOTS, LONGEST_NAME_CHARACTERS } from '../limits.ts';

export type WorkerBasis = Pick<
  Worker,
  | 'spaceId'
  | 'id'
  | 'name'
  | 'mode'
  | 'address'
  | 'keyFingerprint'
  | 'poolIds'
  | 'labels'
  | 'slots'
  | 'ephemeral'
  | 'createdAt'
>;

/**
 * Inserts it, if its name is free and its pools are there; and with it the deployment target that it is to be, under
 * the same name.
 *
 * @throws AppError `invalid`, `conflict`
 */
export async function insertWorker(
  tx: Tx,
  basis: WorkerBasis,
  target: { id: string; claim: TargetClaim } | null = null,
): Promise<Worker> {
  const { spaceId, name, poolIds } = basis;
  if (name === '' || name.length > LONGEST_NAME_CHARACTERS) {
    throw invalid('name', name, `1 to ${LONGEST_NAME_CHARACTERS} characters`);
  }
  const slots = basis.slots === 0 ? DEFAULT_SLOTS : basis.slots;
  if (slots > LARGEST_SLOTS) throw invalid('slots', slots, `1 to ${LARGEST_SLOTS}`);
  // The built-in worker belongs to no pool: placement takes it while the default pool is empty.
  if (poolIds.length === 0 && basis.mode !== 'builtIn' && target === null)
    throw invalid('pools', poolIds, 'at least one worker pool');
  for (const poolId of poolIds) {
    if ((await tx.pools.get(spaceId, poolId)) === undefined)
      throw invalid('pools', poolId, 'a worker pool that exists');
  }
  await workerNameFree(tx, spaceId, name);
  const worker = { ...UNKNOWN, ...basis, slots };
  await tx.workers.insert(worker);
  if (target !== null) {
    const { createdAt } = basis;
    await insertTarget(tx, {
      spaceId,
      id: target.id,
      name,
      body: claimed(target.claim, worker.id),
      createdAt,
    });
  }
  return worker;
}

async function workerNameFree(tx: Tx, spaceId: string, name: string): Promise<void> {
  const other = await tx.workers.byName(spaceId, name);
  if (other === undefined) return;
  const what = other.poolIds.length > 0 || other.mode === 'builtIn' ? 'worker' : 'machine';
  throw new AppError(
    'conflict',
    `there is a ${what} named "${name}" already: give this one another name, or delete that one`,
    {
      fields: [{ field: 'name', value: name, expected: 'a name that no worker or machine of a target has' }],
    },
  );
}

const UNKNOWN = {
  enabled: true,
  draining: false,
  locked: '',
  quarantined: '',
  revoked: false,
  version: '',
  facts: null,
  incarnation: null,
  health: 'unknown',
  healthReason: 'never connected',
  healthAt: 0,
  connectedAt: null,
  lastSeenAt: null,
} as const;
