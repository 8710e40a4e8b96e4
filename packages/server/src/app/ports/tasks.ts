import type { Task, TaskState } from '../../domain/task.ts';

export type TaskLogLevel = 'verbose' | 'info' | 'highlight' | 'wait' | 'warning' | 'error';

/** A line that the server itself writes in a task's log: reasons, states, warnings. Numbered from 1 in a task. */
export interface TaskLogEntry {
  n: number;
  time: number;
  level: TaskLogLevel;
  text: string;
  /** The attempt that it is about; empty when about the task. */
  attemptId: string;
}

export interface TaskFilter {
  states?: readonly TaskState[];
  kind?: Task['kind'];
  poolId?: string;
  workerId?: string;
  limit: number;
  /** Ids below this one only: newest first. */
  before?: string;
}

export interface TaskRepository {
  insert(task: Task): Promise<void>;
  get(spaceId: string, id: string): Promise<Task | undefined>;
  list(spaceId: string, filter: TaskFilter): Promise<Task[]>;
  /** Unfinished tasks that this node (and epoch) owns. */
  ownedBy(nodeId: string): Promise<Task[]>;
  /** Oldest queued tasks nobody owns, locked for this transaction where several nodes share the store. */
  claimable(limit: number): Promise<Task[]>;
  update(task: Task): Promise<void>;
  /** The next ticket of the one queue. */
  nextTicket(): Promise<number>;
  appendLog(spaceId: string, taskId: string, entries: Omit<TaskLogEntry, 'n'>[]): Promise<void>;
  log(spaceId: string, taskId: string, afterN: number, limit: number): Promise<TaskLogEntry[]>;
  countByState(): Promise<Record<string, number>>;
}
