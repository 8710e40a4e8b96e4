import type { Migration } from '../db.ts';

/** Output and artifacts where several nodes share the store; the embedded server keeps them in files. */
export const migration: Migration = {
  number: 4,
  name: 'logs',
  only: 'postgres',
  statements: [
    // Whole records at their offset in the spool; the key serves every read.
    `CREATE TABLE log_chunks (
      attempt_id TEXT NOT NULL,
      start_offset BIGINT NOT NULL,
      end_offset BIGINT NOT NULL,
      bytes BYTEA NOT NULL,
      PRIMARY KEY (attempt_id, start_offset)
    )`,
    `CREATE TABLE artifact_chunks (
      artifact_id TEXT NOT NULL,
      start_offset BIGINT NOT NULL,
      bytes BYTEA NOT NULL,
      PRIMARY KEY (artifact_id, start_offset)
    )`,
    // They are compressed by nobody: output is written once and read seldom.
    `ALTER TABLE log_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL`,
    `ALTER TABLE artifact_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL`,
  ],
};
