import type { Migration } from '../db.ts';

/**
 * That attempts did not run, on an operator's word that another node took than
 * the one that owns the task. The owner takes it up, and removes it.
 */
export const migration: Migration = {
  number: 14,
  name: 'operators-words',
  statements: [
    `CREATE TABLE operators_words (
      space_id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      attempt_id TEXT NOT NULL,
      said_by TEXT NOT NULL,
      PRIMARY KEY (space_id, task_id, attempt_id)
    )`,
  ],
};
