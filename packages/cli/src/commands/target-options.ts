/** The options that say what a deployment target is for: of a token, of a new target, of a change. */
import { Option, type Command } from 'commander';

import { given } from '../client.ts';
import { repeated } from './options.ts';

export interface ScopeOptions {
  environment?: string[];
  role?: string[];
  tenanted?: 'untenanted' | 'tenanted' | 'either';
  tenant?: string[];
  tenantTag?: string[];
}

export function addScopeOptions(command: Command): Command {
  return command
    .option('--environment <environment>', 'an environment that it is of (may be repeated)', repeated)
    .option('--role <role>', 'a role, or target tag, that steps name (may be repeated)', repeated)
    .option('--tenant <tenant>', 'a tenant that it is for (may be repeated)', repeated)
    .option('--tenant-tag <set/tag>', 'tenants with this tag (may be repeated)', repeated)
    .addOption(
      new Option(
        '--tenanted <mode>',
        'whether deployments without a tenant reach it; "tenanted" where tenants are named, unless told',
      ).choices(['untenanted', 'tenanted', 'either']),
    );
}

/** As the API takes it. */
export interface Scope {
  environments?: string[] | undefined;
  roles?: string[] | undefined;
  tenanted?: ScopeOptions['tenanted'] | undefined;
  tenants?: string[] | undefined;
  tenantTags?: string[] | undefined;
}

export function scopeOf({ environment, role, tenanted, tenant, tenantTag }: ScopeOptions): Scope {
  return { environments: environment, roles: role, tenanted, tenants: tenant, tenantTags: tenantTag };
}

/** Without what was not said. */
export function sentScope({ environments, roles, ...rest }: ReturnType<typeof newScopeOf>) {
  return { environments, roles, ...given(rest) };
}

/** Of a new target, which must say what it is for. What is missing the API tells. */
export function newScopeOf(options: ScopeOptions) {
  const { environments = [], roles = [], ...rest } = scopeOf(options);
  return { environments, roles, ...rest };
}
