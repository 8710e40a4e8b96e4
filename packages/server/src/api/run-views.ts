/** Releases and runs to JSON, field by field. */
import type { RunTree } from '../app/ports/run-api.ts';
import type { Interruption } from '../domain/deployment/interruption.ts';
import type { Release, RunRecord } from '../domain/deployment/release.ts';
import type { Task } from '../domain/task.ts';
import type { InterruptionView, ReleaseView, RunTreeView, RunView } from './schemas/runs.ts';

export function releaseView(release: Release): ReleaseView {
  const { id, projectId, version, channel, notes, blocked, createdAt, createdBy } = release;
  return { id, projectId, version, channel, notes, blocked, createdAt, createdBy };
}

/** @param task of the run */
export function runView(run: RunRecord, task: Task): RunView {
  const { taskId, projectId, runbookId, releaseId, environmentId, tenantId, parentId } = run;
  const { name, state, message, startedAt, endedAt, createdBy } = task;
  return {
    ...{ taskId, name, state, message },
    ...{ projectId, runbookId, releaseId, environmentId, tenantId, parentId },
    ...{ ended: run.ended, succeeded: run.succeeded },
    ...{ createdAt: run.createdAt, startedAt, endedAt, createdBy },
  };
}

export function interruptionView(one: Interruption): InterruptionView {
  const { id, taskId, activity, kind, title, instructions, responsible, options } = one;
  const { answer, notes, answeredBy, createdAt, endedAt } = one;
  return {
    ...{ id, taskId, activity, kind, title, instructions, responsible, options },
    ...{ answer, notes, answeredBy, createdAt, endedAt },
  };
}

export function runTreeView({ plan, activities, interruptions }: RunTree): RunTreeView {
  return {
    steps: (plan?.steps ?? []).map(({ name, start, roles, width, targets, actions, left, skipped }) => ({
      ...{ name, start, roles, width, targets, left, skipped },
      actions: actions.map((action) => ({ name: action.name, kind: action.does.kind })),
    })),
    targets: (plan?.targets ?? []).map(({ id, name, roles }) => ({ id, name, roles })),
    activities,
    interruptions: interruptions.map(interruptionView),
  };
}
