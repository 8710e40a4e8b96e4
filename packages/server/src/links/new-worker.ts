/** A worker as it is registered: enabled, of unknown health, its machine unknown until its first Hello. */
import { AppError, invalid } from '@longshore/base';

import type { Tx } from '../app/ports/store.ts';
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
 * Inserts it, if its name is free and its pools are there.
 *
 * @throws AppError `invalid`, `conflict`
 */
export async function insertWorker(tx: Tx, basis: WorkerBasis): Promise<Worker> {
  const { spaceId, name, poolIds } = basis;
  if (name === '' || name.length > LONGEST_NAME_CHARACTERS) {
    throw invalid('name', name, `1 to ${LONGEST_NAME_CHARACTERS} characters`);
  }
  const slots = basis.slots === 0 ? DEFAULT_SLOTS : basis.slots;
  if (slots > LARGEST_SLOTS) throw invalid('slots', slots, `1 to ${LARGEST_SLOTS}`);
  // The built-in worker belongs to no pool: placement takes it while the default pool is empty.
  if (poolIds.length === 0 && basis.mode !== 'builtIn')
    throw invalid('pools', poolIds, 'at least one worker pool');
  for (const poolId of poolIds) {
    if ((await tx.pools.get(spaceId, poolId)) === undefined)
      throw invalid('pools', poolId, 'a worker pool that exists');
  }
  if ((await tx.workers.byName(spaceId, name)) !== undefined) {
    throw new AppError(
      'conflict',
      `there is a worker named "${name}" already: give this one another name, or delete that one`,
      {
        fields: [{ field: 'name', value: name, expected: 'a name that no worker has' }],
      },
    );
  }
  const worker = { ...UNKNOWN, ...basis, slots };
  await tx.workers.insert(worker);
  return worker;
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
