/** A deployment target as it is made, of a machine that registers or of one that is there. */
import { AppError, invalid } from '@longshore/base';

import type { Resource } from '../../domain/model/resource.ts';
import { LONGEST_NAME_CHARACTERS } from '../../limits.ts';
import type { Tx } from '../ports/store.ts';

export type TargetBasis = Pick<Resource<'target'>, 'spaceId' | 'id' | 'name' | 'body' | 'createdAt'>;

/**
 * Inserts it, if its name is free and what it names is there: a token may be older than the end of its environment.
 *
 * @throws AppError `invalid`, `conflict`
 */
export async function insertTarget(tx: Tx, basis: TargetBasis): Promise<Resource<'target'>> {
  const { spaceId, name, body, createdAt } = basis;
  if (name === '' || name.length > LONGEST_NAME_CHARACTERS)
    throw invalid('name', name, `1 to ${LONGEST_NAME_CHARACTERS} characters`);
  await mustBeThere(tx, spaceId, { kind: 'environment', ids: body.environments });
  await mustBeThere(tx, spaceId, { kind: 'tenant', ids: body.tenants });
  await targetNameFree(tx, spaceId, name);
  const target: Resource<'target'> = {
    ...{ ...basis, kind: 'target', parentId: '' },
    ...{ version: 1, changedAt: createdAt },
  };
  await tx.resources.insert(target);
  return target;
}

/** @throws AppError `conflict` */
export async function targetNameFree(tx: Tx, spaceId: string, name: string, except?: string): Promise<void> {
  const other = await tx.resources.byName(spaceId, 'target', name);
  if (other === undefined || other.id === except) return;
  throw new AppError(
    'conflict',
    `There is a deployment target "${other.name}" already: give this one another name, or delete that one`,
    {
      fields: [{ field: 'name', value: name, expected: 'a name that no other deployment target has' }],
      detail: { targetId: other.id },
    },
  );
}

async function mustBeThere(
  tx: Tx,
  spaceId: string,
  { kind, ids }: { kind: 'environment' | 'tenant'; ids: readonly string[] },
): Promise<void> {
  for (const id of ids) {
    const found = await tx.resources.get(spaceId, id);
    if (found?.kind !== kind)
      throw invalid(`${kind}s`, id, `${kind === 'environment' ? 'an environment' : 'a tenant'} that exists`);
  }
}
