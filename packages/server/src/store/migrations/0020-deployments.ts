import type { Migration } from '../db.ts';

/**
 * Releases and runbook snapshots, the runs of them (each is a task), and what
 * a run is made of: its plan, its activities, its interruptions.
 */
export const migration: Migration = {
  number: 20,
  name: 'deployments',
  statements: [
    // A process with its variables as they stood; nothing changes it later.
    `CREATE TABLE snapshots (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      project_id TEXT NOT NULL,
      runbook_id TEXT NOT NULL,
      body TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE TABLE releases (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      project_id TEXT NOT NULL,
      version TEXT NOT NULL,
      version_key TEXT NOT NULL,
      channel TEXT NOT NULL,
      snapshot_id TEXT NOT NULL,
      notes TEXT NOT NULL,
      blocked TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      created_by TEXT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE UNIQUE INDEX releases_version ON releases (space_id, project_id, version_key)`,
    // A run of a release (a deployment) or of a runbook: the task's own row says how it stands.
    `CREATE TABLE runs (
      space_id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      project_id TEXT NOT NULL,
      runbook_id TEXT NOT NULL,
      release_id TEXT NOT NULL,
      environment_id TEXT NOT NULL,
      tenant_id TEXT NOT NULL,
      parent_id TEXT NOT NULL,
      ended INTEGER NOT NULL,
      succeeded INTEGER NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (space_id, task_id)
    )`,
    `CREATE INDEX runs_release ON runs (space_id, release_id, environment_id, tenant_id)`,
    `CREATE INDEX runs_project ON runs (space_id, project_id, environment_id, tenant_id, task_id)`,
    `CREATE INDEX runs_parent ON runs (space_id, parent_id) WHERE parent_id <> ''`,
    `CREATE TABLE plans (
      space_id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      body TEXT NOT NULL,
      PRIMARY KEY (space_id, task_id)
    )`,
    `CREATE TABLE activities (
      space_id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      key TEXT NOT NULL,
      name TEXT NOT NULL,
      state TEXT NOT NULL,
      message TEXT NOT NULL,
      tries INTEGER NOT NULL,
      next_try_at BIGINT,
      waits_for TEXT,
      started_at BIGINT,
      ended_at BIGINT,
      PRIMARY KEY (space_id, task_id, key)
    )`,
    `CREATE TABLE interruptions (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      activity TEXT NOT NULL,
      kind TEXT NOT NULL,
      title TEXT NOT NULL,
      instructions TEXT NOT NULL,
      responsible TEXT NOT NULL,
      options TEXT NOT NULL,
      answer TEXT NOT NULL,
      notes TEXT NOT NULL,
      answered_by TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      ended_at BIGINT,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE INDEX interruptions_task ON interruptions (space_id, task_id, id)`,
    `CREATE INDEX interruptions_open ON interruptions (space_id, id) WHERE ended_at IS NULL`,
    // What an attempt of a run was told to do, sensitive values sealed: until it is complete.
    `CREATE TABLE attempt_scripts (
      space_id TEXT NOT NULL,
      attempt_id TEXT NOT NULL,
      script TEXT NOT NULL,
      PRIMARY KEY (space_id, attempt_id)
    )`,
    // 0: moved to the top; 1: prioritised; 2: all others.
    `ALTER TABLE lease_requests ADD COLUMN priority INTEGER NOT NULL DEFAULT 2`,
    `ALTER TABLE lease_requests ADD COLUMN not_before BIGINT`,
    `ALTER TABLE lease_requests ADD COLUMN expires_at BIGINT`,
    // The node of a run's tree that an entry is about; empty: the task as a whole.
    `ALTER TABLE task_log ADD COLUMN activity TEXT NOT NULL DEFAULT ''`,
  ],
};
