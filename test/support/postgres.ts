/**
 * Databases on a real PostgreSQL: one server a test file, which the first test
 * that needs it starts and the last one that drops its database stops.
 */
import { randomUUID } from 'node:crypto';

import pg from 'pg';

import { startPostgres, type PostgresServer } from './postgres-server.ts';

export interface TestDatabase {
  url: string;
  /** Ends all connections to it and drops it. */
  drop(): Promise<void>;
}

let server: Promise<PostgresServer> | undefined;
let users = 0;

export async function createPostgresDatabase(): Promise<TestDatabase> {
  users += 1;
  const running = await (server ??= startPostgres());
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(running, `CREATE DATABASE ${name}`);
  return {
    url: running.url(name),
    async drop() {
      await asAdmin(running, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      users -= 1;
      if (users > 0) return;
      server = undefined;
      await running.stop();
    },
  };
}

async function asAdmin(running: PostgresServer, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: running.url('postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
