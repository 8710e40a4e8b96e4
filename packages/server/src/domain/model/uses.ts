/** Who names a resource: what stands in the way of its deletion. */
import { pathText } from './path-text.ts';
import { referencesOf } from './references.ts';
import type { Resource, ResourceKind } from './resource.ts';

export interface Use {
  /** `task` and the like come from outside of the model. */
  kind: ResourceKind | 'worker' | 'task' | 'release';
  id: string;
  name: string;
  /** Where in it, when it is a resource. */
  fields?: string[];
}

/** In the order of the resources; a runbook's own project is no use of it that the runbook's end would not end. */
export function usersOf(id: string, resources: readonly Resource[]): Use[] {
  return resources.flatMap((resource): Use[] => {
    if (resource.id === id || resource.parentId === id) return [];
    const fields = referencesOf(resource.kind, resource.body)
      .filter(({ value }) => value === id)
      .map(({ path }) => pathText(path, resource.body));
    return fields.length === 0 ? [] : [{ kind: resource.kind, id: resource.id, name: resource.name, fields }];
  });
}
