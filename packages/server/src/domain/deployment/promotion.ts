/**
 * Where a release is deployed to by itself.
 *
 * Always true: what was started there once, by whomever and whatever it came
 * to, is not started again by itself.
 */
import type { Channel, Project } from '../model/project.ts';
import type { Tenant } from '../model/tenant.ts';
import { tagsMatch } from './plan.ts';
import { automaticNow, type Progress } from './progression.ts';

/** A tenant as far as promotion asks. */
export interface Promoted {
  id: string;
  body: Pick<Tenant, 'tags' | 'projects'>;
}

/**
 * Environments that the release is to go to now.
 *
 * @param started those that a deployment of it was started to, for this tenant
 * @param open those that the tenant has of the project; null: it is for no tenant
 */
export function promotionsOf(
  progress: Progress,
  started: ReadonlySet<string>,
  open: readonly string[] | null,
): string[] {
  const wanted = new Set(automaticNow(progress));
  return [...wanted].filter((id) => !started.has(id) && (open === null || open.includes(id)));
}

/** For whom a new release is deployed: tenants, null for none of them. */
export function promotedFor<T extends Promoted>(
  project: { id: string; body: Pick<Project, 'tenanted'> },
  channel: Pick<Channel, 'tenantTags'> | undefined,
  tenants: readonly T[],
): (T | null)[] {
  const { tenanted } = project.body;
  const wanted = channel?.tenantTags ?? [];
  const connected =
    tenanted === 'untenanted'
      ? []
      : tenants.filter(
          (tenant) =>
            tenantEnvironments(tenant, project.id).length > 0 && tagsMatch(wanted, tenant.body.tags),
        );
  return tenanted === 'tenanted' ? connected : [null, ...connected];
}

/** Environments of the project that the tenant has. */
export function tenantEnvironments(tenant: Promoted, projectId: string): readonly string[] {
  return tenant.body.projects.find(({ project }) => project === projectId)?.environments ?? [];
}
