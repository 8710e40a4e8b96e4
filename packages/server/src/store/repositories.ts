/** All repositories over one connection, and all migrations that they rest on. */
import type { Tx } from '../app/ports/store.ts';
import { attemptRepository } from './attempts.ts';
import { auditRepository } from './audit.ts';
import type { Migration, Sql } from './db.ts';
import { healthRepository } from './health.ts';
import { leaseRepository } from './leases.ts';
import { migration as trust } from './migrations/0001-trust.ts';
import { migration as machines } from './migrations/0002-machines.ts';
import { migration as work } from './migrations/0003-work.ts';
import { migration as logs } from './migrations/0004-logs.ts';
import { migration as healthChecks } from './migrations/0005-health-checks.ts';
import { migration as fewerWrites } from './migrations/0006-fewer-writes.ts';
import { migration as oneTree } from './migrations/0007-one-tree-a-table.ts';
import { migration as agentPackages } from './migrations/0008-agent-packages.ts';
import { migration as segmentRanges } from './migrations/0010-segment-ranges.ts';
import { migration as disputedTickets } from './migrations/0012-disputed-tickets.ts';
import { migration as operatorsWords } from './migrations/0014-operators-words.ts';
import { migration as resources } from './migrations/0015-resources.ts';
import { migration as deployments } from './migrations/0020-deployments.ts';
import { migration as triggerTimes } from './migrations/0021-trigger-times.ts';
import { migration as targetTokens } from './migrations/0022-target-tokens.ts';
import { migration as publishedSnapshots } from './migrations/0023-published-snapshots.ts';
import { nodeRepository } from './nodes.ts';
import { packageRepository } from './packages.ts';
import { poolRepository } from './pools.ts';
import { resourceRepository } from './resources.ts';
import { runRepository } from './runs.ts';
import { taskRepository } from './tasks.ts';
import { triggerRepository } from './triggers.ts';
import { trustRepositories } from './trust.ts';
import { workerRepository } from './workers.ts';

export const MIGRATIONS: readonly Migration[] = [
  trust,
  machines,
  work,
  logs,
  healthChecks,
  fewerWrites,
  oneTree,
  agentPackages,
  segmentRanges,
  disputedTickets,
  operatorsWords,
  resources,
  deployments,
  triggerTimes,
  targetTokens,
  publishedSnapshots,
];

export function repositories(sql: Sql): Tx {
  return {
    ...trustRepositories(sql),
    pools: poolRepository(sql),
    workers: workerRepository(sql),
    health: healthRepository(sql),
    audit: auditRepository(sql),
    tasks: taskRepository(sql),
    attempts: attemptRepository(sql),
    leases: leaseRepository(sql),
    nodes: nodeRepository(sql),
    packages: packageRepository(sql),
    resources: resourceRepository(sql),
    processRuns: runRepository(sql),
    triggers: triggerRepository(sql),
  };
}
