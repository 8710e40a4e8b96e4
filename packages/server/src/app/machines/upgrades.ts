/** Upgrades of workers' agents, as operators ask for them: each is a task, which does one worker at a time. */
import { AppError, type Clock } from '@longshore/base';

import type { ScriptSpec } from '../../domain/script.ts';
import { packageFor, upgradeBar } from '../../domain/upgrade.ts';
import type { Worker } from '../../domain/worker.ts';
import { SCRIPT_GRACE_MS, UPGRADE_LONGEST_MS } from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import { poolNamed, workerNamed } from '../kernel/names.ts';
import type { AgentDirectory } from '../ports/agents.ts';
import type { Caller } from '../ports/caller.ts';
import type { Tasks, TaskView } from '../ports/core-api.ts';
import type { AgentPackage } from '../ports/packages.ts';
import type { Store } from '../ports/store.ts';

export interface UpgradeRequest {
  /** Names or ids; either these or a pool. */
  workers?: string[] | undefined;
  pool?: string | undefined;
  /** None: that of the package that was added last. */
  version?: string | undefined;
  confirmWithinMs?: number | undefined;
}

export interface Upgrades {
  /**
   * Of a pool, those that run the version already are left out.
   *
   * @throws AppError `notFound`, or `conflict` that says for each worker why it can't be upgraded
   */
  start(by: Caller, request: UpgradeRequest): Promise<TaskView>;
}

export interface UpgradesParts {
  store: Store;
  clock: Clock;
  agents: AgentDirectory;
  tasks: Pick<Tasks, 'submit'>;
}

export function createUpgrades({ store, clock, agents, tasks }: UpgradesParts): Upgrades {
  return {
    async start(by, request) {
      const { packages, workers } = await store.read(async (tx) => ({
        packages: await tx.packages.list(by.spaceId),
        workers:
          request.pool === undefined
            ? await Promise.all((request.workers ?? []).map((name) => workerNamed(tx, by.spaceId, name)))
            : await tx.workers.list(by.spaceId, {
                poolId: (await poolNamed(tx, by.spaceId, request.pool)).id,
              }),
      }));
      const version = versionAsked(packages, request.version);
      const chosen = [...new Map(workers.map((worker) => [worker.id, worker])).values()].sort(byName);
      const behind =
        request.pool === undefined ? chosen : chosen.filter((worker) => worker.version !== version);
      if (behind.length === 0)
        throw new AppError(
          'conflict',
          `Every worker asked for runs version ${version} already, or there is none`,
        );
      refuseBarred(behind, { version, packages, agents });
      const task = await tasks.submit(by.spaceId, {
        kind: 'upgrade',
        name: `Upgrade to ${version}`,
        spec: {
          target: { kind: 'workers', workerIds: behind.map(({ id }) => id) },
          script: NO_SCRIPT,
          leaseMode: 'shared',
          tools: [],
          upgrade: {
            version,
            packages: packagesOf(behind, packages, version),
            confirmWithinMs: request.confirmWithinMs ?? 0,
          },
        },
        timeoutMs: 0,
        createdBy: by.actor,
      });
      await store.write((tx) =>
        record(
          tx,
          { ...by, clock },
          {
            action: 'worker.upgrade',
            subject: task.id,
            detail: { version, workers: behind.map(({ name }) => name) },
          },
        ),
      );
      return task;
    },
  };
}

/** The agent knows what to run for it. */
const NO_SCRIPT: ScriptSpec = {
  interpreter: 'sh',
  body: '',
  arguments: [],
  environment: {},
  variables: [],
  files: [],
  timeoutMs: UPGRADE_LONGEST_MS,
  graceMs: SCRIPT_GRACE_MS,
  isolation: null,
  terminal: null,
  runAs: '',
  maxProcesses: 0,
  outputQuotaBytes: 0,
};

function versionAsked(packages: readonly AgentPackage[], asked: string | undefined): string {
  const version = asked ?? packages[0]?.version;
  if (version === undefined)
    throw new AppError('notFound', 'There is no agent package: "longshore agent-package add FILE" adds one');
  if (packages.some((one) => one.version === version)) return version;
  const known = [...new Set(packages.map((one) => one.version))];
  const those = known.length === 0 ? 'there is none' : `there are: ${known.join(', ')}`;
  throw new AppError('notFound', `There is no agent package of version "${version}"; ${those}`);
}

function refuseBarred(
  workers: readonly Worker[],
  {
    version,
    packages,
    agents,
  }: { version: string; packages: readonly AgentPackage[]; agents: AgentDirectory },
): void {
  const barred = workers.flatMap((worker) => {
    const session = agents.session(worker.id);
    const capable = session?.can('upgrade') ?? false;
    const why = upgradeBar(worker, { version, packages, connected: session !== undefined, capable });
    return why === '' ? [] : [{ worker: worker.name, why }];
  });
  if (barred.length === 0) return;
  const told = barred.map(({ worker, why }) => `worker "${worker}": ${why}`).join('; ');
  throw new AppError('conflict', `Nothing was upgraded, for not all of it can be. ${told}`, {
    detail: { barred },
  });
}

function packagesOf(
  workers: readonly Worker[],
  packages: readonly AgentPackage[],
  version: string,
): Record<string, { digest: string; length: number }> {
  return Object.fromEntries(
    workers.flatMap((worker) => {
      const found = packageFor(packages, worker, version);
      return found === undefined ? [] : [[worker.id, { digest: found.digest, length: found.length }]];
    }),
  );
}

function byName(a: Worker, b: Worker): number {
  return a.name < b.name ? -1 : 1;
}
