/** What a deployment or a runbook does: steps in order, each with one or more actions. */
import type { Interpreter } from '../script.ts';
import type { Ref } from './ref.ts';

export interface Process {
  /** All steps that resolve to one pool use the worker that the first of them leased, until the run ends. */
  pinWorker: boolean;
  steps: Step[];
}

export interface Step {
  /** Unique in its process, whatever its case; output variables are named after it. */
  name: string;
  /** `withPrevious`: beside the step before it. */
  start: 'afterPrevious' | 'withPrevious';
  condition: RunCondition;
  /** Its actions run for each target that has one of these roles. Empty: it has no targets. */
  roles: string[];
  /** Its actions run as a unit on so many targets at a time; null: action after action, on `maxParallelism` targets. */
  rollingWindow: number | null;
  /** Targets (or actions of a step without targets) at once. */
  maxParallelism: number;
  /** At least one. Of a single action the name is the step's. */
  actions: Action[];
}

/** What the steps before must have come to. */
export type RunCondition =
  | { kind: 'success' }
  | { kind: 'failure' }
  | { kind: 'always' }
  /** Text with `#{…}`: it runs when that is truthy, whatever the steps before came to. */
  | { kind: 'variable'; expression: string };

export interface Action {
  name: string;
  /** Only in these; empty: in all. */
  environments: Ref[];
  excludedEnvironments: Ref[];
  /** Names of the project's channels. */
  channels: string[];
  /** `Set/Tag`. */
  tenantTags: string[];
  disabled: boolean;
  /** Nobody can skip it, and a guided failure offers neither to ignore it nor to leave its target out. */
  required: boolean;
  /** Of an action of several: for each target anew; `success` when not given. */
  condition: RunCondition;
  retries: Retries;
  /** From the start of each try; 0: no limit. */
  timeoutMs: number;
  notes: string;
  does: ActionKind;
}

export interface Retries {
  /** After the first try. */
  times: number;
  /** Before the first retry; each later wait is longer by the factor. */
  waitMs: number;
  factor: number;
}

/** What an action is. */
export type ActionKind =
  ScriptAction | ManualAction | DeployReleaseAction | RunRunbookAction | HealthCheckAction | WebhookAction;

export const RUNS_ON = ['worker', 'workerForEachTarget', 'target'] as const;
/** Once on a worker; on a worker on behalf of each target; on each target itself. */
export type RunsOn = (typeof RUNS_ON)[number];

export interface ScriptAction {
  kind: 'script';
  runsOn: RunsOn;
  script: ScriptText;
  pool: PoolChoice;
  leaseMode: 'shared' | 'exclusive';
  /** Tools that the worker must have, beside the interpreter's. */
  tools: string[];
  /** Runs on the same worker after an exclusive lease's script, whatever that came to, before the lease ends. */
  cleanUp: ScriptText | null;
  terminal: boolean;
  /** Empty: the agent's own user. */
  runAs: string;
}

export interface ScriptText {
  interpreter: Interpreter;
  /** With `#{…}`, which is put in before it is sent. */
  body: string;
  arguments: string[];
  environment: Record<string, string>;
}

export type PoolChoice =
  /** The target's own, or the space's default pool. */
  | { kind: 'default' }
  | { kind: 'pool'; pool: Ref }
  /** The name of a variable of type `workerPool`. */
  | { kind: 'variable'; name: string };

export interface ManualAction {
  kind: 'manual';
  /** Markdown, with `#{…}`. */
  instructions: string;
  /** Who may answer, as free text. */
  responsible: string;
}

export interface DeployReleaseAction {
  kind: 'deployRelease';
  project: Ref;
  /** A version, with `#{…}`; empty: the newest release of the channel. */
  version: string;
  /** Empty: any. */
  channel: string;
  /** `ifNotCurrent`, `ifNewer`: than the release that is in the environment. */
  when: 'always' | 'ifNotCurrent' | 'ifNewer';
  /** Values for its prompted variables, with `#{…}`. */
  variables: Record<string, string>;
}

export interface RunRunbookAction {
  kind: 'runRunbook';
  runbook: Ref;
  /** Null: the environment of this run. */
  environment: Ref | null;
  /** False: it is started, and that is all. */
  wait: boolean;
  variables: Record<string, string>;
}

export interface HealthCheckAction {
  kind: 'healthCheck';
  /** `connection`: only that they can be reached. */
  check: 'full' | 'connection';
  /** What becomes of a target that fails it: the step fails, or the run goes on without that target. */
  onUnhealthy: 'fail' | 'exclude';
}

export interface WebhookAction {
  kind: 'webhook';
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `#{…}`, as headers and body. */
  url: string;
  headers: Record<string, string>;
  body: string;
  /** Status codes that are a success; empty: 200 to 299. */
  expect: number[];
}
