/** Worker pools in a plan: they stand in a table of their own, with rules of their own (`pools.ts`). */
import type { Clock } from '@longshore/base';

import type { Use } from '../../domain/model/uses.ts';
import { deletionBar, type WorkerPool } from '../../domain/pool.ts';
import { record } from '../kernel/audit.ts';
import { POOL_TOPIC_PREFIX, usesByWork } from '../machines/pools.ts';
import type { Caller } from '../ports/caller.ts';
import type { Store, Tx } from '../ports/store.ts';
import type { Planned } from './apply-plan.ts';

type PlannedPool = Planned & { of: 'pool' };

/** Why it can't be deleted; none: it can. */
export async function poolBars(
  tx: Tx,
  { before, id }: PlannedPool,
  { usedBy, changes }: { usedBy: Use[]; changes: readonly Planned[] },
): Promise<{ text: string; usedBy: Use[]; id: string }[]> {
  if (before === undefined) return [];
  const uses = [...(await usesByWork(tx, before)), ...usedBy];
  const text = deletionBar(
    { ...before, isDefault: before.isDefault && nextDefault(changes) === undefined },
    uses,
  );
  return text === undefined ? [] : [{ text, usedBy: uses, id }];
}

/** The pool that a plan makes the default in place of another. */
function nextDefault(changes: readonly Planned[]): WorkerPool | undefined {
  return changes
    .filter((planned): planned is PlannedPool => planned.of === 'pool')
    .find(({ before, after }) => after?.isDefault === true && before?.isDefault !== true)?.after;
}

export async function applyPools(
  tx: Tx,
  changes: readonly Planned[],
  { store, by }: { store: Store; by: Caller & { clock: Clock } },
): Promise<void> {
  const next = nextDefault(changes);
  if (next !== undefined) {
    // First: the database allows one default at any moment.
    const former = (await tx.pools.list(by.spaceId)).find(({ isDefault }) => isDefault);
    if (former !== undefined) await tx.pools.update({ ...former, isDefault: false });
  }
  for (const planned of changes) {
    if (planned.of !== 'pool' || planned.change === 'unchanged') continue;
    await write(tx, planned, next?.id);
    store.announce(tx, 'worker', POOL_TOPIC_PREFIX + planned.id);
    const deed = { create: 'created', update: 'changed', delete: 'deleted' }[planned.change];
    const detail = { name: planned.name, ...(planned.change === 'update' ? { fields: planned.fields } : {}) };
    await record(tx, by, { action: `pool.${deed}`, subject: planned.id, detail });
  }
}

async function write(tx: Tx, { before, after, id }: PlannedPool, nextId: string | undefined): Promise<void> {
  if (after === undefined) await tx.pools.delete(before?.spaceId ?? '', id);
  else if (before === undefined) await tx.pools.insert(after);
  // The former default may stand in the same plan.
  else
    await tx.pools.update({
      ...after,
      isDefault: nextId === undefined ? after.isDefault : after.id === nextId,
    });
}
