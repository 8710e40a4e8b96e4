/** What a deployment deploys to. */
import type { Tenanted } from './project.ts';
import type { Ref } from './ref.ts';

export interface DeploymentTarget {
  description: string;
  environments: Ref[];
  /** Target tags. */
  roles: string[];
  tenanted: Tenanted;
  tenants: Ref[];
  /** `Set/Tag`. */
  tenantTags: string[];
  disabled: boolean;
  /** `agent`: the machine of that id, by its agent. `cloudRegion`: no machine; a worker acts on its behalf. */
  reachedBy: { kind: 'agent'; machine: Ref } | { kind: 'cloudRegion'; pool: Ref | null };
}

/** The id of its machine; null: a cloud region has none. */
export function machineOf({ reachedBy }: Pick<DeploymentTarget, 'reachedBy'>): Ref | null {
  return reachedBy.kind === 'agent' ? reachedBy.machine : null;
}
