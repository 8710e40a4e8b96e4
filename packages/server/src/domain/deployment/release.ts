import type { Process } from '../model/process.ts';
import type { VariableSnapshot } from '../variables/snapshot.ts';

/** A process with its variables as they stood. Nothing changes it later. */
export interface Snapshot {
  spaceId: string;
  id: string;
  projectId: string;
  /** Empty: of the project's deployment process. */
  runbookId: string;
  process: Process;
  /** Sensitive values sealed, as in their resources. */
  variables: VariableSnapshot;
  createdAt: number;
}

/** The snapshot that runs of a runbook take, until another one is published. */
export interface PublishedSnapshot {
  spaceId: string;
  runbookId: string;
  snapshotId: string;
  publishedAt: number;
  publishedBy: string;
}

/** A version of a project that can be deployed. */
export interface Release {
  spaceId: string;
  id: string;
  projectId: string;
  version: string;
  channel: string;
  snapshotId: string;
  notes: string;
  /** Why it may not go on along its lifecycle; empty: it may. */
  blocked: string;
  createdAt: number;
  createdBy: string;
}

/** A run of a process as the index of runs has it; the task's row says how it stands. */
export interface RunRecord {
  spaceId: string;
  taskId: string;
  projectId: string;
  runbookId: string;
  releaseId: string;
  environmentId: string;
  tenantId: string;
  /** The task that started it; empty: none. */
  parentId: string;
  ended: boolean;
  succeeded: boolean;
  createdAt: number;
}
