/** Resources to JSON: as they are stored, with the names of what they refer to, and without secrets. */
import type { World } from '../app/model/model-world.ts';
import { referencesOf } from '../domain/model/references.ts';
import type { Resource } from '../domain/model/resource.ts';
import { mapSecrets } from '../domain/model/secrets.ts';
import type { ResourceView } from './schemas/model/rest.ts';
import { MASK } from './schemas/scripts.ts';

export function resourceView(resource: Resource, world: World): ResourceView {
  const { id, kind, name, parentId, version, createdAt, changedAt } = resource;
  const body = mapSecrets(kind, resource.body, ({ value }) => (value === '' ? '' : MASK));
  const names = referencesOf(kind, resource.body).flatMap(({ value }) => {
    const known = world.nameOf(value);
    return known === undefined ? [] : [[value, known] as const];
  });
  return {
    ...{ id, kind, name, project: world.nameOf(parentId) ?? '', version, createdAt, changedAt },
    body: { ...body },
    names: Object.fromEntries(names),
  };
}
