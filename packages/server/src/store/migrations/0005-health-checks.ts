import type { Migration } from '../db.ts';

/** When the schedule last asked for a check of a worker: the nodes' claim on the next one. */
export const migration: Migration = {
  number: 5,
  name: 'health-checks',
  statements: [
    `CREATE TABLE health_checks (
      space_id TEXT NOT NULL,
      worker_id TEXT NOT NULL,
      asked_at BIGINT NOT NULL,
      PRIMARY KEY (space_id, worker_id)
    )`,
  ],
};
