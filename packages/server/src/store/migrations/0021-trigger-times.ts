import type { Migration } from '../db.ts';

/** Up to when the due times of each trigger are dealt with, and what came of the last ones. */
export const migration: Migration = {
  number: 21,
  name: 'trigger times',
  statements: [
    `CREATE TABLE trigger_times (
      space_id TEXT NOT NULL,
      project_id TEXT NOT NULL,
      name TEXT NOT NULL,
      schedule TEXT NOT NULL,
      due_at BIGINT NOT NULL,
      last_run TEXT,
      last_failure TEXT,
      last_idle TEXT,
      PRIMARY KEY (space_id, project_id, name)
    )`,
  ],
};
