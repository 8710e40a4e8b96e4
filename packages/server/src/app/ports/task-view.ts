import type { Task } from '../../domain/task.ts';

/** A task with its place in the queue: 1 is next; null when it does not queue. */
export type TaskView = Task & { place: number | null };
