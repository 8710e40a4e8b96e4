import type { Migration } from '../db.ts';

/**
 * Versions of the agent that this server can give to its workers. They are
 * few, and some hundred KB each, so their bytes stand here on both stores:
 * added and deleted with their row, and in every backup.
 */
export const migration: Migration = {
  number: 8,
  name: 'agent-packages',
  statements: [
    `CREATE TABLE agent_packages (
      space_id TEXT NOT NULL,
      id TEXT NOT NULL,
      version TEXT NOT NULL,
      os TEXT NOT NULL,
      arch TEXT NOT NULL,
      min_node TEXT NOT NULL,
      digest TEXT NOT NULL,
      length BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      created_by TEXT NOT NULL,
      PRIMARY KEY (space_id, id)
    )`,
    `CREATE UNIQUE INDEX agent_packages_kind ON agent_packages (space_id, version, os, arch)`,
    `CREATE TABLE agent_package_chunks (
      digest TEXT NOT NULL,
      start_offset BIGINT NOT NULL,
      bytes BYTEA NOT NULL,
      PRIMARY KEY (digest, start_offset)
    )`,
  ],
};
