/** What a machine is to be as a deployment target, known before the machine is: a token carries it, or a pairing. */
import type { Tenanted } from './project.ts';
import type { Ref } from './ref.ts';
import type { DeploymentTarget } from './target.ts';

export type TargetClaim = Pick<
  DeploymentTarget,
  'description' | 'environments' | 'roles' | 'tenanted' | 'tenants' | 'tenantTags'
>;

export function claimed(claim: TargetClaim, machine: Ref): DeploymentTarget {
  return { ...claim, disabled: false, reachedBy: { kind: 'agent', machine } };
}

/** Who names tenants means them: nobody has to say it twice. */
export function tenantedBy(
  { tenants, tenantTags }: Pick<DeploymentTarget, 'tenants' | 'tenantTags'>,
  said: Tenanted | undefined,
  before: Tenanted = 'untenanted',
): Tenanted {
  if (said !== undefined) return said;
  const named = tenants.length + tenantTags.length > 0;
  if (named) return before === 'untenanted' ? 'tenanted' : before;
  return before === 'tenanted' ? 'untenanted' : before;
}

/** For whoever makes a machine both: it works, but each waits for the other. */
export function bothWarning(machine: string, pools: readonly string[]): string {
  const where = `${pools.length === 1 ? 'pool' : 'pools'} ${pools.join(', ')}`;
  return `Machine "${machine}" is a worker too (${where}): a script for the target has the machine alone, so each waits for the other`;
}
