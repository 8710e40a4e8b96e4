import type { Process } from './process.ts';
import type { Ref } from './ref.ts';
import type { Trigger } from './trigger.ts';
import type { Variable, VariableTemplate } from './variable.ts';

export interface ProjectGroup {
  description: string;
}

export const TENANTED = ['untenanted', 'tenanted', 'either'] as const;
/** Whether deployments are for a tenant: never, always, or as one likes. */
export type Tenanted = (typeof TENANTED)[number];

export const GUIDED_FAILURE = ['off', 'on', 'environment'] as const;
/** Whether a failure asks people; `environment`: as the environment says. */
export type GuidedFailure = (typeof GUIDED_FAILURE)[number];

/** Which of the targets a run goes on with. */
export interface Connectivity {
  /** Targets that are disabled or can't be reached are left out; otherwise they fail the run before it begins. */
  skipUnavailable: boolean;
  excludeUnhealthy: boolean;
  /** A run that finds no target for any of its steps is no failure. */
  allowNoTargets: boolean;
}

/** Where nobody says. */
export const CONNECTIVITY_DEFAULTS = {
  project: { skipUnavailable: false, excludeUnhealthy: false, allowNoTargets: false },
  runbook: { skipUnavailable: false, excludeUnhealthy: false, allowNoTargets: true },
} as const satisfies Record<string, Connectivity>;

export const DEFAULT_VERSION_TEMPLATE =
  '#{Octopus.Version.LastMajor}.#{Octopus.Version.LastMinor}.#{Octopus.Version.NextPatch}';

export interface Project {
  description: string;
  group: Ref | null;
  lifecycle: Ref;
  /** Library variable sets that it includes. */
  variableSets: Ref[];
  tenanted: Tenanted;
  guidedFailure: GuidedFailure;
  connectivity: Connectivity;
  /** What a release is called when nobody says: text with `#{…}`, `#{Octopus.Version.LastPatch}` and the like. */
  versionTemplate: string;
  /** What each tenant of the project has to fill in, for each environment. */
  templates: VariableTemplate[];
  variables: Variable[];
  /** At least one; exactly one is the default. */
  channels: Channel[];
  process: Process;
  triggers: Trigger[];
  disabled: boolean;
}

export interface Channel {
  name: string;
  description: string;
  /** Null: the project's. */
  lifecycle: Ref | null;
  isDefault: boolean;
  /** `Set/Tag`; releases of the channel are for tenants with one of them. Empty: for all. */
  tenantTags: string[];
}

/** A process without release and lifecycle: maintenance, restores, restarts. */
export interface Runbook {
  description: string;
  project: Ref;
  /** `all`; those of the project's lifecycle; or these. */
  environments: 'all' | 'lifecycle' | Ref[];
  tenanted: Tenanted;
  guidedFailure: GuidedFailure;
  connectivity: Connectivity;
  process: Process;
}
