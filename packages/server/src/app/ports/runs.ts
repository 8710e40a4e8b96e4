import type { Activity } from '../../domain/deployment/activity.ts';
import type { Interruption } from '../../domain/deployment/interruption.ts';
import type { Plan } from '../../domain/deployment/plan.ts';
import type { PublishedSnapshot, Release, RunRecord, Snapshot } from '../../domain/deployment/release.ts';

export interface ReleaseFilter {
  projectId?: string;
  channel?: string;
  limit: number;
  /** Ids below this one only: newest first. */
  before?: string;
}

export interface RunFilter {
  projectId?: string;
  runbookId?: string;
  releaseId?: string;
  environmentId?: string;
  tenantId?: string;
  /** Those that ended with success. */
  succeeded?: boolean;
  ended?: boolean;
  limit: number;
  before?: string;
}

/** Releases and runs of processes. */
export interface RunRepository {
  insertSnapshot(snapshot: Snapshot): Promise<void>;
  snapshot(spaceId: string, id: string): Promise<Snapshot | undefined>;
  /** In the place of the one before. */
  publish(published: PublishedSnapshot): Promise<void>;
  published(spaceId: string, runbookId: string): Promise<PublishedSnapshot | undefined>;
  unpublish(spaceId: string, runbookId: string): Promise<void>;
  /** @throws AppError `conflict` when the project has a release of that version */
  insertRelease(release: Release): Promise<void>;
  release(spaceId: string, id: string): Promise<Release | undefined>;
  releaseOf(spaceId: string, projectId: string, version: string): Promise<Release | undefined>;
  /** Newest first. */
  releases(spaceId: string, filter: ReleaseFilter): Promise<Release[]>;
  /** The newest release of the project; of a channel, or of those deployed with success to a place, where it is given. */
  newestRelease(
    spaceId: string,
    of: { projectId: string; channel?: string; deployedTo?: { environmentId: string; tenantId: string } },
  ): Promise<Release | undefined>;
  /** Notes, snapshot and whether it is blocked; nothing else of it changes. */
  updateRelease(release: Release): Promise<void>;
  deleteRelease(spaceId: string, id: string): Promise<void>;

  insertRun(run: RunRecord): Promise<void>;
  run(spaceId: string, taskId: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  runs(spaceId: string, filter: RunFilter): Promise<RunRecord[]>;
  endRun(spaceId: string, taskId: string, succeeded: boolean): Promise<void>;
  /** Environments in which a deployment of the release (for the tenant; empty: for none) has succeeded. */
  succeededIn(spaceId: string, releaseId: string, tenantId: string): Promise<string[]>;

  putPlan(spaceId: string, taskId: string, plan: Plan): Promise<void>;
  plan(spaceId: string, taskId: string): Promise<Plan | undefined>;
  putActivity(spaceId: string, taskId: string, activity: Activity): Promise<void>;
  activities(spaceId: string, taskId: string): Promise<Activity[]>;

  insertInterruption(interruption: Interruption): Promise<void>;
  interruption(spaceId: string, id: string): Promise<Interruption | undefined>;
  interruptionsOf(spaceId: string, taskId: string): Promise<Interruption[]>;
  openInterruptions(spaceId: string, limit: number): Promise<Interruption[]>;
  /** False, and nothing is written, when it has ended already. */
  endInterruption(interruption: Interruption): Promise<boolean>;
}
