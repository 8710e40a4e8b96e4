/**
 * What the heart of the server offers to the rest of it, and what it needs.
 * `core.ts` builds it. REST, the links and main know these interfaces only.
 */
import type { Clock, Ids, Logger } from '@longshore/base';

import type { Attempt } from '../../domain/attempt.ts';
import type { Activity } from '../../domain/deployment/activity.ts';
import type { Interruption } from '../../domain/deployment/interruption.ts';
import type { Lease, LeaseRequest } from '../../domain/lease.ts';
import type { Task, TaskKind, TaskSpec } from '../../domain/task.ts';
import type { AgentDirectory, AgentInbox } from './agents.ts';
import type { ArtifactRecord, AttemptEventRecord } from './attempts.ts';
import type { DueTimes } from './due-times.ts';
import type { LogStore } from './log-store.ts';
import type { ServerNode } from './nodes.ts';
import type { ProcessRuns, Releases } from './run-api.ts';
import type { Sealer } from './sealer.ts';
import type { Store } from './store.ts';
import type { TaskView } from './task-view.ts';
import type { TaskFilter, TaskLogEntry } from './tasks.ts';
import type { Triggers } from './trigger-api.ts';
import type { WebCaller } from './web.ts';

export interface CoreOptions {
  store: Store;
  logs: LogStore;
  sealer: Sealer;
  /** The links: filled in after the core is made, for each needs the other. */
  agents: AgentDirectory;
  /** When triggers come due. */
  dueTimes: DueTimes;
  /** Calls webhooks. */
  web: WebCaller;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  nodeId: string;
  version: string;
  /** host:port that agents dial: what Welcome names. */
  agentAddress: string;
  /** Tasks that this node executes at once; more stay in the queue. */
  taskCap: number;
  digests: Digests;
  /** Of an attempt whose script names none; 0 or absent: no bound. */
  largestLogBytes?: number;
  /** Calls `fn` in the next turn of the event loop (`setImmediate`): what arrives in one turn shares one commit. */
  nextTurn: (fn: () => void) => void;
  /** Spaces whose queue is looked at from the start; others when they are first used. */
  spaces: readonly string[];
}

/** SHA-256, as the spool uses it (protocol `segments.ts`); `app` may not import a library. */
export interface Digests {
  begin(): RunningDigest;
  /** How many of these bytes, from the first on, are whole spool records with a right check sum. */
  wholeRecords(bytes: Uint8Array): number;
  /** The parts of a run of records that are damaged. */
  damage(bytes: Buffer): { from: number; to: number }[];
  /** Markers that stand for missing bytes, as long as those. */
  missingRecords(offset: number, bytes: number, time: number): Buffer;
  /** Of segment digests (hex), as the attempt's digest is made. */
  ofList(segmentDigests: readonly string[]): string;
  /** A new session ticket: 32 random bytes, and their SHA-256 in hex. */
  newTicket(): { ticket: Buffer; hash: string };
}

export interface RunningDigest {
  add(bytes: Uint8Array): void;
  /** Of what was added so far; more may follow. */
  hex(): string;
}

export interface Core {
  readonly tasks: Tasks;
  readonly processRuns: ProcessRuns;
  readonly releases: Releases;
  readonly triggers: Triggers;
  readonly leases: Leases;
  readonly inbox: AgentInbox;
  /** As readers get them: what is damaged is mended first, or `unavailable` while that waits for its agent. */
  readonly logs: Pick<LogStore, 'read' | 'length' | 'follow'>;
  /** Registers this start of the node and takes up what it owns. Before the agents' port opens. */
  start(): Promise<void>;
  /** No task is taken from the queue any more; what runs goes on. */
  drain(): Promise<void>;
  /** Scripts go on without us; the next start takes them up. Idempotent. */
  close(): Promise<void>;
  nodes(): Promise<ServerNode[]>;
  /** Figures for the metrics page, from memory. */
  figures(): { owned: number; queued: number; held: number };
  /** What `loops/` calls from time to time. */
  readonly chores: Chores;
}

