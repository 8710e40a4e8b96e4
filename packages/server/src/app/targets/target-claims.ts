/** Environments, tenants and tags as people name them, to what a deployment target holds of them. */
import { AppError } from '@longshore/base';
import { nearest } from '@longshore/base/nearest';

import { checkBody } from '../../domain/model/checks.ts';
import type { Tenanted } from '../../domain/model/project.ts';
import { KIND_WORDS } from '../../domain/model/resource.ts';
import { claimed, tenantedBy, type TargetClaim } from '../../domain/model/target-claim.ts';
import type { DeploymentTarget } from '../../domain/model/target.ts';
import type { World } from '../model/model-world.ts';

/** Names or ids. */
export interface TargetScope {
  description?: string | undefined;
  environments: string[];
  roles: string[];
  /** Where not given: `tenanted` if tenants or tags are named. */
  tenanted?: Tenanted | undefined;
  tenants?: string[] | undefined;
  /** `Set/Tag`. */
  tenantTags?: string[] | undefined;
}

/** @throws AppError `invalid` that names the fields */
export function claimNamed(world: World, scope: TargetScope): TargetClaim {
  const { description = '', environments, roles, tenants = [], tenantTags = [] } = scope;
  const named = {
    environments: idsNamed(world, 'environment', environments),
    tenants: idsNamed(world, 'tenant', tenants),
    ...{ roles, tenantTags },
  };
  const claim = { description, ...named, tenanted: tenantedBy(named, scope.tenanted) };
  checkTarget(world, claimed(claim, ''));
  return claim;
}

const FIELDS = { environment: 'environments', tenant: 'tenants' } as const;

/** @throws AppError `invalid` that names the field, and the nearest name */
export function idsNamed(world: World, kind: keyof typeof FIELDS, named: readonly string[]): string[] {
  return named.map((value, i) => {
    const id = world.get(value)?.kind === kind ? value : world.idOf(kind, value);
    if (id !== undefined) return id;
    const field = `${FIELDS[kind]}[${i}]`;
    const near = nearest(value, world.names(kind));
    const meant = near === undefined ? '' : `; did you mean "${near}"?`;
    throw new AppError('invalid', `There is no ${KIND_WORDS[kind]} "${value}"${meant}`, {
      fields: [{ field, value, expected: `name or id of a ${KIND_WORDS[kind]}${meant}` }],
    });
  });
}

/** What holds of each deployment target, however it is made. @throws AppError `invalid` that names the fields */
export function checkTarget(world: World, body: DeploymentTarget): void {
  const problems = checkBody('target', body, world);
  if (problems.length === 0) return;
  const fields = problems.map(({ path: [field = '', i], value, expected, known = [] }) => {
    const near = typeof value === 'string' ? nearest(value, known) : undefined;
    return {
      field: i === undefined ? String(field) : `${field}[${i}]`,
      ...(value === undefined ? {} : { value }),
      expected: near === undefined ? expected : `${expected}; did you mean "${near}"?`,
    };
  });
  const said = fields.map(({ field, expected }) => `${field}: expected ${expected}`).join('\n');
  throw new AppError('invalid', said, { fields });
}
