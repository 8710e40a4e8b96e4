import type { Migration } from '../db.ts';

/**
 * What people configure, each as one row whose body is JSON: it is read and
 * written whole. `parent_id` is empty for what has no parent, so that a name
 * is unique by one rule on both stores.
 */
export const migration: Migration = {
  number: 15,
  name: 'resources',
  statements: [
    `CREATE TABLE resources (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      name_key TEXT NOT NULL,
      parent_id TEXT NOT NULL,
      body TEXT NOT NULL,
      version BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      changed_at BIGINT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE UNIQUE INDEX resources_name ON resources (space_id, kind, parent_id, name_key)`,
  ],
};