export interface Chores {
  /** False: this process must stop at once, its tasks are another's. */
  beat(): Promise<boolean>;
  /** Takes over from dead nodes. */
  judge(): Promise<void>;
  reap(): Promise<void>;
  /** A little of all stored output against its digests. */
  checkLogs(): Promise<void>;
  /** What a lost announcement would leave undone. */
  lookAgain(): Promise<void>;
}

export interface NewTask {
  kind: TaskKind;
  name: string;
  /** In clear; sensitive values are sealed before they are stored. */
  spec: TaskSpec;
  timeoutMs: number;
  createdBy: string;
}

export type { TaskView };

/** An output variable; a sensitive one's value is masked. */
export interface OutputVariable {
  attemptId: string;
  action: string;
  name: string;
  value: string;
  sensitive: boolean;
}

/** What a follower of a task hears, in order, once it is durable. `log` entries are numbered, `events` too. */
export type TaskChange =
  | { kind: 'task'; task: TaskView }
  | { kind: 'log'; entries: TaskLogEntry[] }
  | { kind: 'attempt'; attempt: Attempt }
  | { kind: 'events'; attemptId: string; events: AttemptEventRecord[] }
  | { kind: 'activity'; activity: Activity }
  | { kind: 'interruption'; interruption: Interruption };

export interface Tasks {
  /**
   * Resolves when it is durably queued (and often started already). Its place in the queue is not counted here.
   *
   * @throws AppError `invalid`, `notFound`
   */
  submit(spaceId: string, task: NewTask): Promise<TaskView>;
  /** @throws AppError `notFound` */
  get(spaceId: string, id: string): Promise<TaskView>;
  list(spaceId: string, filter: TaskFilter): Promise<TaskView[]>;
  /** Asks to cancel; a finished task is left as it is. */
  cancel(spaceId: string, id: string, by: string): Promise<TaskView>;
  /** An operator's word for the attempts of a task that can't be reached: they did not run. @throws AppError `conflict` when there are none */
  didNotRun(spaceId: string, id: string, word: { by: string; attemptId?: string }): Promise<TaskView>;
  log(spaceId: string, id: string, afterN: number, limit: number): Promise<TaskLogEntry[]>;
  attempts(spaceId: string, id: string): Promise<Attempt[]>;
  attempt(spaceId: string, attemptId: string): Promise<Attempt>;
  /** Sensitive values masked. */
  events(spaceId: string, attemptId: string, afterN: number): Promise<AttemptEventRecord[]>;
  variables(spaceId: string, id: string): Promise<OutputVariable[]>;
  artifacts(spaceId: string, id: string): Promise<ArtifactRecord[]>;
  /** Hears each change from now on, of whichever node; returns what ends it. Read first what is there after this call. */
  watch(spaceId: string, id: string, listener: (change: TaskChange) => void): () => void;
  /** All that was told of a task that was submitted in this turn of the event loop: together with `watch` it is all there is. */
  sinceBirth(id: string): readonly TaskChange[] | undefined;
  /** Resolves when the task has ended: for work that waits for its outcome, such as a health check. */
  ended(spaceId: string, id: string): Promise<Task>;
  countByState(): Promise<Record<string, number>>;
}

export interface QueuedRequest {
  request: LeaseRequest;
  place: number;
  reason: string;
}

export interface Leases {
  held(spaceId: string): Promise<Lease[]>;
  /** In ticket order. */
  queue(spaceId: string): Promise<QueuedRequest[]>;
  history(
    spaceId: string,
    filter: { taskId?: string; resourceId?: string; limit: number },
  ): Promise<(Lease & { releasedAt: number; releaseReason: string })[]>;
  /**
   * An operator frees a lease. With scripts still under it, `force` cancels its task and the lease ends with that.
   *
   * @throws AppError `notFound`, `conflict` when a script may still run under it
   */
  release(spaceId: string, id: string, by: string, options?: { force?: boolean }): Promise<void>;
}
