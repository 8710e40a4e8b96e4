import type { Migration } from '../db.ts';

/** What identity rests on. Secrets stand here only as hashes, or sealed by the master key. */
export const migration: Migration = {
  number: 1,
  name: 'trust',
  statements: [
    // One row: the first of several nodes that start at once makes it.
    `CREATE TABLE authority (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      certificate_pem TEXT NOT NULL,
      sealed_key TEXT NOT NULL,
      created_at BIGINT NOT NULL
    )`,

    `CREATE TABLE tokens (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      secret_hash TEXT NOT NULL,
      pool_ids TEXT NOT NULL,
      description TEXT NOT NULL,
      created_by TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL,
      used_at BIGINT,
      used_by TEXT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    // A token text names no space: its id is unique over all.
    `CREATE UNIQUE INDEX tokens_id ON tokens (id)`,

    `CREATE TABLE api_keys (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      name TEXT NOT NULL,
      secret_hash TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      last_used_at BIGINT,
      revoked_at BIGINT,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE UNIQUE INDEX api_keys_secret ON api_keys (secret_hash)`,

    // The ticket that an agent shows at its next session with a node.
    `CREATE TABLE tickets (
      agent_id TEXT NOT NULL,
      node_id TEXT NOT NULL,
      confirmed TEXT NOT NULL,
      pending TEXT NOT NULL,
      PRIMARY KEY (agent_id, node_id)
    )`,
  ],
};
