/** What a task does: its actions, and the one lease request that they wait for. Computed from the spec alone. */
import type { LeaseMode, Resource } from './lease.ts';
import { INTERPRETER_TOOL } from './script.ts';
import type { RunSpec, Task } from './task.ts';

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
  /** The next action only when the one before it has proved itself; each with a lease of its own. */
  oneByOne: boolean;
}

export function planOf(task: Pick<Task, 'kind' | 'spec'>): Plan {
  if ('run' in task.spec) return planOfRun(task.spec.run);
  const { target, leaseMode, script } = task.spec;
  const tools = [...new Set([INTERPRETER_TOOL[script.interpreter], ...task.spec.tools])].sort();
  // A health check or an upgrade goes beside whatever runs, but never beside another.
  const oneByOne = task.kind === 'upgrade';
  const mode = task.kind === 'script' ? leaseMode : 'maintenance';
  if (target.kind === 'pool') {
    return {
      actions: [{ name: 'script', workerId: null }],
      mode,
      wants: { anyOfPool: target.poolId },
      tools,
      oneByOne,
    };
  }
  const workerIds = [...new Set(target.workerIds)];
  return {
    actions: workerIds.map((workerId, i) => ({ name: i === 0 ? 'script' : `script-${i + 1}`, workerId })),
    mode,
    wants: { all: (oneByOne ? workerIds.slice(0, 1) : workerIds).map((id) => ({ kind: 'worker', id })) },
    tools,
    oneByOne,
  };
}

/** A run waits until it is the only one of its kind; its steps ask for machines when their turn comes. */
function planOfRun({ projectId, runbookId, environmentId, tenantId }: RunSpec): Plan {
  const id = [projectId, runbookId, environmentId, tenantId].filter((part) => part !== '').join('/');
  return {
    actions: [],
    mode: 'exclusive',
    wants: { all: [{ kind: 'run', id }] },
    tools: [],
    oneByOne: false,
  };
}
