import type { Ref } from './ref.ts';
import type { VariableType } from './variable.ts';

/** Who one deploys for. */
export interface Tenant {
  description: string;
  /** `Set/Tag`, each of an existing tag set. */
  tags: string[];
  projects: { project: Ref; environments: Ref[] }[];
  /** Values for the templates of library sets. */
  common: TenantValue<{ variableSet: Ref }>[];
  /** Values for the templates of projects, for each environment. */
  values: TenantValue<{ project: Ref; environment: Ref }>[];
}

export type TenantValue<Of> = Of & {
  /** Of the template. */
  name: string;
  type: VariableType;
  /** As a variable's value. */
  value: string;
};

/** Names for groups of tenants: `Region/Europe`. */
export interface TagSet {
  description: string;
  tags: { name: string; description: string }[];
}
