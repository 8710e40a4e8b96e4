/**
 * What people configure: each is a resource of a kind, with a name that is
 * unique among its kind (a runbook's: in its project), whatever its case.
 *
 * Always true: a resource names another one by that one's id (`Ref`), so that
 * a rename breaks nothing; YAML and people name it by its name. What stands
 * within a project (channels, steps, triggers) is known by its name there.
 */
import type { Environment } from './environment.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Project, ProjectGroup, Runbook } from './project.ts';
import type { Ref } from './ref.ts';
import type { DeploymentTarget } from './target.ts';
import type { TagSet, Tenant } from './tenant.ts';
import type { VariableSet } from './variable.ts';

export type { Ref } from './ref.ts';

/** What each kind says, in the order in which one builds on those before it. */
export interface ResourceBodies {
  tagSet: TagSet;
  environment: Environment;
  lifecycle: Lifecycle;
  projectGroup: ProjectGroup;
  variableSet: VariableSet;
  project: Project;
  runbook: Runbook;
  tenant: Tenant;
  target: DeploymentTarget;
}

export type ResourceKind = keyof ResourceBodies;

export const RESOURCE_KINDS = [
  'tagSet',
  'environment',
  'lifecycle',
  'projectGroup',
  'variableSet',
  'project',
  'runbook',
  'tenant',
  'target',
] as const satisfies readonly ResourceKind[];

export interface Resource<Kind extends ResourceKind = ResourceKind> {
  spaceId: string;
  id: string;
  kind: Kind;
  name: string;
  /** Of a runbook: its project. Empty: none. */
  parentId: Ref;
  body: ResourceBodies[Kind];
  /** Rises with every change. */
  version: number;
  createdAt: number;
  changedAt: number;
}

/** What `longshore apply` knows: all resources, and worker pools, which stand in a table of their own. */
export type ModelKind = ResourceKind | 'workerPool';

export const MODEL_KINDS = ['workerPool', ...RESOURCE_KINDS] as const satisfies readonly ModelKind[];

/** Kinds as people read them in a sentence. */
export const KIND_WORDS: Readonly<Record<ResourceKind | 'workerPool' | 'worker', string>> = {
  tagSet: 'tag set',
  environment: 'environment',
  lifecycle: 'lifecycle',
  projectGroup: 'project group',
  variableSet: 'variable set',
  project: 'project',
  runbook: 'runbook',
  tenant: 'tenant',
  target: 'deployment target',
  workerPool: 'worker pool',
  worker: 'worker',
};

/** With its article: `an environment`. */
export function aKind(kind: keyof typeof KIND_WORDS): string {
  const word = KIND_WORDS[kind];
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}
