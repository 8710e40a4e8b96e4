/** What a task does: its actions, and the one lease request that they wait for. Computed from the spec alone. */
import type { LeaseMode, Resource } from './lease.ts';
import { INTERPRETER_TOOL } from './script.ts';
import type { Task } from './task.ts';

export interface Action {
  /** Unique in the task: `script`, or `script-2` for the second of several workers. */
  name: string;
  /** The worker that is named; null: one of the pool. */
  workerId: string | null;
}

export interface Plan {
  actions: Action[];
  mode: LeaseMode;
  wants: { all: Resource[] } | { anyOfPool: string };
  tools: string[];
}

export function planOf(task: Pick<Task, 'kind' | 'spec'>): Plan {
  const { target, leaseMode, script } = task.spec;
  const tools = [...new Set([INTERPRETER_TOOL[script.interpreter], ...task.spec.tools])].sort();
  // A health check goes beside whatever runs, but never beside itself.
  const mode = task.kind === 'health' ? 'maintenance' : leaseMode;
  if (target.kind === 'pool') {
    return {
      actions: [{ name: 'script', workerId: null }],
      mode,
      wants: { anyOfPool: target.poolId },
      tools,
    };
  }
  const workerIds = [...new Set(target.workerIds)];
  return {
    actions: workerIds.map((workerId, i) => ({ name: i === 0 ? 'script' : `script-${i + 1}`, workerId })),
    mode,
    wants: { all: workerIds.map((id) => ({ kind: 'worker', id })) },
    tools,
  };
}
