/** The database of a server that is stopped, for a command that works on it alone. */
import { createIds, silentLogger } from '@longshore/base';

import type { ServerConfig } from './config.ts';
import type { DataDirectory } from './data-directory.ts';
import type { Database } from './store/db.ts';

export async function openDatabaseAlone(config: ServerConfig, directory: DataDirectory): Promise<Database> {
  if (config.database === 'sqlite') {
    const { openSqlite } = await import('./store/sqlite.ts');
    const failed = (error: Error): never => {
      throw error;
    };
    return openSqlite({ path: directory.database, logger: silentLogger, events: { failed } });
  }
  const { openPostgres } = await import('./store/postgres.ts');
  return openPostgres({ url: config.database, logger: silentLogger, nodeId: `command-${createIds()()}` });
}
