/** Releases and runs of processes, as REST and main know them. `core.ts` builds what is behind. */
import type { Activity } from '../../domain/deployment/activity.ts';
import type { Interruption } from '../../domain/deployment/interruption.ts';
import type { Plan, PlanChoices } from '../../domain/deployment/plan.ts';
import type { PublishedSnapshot, Release, RunRecord } from '../../domain/deployment/release.ts';
import type { Caller } from '../ports/caller.ts';
import type { RunFilter } from './runs.ts';
import type { TaskView } from './task-view.ts';

export interface NewRelease {
  project: string;
  /** Not given: as the project's version template says. */
  version?: string | undefined;
  /** Not given: the default channel. */
  channel?: string | undefined;
  notes?: string | undefined;
  /** The release that there is is given back, instead of a conflict. */
  ignoreExisting?: boolean | undefined;
}

export interface EnvironmentProgress {
  id: string;
  name: string;
  succeeded: boolean;
  /** Why it can't be deployed there yet; empty: it can. */
  bar: string;
}

export interface Releases {
  /** @throws AppError `notFound`, `invalid`, `conflict` when the version is taken */
  create(by: Caller, release: NewRelease): Promise<Release>;
  list(
    spaceId: string,
    filter: {
      project?: string | undefined;
      channel?: string | undefined;
      limit: number;
      before?: string | undefined;
    },
  ): Promise<Release[]>;
  /** @param version of a release of the project, or its id */
  get(spaceId: string, project: string, version: string): Promise<Release>;
  /** Where it may go: for the tenant; not given: for none. */
  progression(
    spaceId: string,
    project: string,
    version: string,
    tenant?: string,
  ): Promise<EnvironmentProgress[]>;
  /** Takes variables (and nothing else) anew from what stands now. */
  updateVariables(by: Caller, project: string, version: string): Promise<Release>;
  /** @param reason empty: it may go on again */
  block(by: Caller, project: string, version: string, reason: string): Promise<Release>;
  /** @throws AppError `conflict` while a deployment of it is under way */
  delete(by: Caller, project: string, version: string): Promise<void>;
}

export interface RunRequest {
  environment: string;
  tenant?: string | undefined;
  variables?: Readonly<Record<string, string>> | undefined;
  choices?: PlanChoices | undefined;
  guidedFailure?: boolean | undefined;
  prioritise?: boolean | undefined;
  notBefore?: number | undefined;
  expiresAt?: number | undefined;
  timeoutMs?: number | undefined;
  comments?: string | undefined;
}

export interface RunTree {
  plan: Plan | undefined;
  activities: Activity[];
  interruptions: Interruption[];
}

export interface ProcessRuns {
  /** @throws AppError `notFound`, `invalid`, `conflict`: why it can't be deployed there, before anything runs */
  deploy(by: Caller, request: RunRequest & { project: string; version: string }): Promise<TaskView>;
  /** Of its published snapshot, unless it has none, or a draft is asked for: then as it stands. */
  runRunbook(
    by: Caller,
    request: RunRequest & { project: string; runbook: string; draft?: boolean | undefined },
  ): Promise<TaskView>;
  /** From now on its runs take it, and the variables, as they stand in this moment. */
  publish(by: Caller, project: string, runbook: string): Promise<PublishedSnapshot>;
  /** From now on its runs take it as it stands when they are asked for. @throws AppError `notFound` when nothing is published */
  unpublish(by: Caller, project: string, runbook: string): Promise<void>;
  list(
    spaceId: string,
    filter: Omit<RunFilter, 'projectId' | 'environmentId' | 'tenantId'> & {
      project?: string | undefined;
      environment?: string | undefined;
      tenant?: string | undefined;
    },
  ): Promise<RunRecord[]>;
  tree(spaceId: string, taskId: string): Promise<RunTree>;
  interruptions(spaceId: string, limit: number): Promise<Interruption[]>;
  /** @throws AppError `conflict` when it has ended already, `invalid` when there is no such answer */
  answer(
    by: Caller,
    id: string,
    answer: { answer: string; notes?: string | undefined },
  ): Promise<Interruption>;
  /** Before all others in the queue. @throws AppError `conflict` when it does not queue */
  moveToTop(by: Caller, taskId: string): Promise<void>;
}
