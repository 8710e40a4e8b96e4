/** What is known of a run, a step, a target: what system variables are made of (system-facts.ts). */

export interface Named {
  id: string;
  name: string;
}

export interface Person extends Named {
  /** What one logs in with. */
  username: string;
  email: string;
}

/** What holds all through a run. */
export interface RunFacts {
  space: Named;
  project: Named;
  projectGroup: Named | null;
  environment: Named & { sortOrder: number };
  task: Named & {
    queuedFor: number | null;
    expiresAt: number | null;
    arguments: Readonly<Record<string, string>>;
  };
  /** Who started it, when, and why. */
  startedBy: Person;
  createdAt: number;
  comments: string;
  trigger: Named | null;
  tenant: (Named & { tags: readonly string[] }) | null;
  /** All targets of the run. */
  targets: readonly (Named & { roles: readonly string[] })[];
  /** Ids: those that were asked for by name, and those that were left out. */
  specificTargets: readonly string[];
  excludedTargets: readonly string[];
  of: DeploymentFacts | RunbookFacts;
  /** Where people reach the portal, without a slash at its end; null: nobody said. */
  serverUrl: string | null;
  failure: { message: string; detail: string } | null;
}

export interface DeploymentFacts extends Named {
  kind: 'deployment';
  release: { id: string; number: string; notes: string; createdAt: number; channel: string };
  /** Of the project, before this one. */
  previousRelease: Version | null;
  /** Deployed before to the environment (for the tenant), whatever became of it. */
  previousForEnvironment: Version | null;
  /** As before, that succeeded. */
  currentForEnvironment: Version | null;
  previousSuccessfulDeploymentId: string | null;
}

export interface Version {
  id: string;
  number: string;
}

export interface RunbookFacts extends Named {
  kind: 'runbook';
  runbook: Named;
  snapshot: Named & { notes: string };
}

export interface StepFacts {
  id: string;
  name: string;
  /** From 1. */
  number: number;
  roles: readonly string[];
  /** Null: of the step as a whole, such as its condition. */
  action: {
    id: string;
    name: string;
    /** From 1, among all actions of the process. */
    number: number;
    script: { body: string; syntax: string } | null;
    manual: { instructions: string; responsible: string } | null;
  } | null;
  /** Null: it runs on no worker, or none is chosen yet. */
  workerPool: Named | null;
}

export interface MachineFacts extends Named {
  roles: readonly string[];
  /** Of a listening agent: the host that the server dials. */
  host: string | null;
}

export interface SystemFacts {
  run: RunFacts;
  step: StepFacts | null;
  /** What the step acts on, or on behalf of. */
  machine: MachineFacts | null;
}
