/** A place for databases of one kind: a directory, or a database on a real PostgreSQL. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { silentLogger } from '@longshore/base';
import type { Store } from '@longshore/server/app/ports/store';
import type { Database } from '@longshore/server/store/db';
import { migrate } from '@longshore/server/store/migrate';
import { openPostgres } from '@longshore/server/store/postgres';
import { MIGRATIONS, repositories } from '@longshore/server/store/repositories';
import { openSqlite } from '@longshore/server/store/sqlite';
import { createStore } from '@longshore/server/store/store';

import { createPostgresDatabase } from './postgres.ts';

export const DIALECTS = ['sqlite', 'postgres'] as const;
export type Dialect = (typeof DIALECTS)[number];

export interface StoreStage {
  /** A node's connection to the same database; in SQLite there is one, which all get. */
  open(nodeId: string): Promise<Database>;
  /** As `open`, migrated and with its repositories. */
  openStore(nodeId: string): Promise<Store>;
  /** Closes what was opened, and removes it. */
  close(): Promise<void>;
}

export async function openStage(dialect: Dialect): Promise<StoreStage> {
  const opened: Database[] = [];
  const place = dialect === 'sqlite' ? await sqlitePlace() : await postgresPlace();
  const open = async (nodeId: string): Promise<Database> => {
    const known = dialect === 'sqlite' ? opened[0] : undefined;
    const database = known ?? (await place.connect(nodeId));
    if (known === undefined) opened.push(database);
    return database;
  };
  return {
    open,
    async openStore(nodeId) {
      const database = await open(nodeId);
      await migrate(database, MIGRATIONS, { logger: silentLogger, now: () => Date.now() });
      return createStore(database, repositories);
    },
    async close() {
      for (const database of opened) await database.close();
      await place.remove();
    },
  };
}

interface Place {
  connect(nodeId: string): Promise<Database>;
  remove(): Promise<void>;
}

async function sqlitePlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-store-'));
  return {
    connect: () =>
      openSqlite({
        path: join(directory, 'longshore.db'),
        logger: silentLogger,
        events: {
          failed(error) {
            throw error;
          },
        },
      }),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

async function postgresPlace(): Promise<Place> {
  const database = await createPostgresDatabase();
  return {
    connect: (nodeId) => openPostgres({ url: database.url, logger: silentLogger, nodeId }),
    remove: () => database.drop(),
  };
}
