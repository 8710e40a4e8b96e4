import type { PlanChoices } from './deployment/plan.ts';
import type { Fence } from './fence.ts';
import type { ScriptSpec, ScriptVariable } from './script.ts';

export const TASK_STATES = [
  'queued',
  'executing',
  'waiting',
  'cancelling',
  'success',
  'failed',
  'cancelled',
  'timedOut',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const TASK_KINDS = ['script', 'health', 'upgrade', 'deployment', 'runbookRun'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** Where a script task runs: on one worker of a pool, or on each of the workers named. */
export type TaskTarget = { kind: 'pool'; poolId: string } | { kind: 'workers'; workerIds: string[] };

/** The version that agents are to become, and the package for each worker. */
export interface UpgradeSpec {
  version: string;
  packages: Record<string, { digest: string; length: number }>;
  /** An agent goes back to the version before when the new one has no session in this time; 0: its own default. */
  confirmWithinMs: number;
}

/** What one script does, on one worker or several. */
export interface ScriptTaskSpec {
  target: TaskTarget;
  script: ScriptSpec;
  leaseMode: 'shared' | 'exclusive';
  /** Tools that the worker must have, beside the interpreter's. */
  tools: string[];
  /** Of a task of kind `upgrade`: instead of a script. */
  upgrade?: UpgradeSpec;
}

/** A run of a process: a deployment of a release, or a runbook's. Its plan is made when it starts. */
export interface RunSpec {
  projectId: string;
  /** Empty: a deployment. */
  runbookId: string;
  /** Empty: a runbook's run. */
  releaseId: string;
  snapshotId: string;
  environmentId: string;
  /** Empty: for no tenant. */
  tenantId: string;
  channel: string;
  guidedFailure: boolean;
  choices: PlanChoices;
  /** Values of prompted variables; at rest, sensitive ones are sealed. */
  prompted: ScriptVariable[];
  /** Place in the queue (`LeaseRequest.priority`). */
  priority: number;
  notBefore: number | null;
  expiresAt: number | null;
  /** The activity of the run that started it, and waits for it; null: nobody does. */
  parent: { taskId: string; activity: string } | null;
  comments: string;
  /** The name of the trigger that started it. */
  trigger?: string;
}

export interface RunTaskSpec {
  run: RunSpec;
}

export type TaskSpec = ScriptTaskSpec | RunTaskSpec;

/** Of a task that is a run of a process; undefined: it is a script's. */
export function runOf(task: { spec: TaskSpec }): RunSpec | undefined {
  return 'run' in task.spec ? task.spec.run : undefined;
}

/** Of a task that runs a script; undefined: it is a run of a process. */
export function scriptOf(task: { spec: TaskSpec }): ScriptTaskSpec | undefined {
  return 'run' in task.spec ? undefined : task.spec;
}

/** A unit of queued server work. */
export interface Task {
  spaceId: string;
  id: string;
  kind: TaskKind;
  name: string;
  state: TaskState;
  spec: TaskSpec;
  /** Order in the queue: the ticket of its lease request; a lower one goes first. */
  ticket: number;
  /** The node that owns it, and that node's epoch; null while queued. */
  nodeId: string | null;
  epoch: number;
  /** Rises when its ownership changes. */
  fence: Fence;
  /** Why it waits, for people; empty when it does not. */
  waitReason: string;
  /** From start to time-out, waiting included; 0 is without limit. */
  timeoutMs: number;
  cancelRequestedAt: number | null;
  /** What became of it, in one line. */
  message: string;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  /** Who asked: an API key's name, or `schedule`. */
  createdBy: string;
}
