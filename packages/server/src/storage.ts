/** Opens what a node keeps its state in: the database, the logs, the sealer; over SQLite and files, or over PostgreSQL. */
import { keepClockSteps, systemClock, type Ids, type Logger, type Scope } from '@longshore/base';

import type { LogStore } from './app/ports/log-store.ts';
import type { Sealer } from './app/ports/sealer.ts';
import type { Store } from './app/ports/store.ts';
import type { ServerConfig } from './config.ts';
import { DataDirectory } from './data-directory.ts';
import { openMasterKey } from './master-key.ts';
import type { Database } from './store/db.ts';
import type { GroupSyncEvents } from './store/durability.ts';
import { migrate } from './store/migrate.ts';
import { MIGRATIONS, repositories } from './store/repositories.ts';
import { checkMasterKey, createSealer } from './store/sealer.ts';
import { createStore } from './store/store.ts';

export interface Storage {
  directory: DataDirectory;
  nodeId: string;
  database: Database;
  store: Store;
  logs: LogStore & { readonly bytesStored: number };
  sealer: Sealer;
  /** Once this node is written down as live, which a rotation heeds. @throws AppError `forbidden` when it came before */
  confirmMasterKey: () => Promise<void>;
}

export interface StorageOptions {
  config: ServerConfig;
  ids: Ids;
  logger: Logger;
  scope: Scope;
  /** `failed` must end the process. */
  events: GroupSyncEvents;
}

/** What is opened is added to the scope. @throws AppError that says what is wrong with directory, database or key */
export async function openStorage({ config, ids, logger, scope, events }: StorageOptions): Promise<Storage> {
  const directory = DataDirectory.open(config.dataDir);
  scope.add('the data directory', () => directory.close());
  keepClockSteps(directory.clockSteps);
  const nodeId = config.nodeId ?? (await directory.nodeId(ids));
  const database = await openDatabase(directory, { config, logger, nodeId, events });
  scope.add('the database', () => database.close());
  await migrate(database, MIGRATIONS, { logger, now: () => systemClock.now() });
  const masterKey = await openMasterKey(config, { directory, database });
  const store = await createStore(database, repositories, { logger });
  // Before the database is closed: a store that is out is tried no more.
  scope.add('the store', () => store.close());
  const logs = await openLogs(database, directory, (error) => events.failed(error));
  scope.add('the logs', () => logs.close());
  return {
    ...{ directory, nodeId, database, store, logs, sealer: createSealer(masterKey) },
    confirmMasterKey: () => checkMasterKey(database, masterKey),
  };
}

interface DatabaseOptions {
  config: ServerConfig;
  logger: Logger;
  nodeId: string;
  events: GroupSyncEvents;
}

async function openDatabase(
  directory: DataDirectory,
  { config, logger, nodeId, events }: DatabaseOptions,
): Promise<Database> {
  if (config.database === 'sqlite') {
    const { openSqlite } = await import('./store/sqlite.ts');
    return openSqlite({ path: directory.database, logger, events });
  }
  const { openPostgres } = await import('./store/postgres.ts');
  return openPostgres({ url: config.database, logger, nodeId });
}

async function openLogs(
  database: Database,
  directory: DataDirectory,
  failed: (error: Error) => void,
): Promise<Storage['logs']> {
  if (database.dialect === 'sqlite') {
    const { FileLogStore } = await import('./logs/file-log-store.ts');
    return new FileLogStore({ directory: directory.logs, clock: systemClock, failed });
  }
  const { RowLogStore } = await import('./logs/row-log-store.ts');
  return new RowLogStore({ database, clock: systemClock });
}
