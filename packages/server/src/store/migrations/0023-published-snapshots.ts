import type { Migration } from '../db.ts';

/** The snapshot that runs of a runbook take; without a row they take the runbook as it stands. */
export const migration: Migration = {
  number: 23,
  name: 'published snapshots',
  statements: [
    `CREATE TABLE published_snapshots (
      space_id TEXT NOT NULL,
      runbook_id TEXT NOT NULL,
      snapshot_id TEXT NOT NULL,
      published_at BIGINT NOT NULL,
      published_by TEXT NOT NULL,
      PRIMARY KEY (space_id, runbook_id)
    )`,
  ],
};
