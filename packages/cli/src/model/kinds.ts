/** Kinds as YAML calls them, and as the API does. */
export const KINDS = {
  WorkerPool: 'workerPool',
  TagSet: 'tagSet',
  Environment: 'environment',
  Lifecycle: 'lifecycle',
  ProjectGroup: 'projectGroup',
  VariableSet: 'variableSet',
  Project: 'project',
  Runbook: 'runbook',
  Tenant: 'tenant',
  DeploymentTarget: 'target',
} as const;

export type Kind = (typeof KINDS)[keyof typeof KINDS];

/** Either name, whatever its case. */
export function kindNamed(word: string): Kind | undefined {
  const key = word.toLowerCase();
  return Object.entries(KINDS).find(([yaml, kind]) =>
    [yaml, kind].some((each) => each.toLowerCase() === key),
  )?.[1];
}
