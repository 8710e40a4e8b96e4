/**
 * Workers' health: the machine policy, checks as tasks of kind `health`, and
 * what they found. A check's task is concluded by the node that asked for it,
 * or taken over at its next start.
 */
import { AppError, toError, type Clock, type Logger } from '@longshore/base';

import { judgeCheck, type CheckResult, type Finding } from '../../domain/health.ts';
import { scriptOf, type Task, type TaskState } from '../../domain/task.ts';
import type { Worker } from '../../domain/worker.ts';
import { HEALTH_TEXT_BYTES } from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import { workerNamed } from '../kernel/names.ts';
import type { AgentDirectory } from '../ports/agents.ts';
import type { AttemptEventRecord } from '../ports/attempts.ts';
import type { Caller } from '../ports/caller.ts';
import type { Tasks, TaskView } from '../ports/core-api.ts';
import type { HealthRecord, MachinePolicy } from '../ports/machines.ts';
import type { OutputText } from '../ports/output-text.ts';
import type { Store, Tx } from '../ports/store.ts';
import { recordHealth } from './health-record.ts';
import { healthScript } from './health-script.ts';

export interface PolicyChange {
  healthCheckIntervalMs?: number | undefined;
  healthCheckScript?: string | undefined;
  healthCheckTimeoutMs?: number | undefined;
}

export interface Health {
  /** Checks now, beside what runs. */
  check(by: Caller, nameOrId: string): Promise<TaskView>;
  /** Newest first. */
  history(
    spaceId: string,
    nameOrId: string,
    limit: number,
  ): Promise<{ worker: Worker; history: HealthRecord[] }>;
  policy(spaceId: string): Promise<MachinePolicy>;
  changePolicy(by: Caller, change: PolicyChange): Promise<MachinePolicy>;
  /** Takes up the checks that were under way when the server stopped. */
  resume(spaceId: string): Promise<void>;
  /** Workers of which a check is under way, on this node's account. */
  underWay(): ReadonlySet<string>;
}

export interface HealthParts {
  store: Store;
  clock: Clock;
  logger: Logger;
  agents: AgentDirectory;
  tasks: Pick<Tasks, 'submit' | 'ended' | 'attempts' | 'events'>;
  outputText: OutputText;
}

const UNFINISHED: readonly TaskState[] = ['queued', 'executing', 'waiting', 'cancelling'];
/** Checks that a restart takes up; more than there can be under way. */
const RESUMED_CHECKS = 1000;

export function createHealth(parts: HealthParts): Health {
  const { store, clock, tasks, logger } = parts;
  const underWay = new Set<string>();

  const conclude = (task: Task, workerId: string): void => {
    underWay.add(workerId);
    tasks
      .ended(task.spaceId, task.id)
      .then((ended) => concludeCheck(parts, ended, workerId))
      .catch((thrown: unknown) => {
        logger.warn('a health check could not be concluded', {
          taskId: task.id,
          workerId,
          error: toError(thrown),
        });
      })
      .finally(() => underWay.delete(workerId))
      .catch(() => undefined);
  };

  return {
    async check(by, nameOrId) {
      const { worker, policy } = await store.read(async (tx) => ({
        worker: await workerNamed(tx, by.spaceId, nameOrId),
        policy: await defaultPolicy(tx, by.spaceId),
      }));
      const task = await tasks.submit(by.spaceId, {
        kind: 'health',
        name: `Health of ${worker.name}`,
        spec: {
          target: { kind: 'workers', workerIds: [worker.id] },
          script: healthScript(policy, worker),
          leaseMode: 'shared',
          tools: [],
        },
        timeoutMs: policy.healthCheckTimeoutMs,
        createdBy: by.actor,
      });
      conclude(task, worker.id);
      return task;
    },
    history: (spaceId, nameOrId, limit) =>
      store.read(async (tx) => {
        const worker = await workerNamed(tx, spaceId, nameOrId);
        return { worker, history: await tx.health.history(spaceId, worker.id, limit) };
      }),
    policy: (spaceId) => store.read((tx) => defaultPolicy(tx, spaceId)),
    changePolicy: (by, change) =>
      store.write(async (tx) => {
        const policy = await defaultPolicy(tx, by.spaceId);
        const changed: MachinePolicy = {
          ...policy,
          healthCheckIntervalMs: change.healthCheckIntervalMs ?? policy.healthCheckIntervalMs,
          healthCheckScript: change.healthCheckScript ?? policy.healthCheckScript,
          healthCheckTimeoutMs: change.healthCheckTimeoutMs ?? policy.healthCheckTimeoutMs,
        };
        await tx.health.putPolicy(changed);
        await record(
          tx,
          { ...by, clock },
          {
            action: 'policy.changed',
            subject: policy.id,
            detail: { fields: Object.keys(change) },
          },
        );
        return changed;
      }),
    async resume(spaceId) {
      const open = await store.read((tx) =>
        tx.tasks.list(spaceId, { kind: 'health', states: UNFINISHED, limit: RESUMED_CHECKS }),
      );
      for (const task of open) {
        const target = scriptOf(task)?.target;
        const workerId = target?.kind === 'workers' ? target.workerIds[0] : undefined;
        if (workerId !== undefined) conclude(task, workerId);
      }
    },
    underWay: () => underWay,
  };
}

