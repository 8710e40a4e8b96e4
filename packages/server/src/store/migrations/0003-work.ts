import type { Migration } from '../db.ts';

/**
 * Tasks, attempts, leases, nodes. What is under way stands in small partial
 * indexes, so that no query on the main path grows with what is kept.
 */
export const migration: Migration = {
  number: 3,
  name: 'work',
  statements: [
    `CREATE TABLE nodes (
      id TEXT NOT NULL PRIMARY KEY,
      epoch BIGINT NOT NULL,
      beat BIGINT NOT NULL,
      agent_address TEXT NOT NULL,
      version TEXT NOT NULL,
      draining INTEGER NOT NULL,
      started_at BIGINT NOT NULL,
      live INTEGER NOT NULL
    )`,
    // Which node holds a session with which worker.
    `CREATE TABLE node_sessions (
      node_id TEXT NOT NULL,
      worker_id TEXT NOT NULL,
      PRIMARY KEY (node_id, worker_id)
    )`,

    `CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)`,
    `INSERT INTO counters (name, n) VALUES ('ticket', 0)`,

    `CREATE TABLE tasks (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      state TEXT NOT NULL,
      ended INTEGER NOT NULL,
      spec TEXT NOT NULL,
      pool_id TEXT,
      ticket BIGINT NOT NULL,
      node_id TEXT,
      epoch BIGINT NOT NULL,
      fence_generation BIGINT NOT NULL,
      fence_n BIGINT NOT NULL,
      wait_reason TEXT NOT NULL,
      timeout_ms BIGINT NOT NULL,
      cancel_requested_at BIGINT,
      message TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      started_at BIGINT,
      ended_at BIGINT,
      created_by TEXT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE INDEX tasks_under_way ON tasks (node_id, ticket) WHERE ended = 0`,
    `CREATE INDEX tasks_state ON tasks (space_id, state, id)`,
    `CREATE INDEX tasks_pool ON tasks (space_id, pool_id, id)`,
    `CREATE TABLE task_log (
      space_id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      n INTEGER NOT NULL,
      time BIGINT NOT NULL,
      level TEXT NOT NULL,
      text TEXT NOT NULL,
      attempt_id TEXT NOT NULL,
      PRIMARY KEY (space_id, task_id, n)
    )`,

    `CREATE TABLE attempts (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      action TEXT NOT NULL,
      worker_id TEXT NOT NULL,
      try INTEGER NOT NULL,
      lease_id TEXT NOT NULL,
      fence_generation BIGINT NOT NULL,
      fence_n BIGINT NOT NULL,
      state TEXT NOT NULL,
      incarnation TEXT,
      output_length BIGINT NOT NULL,
      event_count BIGINT NOT NULL,
      verified_length BIGINT NOT NULL,
      segment_digests TEXT NOT NULL,
      outcome TEXT,
      report TEXT,
      complete INTEGER NOT NULL,
      created_at BIGINT NOT NULL,
      started_at BIGINT,
      ended_at BIGINT,
      PRIMARY KEY (space_id, id)
    )`,
    // An agent names no space.
    `CREATE UNIQUE INDEX attempts_id ON attempts (id)`,
    // One try of one action on one machine has one id: decided by the database.
    `CREATE UNIQUE INDEX attempts_try ON attempts (space_id, task_id, action, worker_id, try)`,
    `CREATE INDEX attempts_open ON attempts (worker_id) WHERE complete = 0`,
    `CREATE INDEX attempts_worker ON attempts (space_id, worker_id, task_id)`,
    `CREATE INDEX attempts_lease ON attempts (lease_id)`,
    `CREATE TABLE attempt_events (
      space_id TEXT NOT NULL,
      attempt_id TEXT NOT NULL,
      n BIGINT NOT NULL,
      at_offset BIGINT NOT NULL,
      time BIGINT NOT NULL,
      kind TEXT NOT NULL,
      body TEXT NOT NULL,
      PRIMARY KEY (space_id, attempt_id, n)
    )`,
    `CREATE TABLE artifacts (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      attempt_id TEXT NOT NULL,
      idx INTEGER NOT NULL,
      name TEXT NOT NULL,
      length BIGINT NOT NULL,
      digest TEXT NOT NULL,
      error TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE INDEX artifacts_task ON artifacts (space_id, task_id, attempt_id, idx)`,

    // Of leases and queue of a space: its row is the lock of granting.
    `CREATE TABLE lease_books (space_id TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)`,
    `CREATE TABLE leases (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      resource_kind TEXT NOT NULL,
      resource_id TEXT NOT NULL,
      mode TEXT NOT NULL,
      task_id TEXT NOT NULL,
      holder_kind TEXT NOT NULL,
      holder_id TEXT NOT NULL,
      node_id TEXT NOT NULL,
      epoch BIGINT NOT NULL,
      fence_generation BIGINT NOT NULL,
      fence_n BIGINT NOT NULL,
      reason TEXT NOT NULL,
      granted_at BIGINT NOT NULL,
      orphaned_at BIGINT,
      released_at BIGINT,
      release_reason TEXT,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE INDEX leases_held ON leases (space_id, resource_id) WHERE released_at IS NULL`,
    `CREATE INDEX leases_task ON leases (space_id, task_id)`,
    `CREATE INDEX leases_resource ON leases (space_id, resource_id, id)`,
    `CREATE TABLE lease_requests (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      ticket BIGINT NOT NULL,
      task_id TEXT NOT NULL,
      holder_kind TEXT NOT NULL,
      holder_id TEXT NOT NULL,
      mode TEXT NOT NULL,
      pool_id TEXT,
      wanted TEXT,
      barrier TEXT,
      tools TEXT NOT NULL,
      exclude TEXT NOT NULL,
      node_id TEXT,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE INDEX lease_requests_ticket ON lease_requests (space_id, ticket, id)`,
    `CREATE TABLE fences (
      space_id TEXT NOT NULL,
      resource_id TEXT NOT NULL,
      n BIGINT NOT NULL,
      PRIMARY KEY (space_id, resource_id)
    )`,
  ],
};
