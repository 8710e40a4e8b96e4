import type { Migration } from '../db.ts';

/**
 * Pools, workers, their health, the audit trail. `name_key` is the name in
 * lower case, made by the program, so that unique names ignore case in the
 * same way on every database.
 */
export const migration: Migration = {
  number: 2,
  name: 'machines',
  statements: [
    `CREATE TABLE pools (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      name TEXT NOT NULL,
      name_key TEXT NOT NULL,
      description TEXT NOT NULL,
      kind TEXT NOT NULL,
      strategy TEXT NOT NULL,
      is_default INTEGER NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE UNIQUE INDEX pools_name ON pools (space_id, name_key)`,
    // At most one default pool a space; that there is at least one is app/machines/pools.ts's word.
    `CREATE UNIQUE INDEX pools_one_default ON pools (space_id) WHERE is_default = 1`,

    `CREATE TABLE workers (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      name TEXT NOT NULL,
      name_key TEXT NOT NULL,
      mode TEXT NOT NULL,
      address TEXT NOT NULL,
      key_fingerprint TEXT NOT NULL,
      labels TEXT NOT NULL,
      slots INTEGER NOT NULL,
      enabled INTEGER NOT NULL,
      draining INTEGER NOT NULL,
      locked TEXT NOT NULL,
      quarantined TEXT NOT NULL,
      revoked INTEGER NOT NULL,
      ephemeral INTEGER NOT NULL,
      version TEXT NOT NULL,
      facts TEXT,
      incarnation TEXT,
      health TEXT NOT NULL,
      health_reason TEXT NOT NULL,
      health_at BIGINT NOT NULL,
      connected_at BIGINT,
      last_seen_at BIGINT,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE UNIQUE INDEX workers_name ON workers (space_id, name_key)`,
    // A certificate names no space.
    `CREATE UNIQUE INDEX workers_id ON workers (id)`,
    `CREATE INDEX workers_mode ON workers (mode)`,

    `CREATE TABLE worker_pools (
      space_id TEXT NOT NULL,
      worker_id TEXT NOT NULL,
      pool_id TEXT NOT NULL,
      PRIMARY KEY (space_id, worker_id, pool_id),
      FOREIGN KEY (space_id, worker_id) REFERENCES workers (space_id, id) ON DELETE CASCADE,
      FOREIGN KEY (space_id, pool_id) REFERENCES pools (space_id, id)
    )`,
    `CREATE INDEX worker_pools_pool ON worker_pools (space_id, pool_id)`,

    `CREATE TABLE health_records (
      space_id TEXT NOT NULL,
      worker_id TEXT NOT NULL,
      n BIGINT NOT NULL,
      time BIGINT NOT NULL,
      state TEXT NOT NULL,
      reason TEXT NOT NULL,
      task_id TEXT NOT NULL
    )`,
    `CREATE INDEX health_records_worker ON health_records (space_id, worker_id, n)`,

    `CREATE TABLE machine_policies (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      name TEXT NOT NULL,
      is_default INTEGER NOT NULL,
      health_check_interval_ms BIGINT NOT NULL,
      health_check_script TEXT NOT NULL,
      health_check_timeout_ms BIGINT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE UNIQUE INDEX machine_policies_one_default ON machine_policies (space_id) WHERE is_default = 1`,

    `CREATE TABLE audit_events (
      space_id TEXT NOT NULL,
      n BIGINT NOT NULL,
      time BIGINT NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      detail TEXT NOT NULL
    )`,
    `CREATE INDEX audit_events_time ON audit_events (space_id, n)`,
  ],
};
