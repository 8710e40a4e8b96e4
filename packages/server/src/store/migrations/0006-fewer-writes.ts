import type { Migration } from '../db.ts';

/**
 * A task's life writes fewer pages. The counters that granting uses stand in
 * the one row under which it is locked; an index that another one or a key can
 * stand in for is gone, for each costs a write with every task.
 */
export const migration: Migration = {
  number: 6,
  name: 'fewer-writes',
  statements: [
    `ALTER TABLE lease_books ADD COLUMN ticket BIGINT NOT NULL DEFAULT 0`,
    `ALTER TABLE lease_books ADD COLUMN fence BIGINT NOT NULL DEFAULT 0`,
    `UPDATE lease_books SET ticket = (SELECT MAX(n) FROM counters),
       fence = (SELECT COALESCE(MAX(n), 0) FROM fences f WHERE f.space_id = lease_books.space_id)`,
    `DROP TABLE counters`,
    `DROP TABLE fences`,

    // What is under way is found by tasks_under_way.
    `DROP INDEX tasks_state`,
    `CREATE INDEX tasks_ended ON tasks (space_id, state, id) WHERE ended = 1`,
    // By the key, with each space that has a book.
    `DROP INDEX attempts_id`,
    // By leases_resource: an attempt has a lease on its worker.
    `DROP INDEX attempts_worker`,
    // By attempts_try: a lease is a task's.
    `DROP INDEX attempts_lease`,
    // By leases_held, or by its attempts' rows.
    `DROP INDEX leases_task`,
  ],
};
