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
  /** The activity of a run that it is about; empty when about the task. */
  activity: string;
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
  /** Unfinished tasks that this node owns, of whichever epoch. */
  ownedBy(nodeId: string): Promise<Task[]>;
  /** The nodes that own unfinished tasks. */
  owners(): Promise<string[]>;
  /** Those of a node's that were asked to cancel, and don't yet: what a lost announcement left. */
  askedToCancel(nodeId: string): Promise<string[]>;
  /**
   * Writes what may change; `spec`, `name` and who asked never do. With `owner`, only if that is still its owner;
   * false when it is not.
   */
  update(task: Task, owner?: { nodeId: string | null; epoch: number }): Promise<boolean>;
  /** Leaves a wish to cancel for the node that owns the task. */
  requestCancel(spaceId: string, id: string, at: number): Promise<void>;
  /**
   * Returns the entry with its number.
   *
   * @param after the number of the last entry where it is known, which saves a look
   */
  appendLog(
    task: Pick<Task, 'spaceId' | 'id'>,
    entry: Omit<TaskLogEntry, 'n'>,
    after: number | undefined,
  ): Promise<TaskLogEntry>;
  log(spaceId: string, taskId: string, afterN: number, limit: number): Promise<TaskLogEntry[]>;
  /** Of the tasks that have not ended. */
  countByState(): Promise<Record<string, number>>;
}
