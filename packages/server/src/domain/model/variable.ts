/** Variables as they are written down, in a project or in a library set. */
import type { Ref } from './ref.ts';

export const VARIABLE_TYPES = ['text', 'sensitive', 'workerPool'] as const;
export type VariableType = (typeof VARIABLE_TYPES)[number];

export interface Variable {
  /** Names are the same whatever their case. */
  name: string;
  type: VariableType;
  /** Text with `#{…}`; of `sensitive`: sealed (see secrets.ts), or empty; of `workerPool`: the pool's id. */
  value: string;
  description: string;
  scope: VariableScope;
  prompt: Prompt | null;
}

/** Where a value holds: one of each kind that is given. An empty list: anywhere. */
export interface VariableScope {
  environments: Ref[];
  targets: Ref[];
  roles: string[];
  /** Names of steps or actions. */
  steps: string[];
  channels: string[];
  tenants: Ref[];
  /** `Set/Tag`. */
  tenantTags: string[];
  /** `deployment`, or a runbook's id: in the runs of those alone. */
  processes: string[];
}

export const PROMPT_CONTROLS = ['text', 'multiline', 'select', 'checkbox'] as const;

/** Asked for when a deployment or a runbook is started; the value written down is what is offered. */
export interface Prompt {
  label: string;
  description: string;
  required: boolean;
  control: (typeof PROMPT_CONTROLS)[number];
  /** Of `select`. */
  options: PromptOption[];
}

export interface PromptOption {
  value: string;
  label: string;
}

/** A value that each tenant has to give. */
export interface VariableTemplate {
  name: string;
  label: string;
  description: string;
  type: VariableType;
  /** As a variable's value. */
  default: string;
  /** A deployment for a tenant that gives no value, and without a default, is refused. */
  required: boolean;
  control: (typeof PROMPT_CONTROLS)[number];
  options: PromptOption[];
}

/** A library set: variables that several projects include, and templates that tenants of those fill in once. */
export interface VariableSet {
  description: string;
  variables: Variable[];
  templates: VariableTemplate[];
}
