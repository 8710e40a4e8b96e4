/** Resources may be named by their name or their id wherever a person writes one. */
import { AppError } from '@longshore/base';
import { nearest } from '@longshore/base/nearest';

import { KIND_WORDS, type Resource, type ResourceKind } from '../../domain/model/resource.ts';
import type { Tx } from '../ports/store.ts';

/** @throws AppError `notFound` that names the nearest one */
export async function resourceNamed<Kind extends ResourceKind>(
  tx: Tx,
  of: { spaceId: string; kind: Kind; named: string; parentId?: string },
): Promise<Resource<Kind>> {
  const { spaceId, kind, named, parentId } = of;
  const byId = await tx.resources.get(spaceId, named);
  if (byId?.kind === kind && (parentId === undefined || byId.parentId === parentId))
    return byId as Resource<Kind>;
  const byName = await tx.resources.byName(spaceId, kind, named, parentId);
  if (byName !== undefined) return byName;
  const known = (await tx.resources.list(spaceId, kind, parentId)).map(({ name }) => name);
  const near = nearest(named, known);
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  throw new AppError('notFound', `There is no ${KIND_WORDS[kind]} "${named}"${meant}`, {
    fields: [{ field: kind, value: named, expected: `name or id of a ${KIND_WORDS[kind]}` }],
  });
}