async function defaultPolicy(tx: Tx, spaceId: string): Promise<MachinePolicy> {
  const policy = (await tx.health.policies(spaceId)).find((candidate) => candidate.isDefault);
  if (policy === undefined) throw new AppError('bug', `space "${spaceId}" has no default machine policy`);
  return policy;
}

async function concludeCheck(parts: HealthParts, task: Task, workerId: string): Promise<void> {
  const { store } = parts;
  const finding = await findingOf(parts, task, workerId);
  if (finding === null) return;
  await store.write(async (tx) => {
    const worker = await tx.workers.get(task.spaceId, workerId);
    if (worker === undefined) return;
    await recordHealth(tx, parts, { worker, finding, taskId: task.id });
  });
}

async function findingOf(parts: HealthParts, task: Task, workerId: string): Promise<Finding | null> {
  const attempts = await parts.tasks.attempts(task.spaceId, task.id);
  const attempt = attempts.filter((candidate) => candidate.state !== 'denied').at(-1);
  if (attempt === undefined) {
    // It never came to run: that says nothing, unless nobody is there to run it.
    if (task.state === 'cancelled' || parts.agents.session(workerId) !== undefined) return null;
    return {
      state: 'unavailable',
      reason: task.message === '' ? 'No connection with its agent' : task.message,
    };
  }
  const text = async (stream: 'stdout' | 'stderr', from: number, to: number): Promise<string[]> =>
    parts.outputText(attempt.id, { stream, from, to, limitBytes: HEALTH_TEXT_BYTES });
  const events = await parts.tasks.events(task.spaceId, attempt.id, 0);
  const result: CheckResult = {
    // The time-out of the task may come before that of its script, which is as long.
    outcome:
      task.state === 'timedOut' && attempt.outcome?.kind === 'cancelled'
        ? { kind: 'timedOut' }
        : attempt.outcome,
    message: attempt.report?.message ?? '',
    warnings: [
      ...(await text('stderr', 0, Number.POSITIVE_INFINITY)),
      ...(await saidAt('warning', events, text)),
    ],
    errors: await saidAt('error', events, text),
  };
  return judgeCheck(result);
}

/** What standard output said while its level was `level`, and notes of that level. */
async function saidAt(
  level: 'warning' | 'error',
  events: readonly AttemptEventRecord[],
  text: (stream: 'stdout', from: number, to: number) => Promise<string[]>,
): Promise<string[]> {
  const said: string[] = [];
  const changes = events.filter((event) => event.kind === 'levelChanged' && event.stream === 'stdout');
  for (const [i, event] of changes.entries()) {
    if (event.kind !== 'levelChanged' || event.level !== level) continue;
    said.push(
      ...(await text('stdout', event.atOffset, changes[i + 1]?.atOffset ?? Number.POSITIVE_INFINITY)),
    );
  }
  for (const event of events) if (event.kind === 'note' && event.level === level) said.push(event.text);
  return said;
}
