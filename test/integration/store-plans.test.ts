/**
 * What a task's life and its views cost does not grow with what is kept: no
 * query of theirs reads a table, or a whole space of it, in SQLite. Its plans
 * rest on statistics that a migration writes, so that they are the same on an
 * empty store and on a full one.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { silentLogger } from '@longshore/base';
import type { Tx } from '@longshore/server/app/ports/store';
import type { Database, Sql, SqlValue } from '@longshore/server/store/db';
import { migrate } from '@longshore/server/store/migrate';
import { MIGRATIONS, repositories } from '@longshore/server/store/repositories';

import { openStage, type StoreStage } from '../support/store.ts';

const SPACE = 'default';
const page = { limit: 50 };

/** What is under way stands in these alone, and is few. */
const FEW = /\b(tasks_under_way|leases_held|attempts_open)\b/;
const EVERYTHING = /^SCAN |\(space_id=\?\)/;

const queries: Record<string, (tx: Tx) => Promise<unknown>> = {
  'a task': (tx) => tx.tasks.get(SPACE, 'x'),
  'the newest tasks of a state that ended': (tx) => tx.tasks.list(SPACE, { ...page, states: ['failed'] }),
  'the tasks under way': (tx) => tx.tasks.list(SPACE, { ...page, states: ['executing'] }),
  'the newest tasks of a pool': (tx) => tx.tasks.list(SPACE, { ...page, poolId: 'x' }),
  'the newest tasks of a worker': (tx) => tx.tasks.list(SPACE, { ...page, workerId: 'x' }),
  "a node's tasks": (tx) => tx.tasks.ownedBy('x'),
  'the owners of tasks': (tx) => tx.tasks.owners(),
  'wishes to cancel': (tx) => tx.tasks.askedToCancel('x'),
  'counts by state': (tx) => tx.tasks.countByState(),
  "a task's log": (tx) => tx.tasks.log(SPACE, 'x', 0, 100),
  'an attempt': (tx) => tx.attempts.get(SPACE, 'x'),
  'an attempt by its id alone': (tx) => tx.attempts.find('x'),
  "a task's attempts": (tx) => tx.attempts.ofTask(SPACE, 'x'),
  'what is open on a worker': (tx) => tx.attempts.openOnWorker('x'),
  "an operator's words on a task": (tx) => tx.attempts.words(SPACE, 'x'),
  "an attempt's events": (tx) => tx.attempts.events(SPACE, 'x', 0),
  "a task's artifacts": (tx) => tx.attempts.artifacts(SPACE, 'x'),
  'a lease': (tx) => tx.leases.get(SPACE, 'x'),
  'the leases that are held': (tx) => tx.leases.held(SPACE),
  "a task's leases": (tx) => tx.leases.ofTask(SPACE, 'x'),
  'leases of tasks that have ended': (tx) => tx.leases.ofEndedTasks(10),
  "a task's past leases": (tx) => tx.leases.history(SPACE, { ...page, taskId: 'x' }),
  "a worker's past leases": (tx) => tx.leases.history(SPACE, { ...page, resourceId: 'x' }),
};

describe('query plans', () => {
  let stage: StoreStage;
  let database: Database;

  beforeAll(async () => {
    stage = await openStage('sqlite');
    database = await stage.open('node-a');
    await migrate(database, MIGRATIONS, { logger: silentLogger, now: () => 0 });
  });

  afterAll(async () => {
    await stage.close();
  });

  test.each(Object.entries(queries))('%s', async (_what, query) => {
    const plan = await database.read((sql) => planOf(sql, query));
    expect(plan).not.toHaveLength(0);
    expect(plan.filter((step) => EVERYTHING.test(step) && !FEW.test(step))).toEqual([]);
  });
});

async function planOf(sql: Sql, query: (tx: Tx) => Promise<unknown>): Promise<string[]> {
  const steps: string[] = [];
  const explain = async (text: string, params: SqlValue[]): Promise<void> => {
    const rows = await sql.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, ...params);
    steps.push(...rows.map(({ detail }) => detail));
  };
  const explained: Sql = {
    dialect: sql.dialect,
    skipLocked: sql.skipLocked,
    forUpdate: sql.forUpdate,
    async all(text, ...params) {
      await explain(text, params);
      return [];
    },
    async get(text, ...params) {
      await explain(text, params);
      return undefined;
    },
    async run(text, ...params) {
      await explain(text, params);
      return 0;
    },
  };
  await query(repositories(explained));
  return steps;
}
