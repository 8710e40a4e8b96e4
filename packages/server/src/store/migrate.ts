/**
 * Numbered migrations, each in a transaction, in order. A store that a newer
 * version has migrated is refused: this version would misread it. Nodes that
 * start at once wait for each other.
 */
import { AppError, type Logger } from '@longshore/base';

import type { Database, Migration, Sql } from './db.ts';

const TABLES = [
  `CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)`,
  // Facts about the store as a whole: its generation, what its master key is checked by.
  `CREATE TABLE IF NOT EXISTS meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)`,
];

/** @throws AppError `conflict` when the store was migrated by a newer version, or by other migrations. */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  { logger, now }: { logger: Logger; now: () => number },
): Promise<void> {
  const ordered = [...migrations].sort((a, b) => a.number - b.number);
  await database.alone(async (sql) => {
    for (const table of TABLES) await sql.run(table);
    const applied = await sql.all<{ number: number; name: string }>(
      'SELECT number, name FROM schema_migrations ORDER BY number',
    );
    refuseStrange(applied, ordered);
    const last = applied.at(-1)?.number ?? 0;
    for (const migration of ordered.filter((each) => each.number > last)) {
      await apply(sql, migration, now());
      logger.info('migrated the store', { number: migration.number, name: migration.name });
    }
  });
}

function refuseStrange(applied: { number: number; name: string }[], known: Migration[]): void {
  for (const { number, name } of applied) {
    const mine = known.find((migration) => migration.number === number);
    if (mine === undefined) {
      throw new AppError(
        'conflict',
        `the store was migrated to ${number} (${name}) by a newer version of Longshore; this one knows up to ${known.at(-1)?.number ?? 0}`,
      );
    }
    if (mine.name !== name) {
      throw new AppError(
        'conflict',
        `the store's migration ${number} is "${name}", this version's is "${mine.name}": it is not a store of this program`,
      );
    }
  }
}

async function apply(sql: Sql, migration: Migration, now: number): Promise<void> {
  if (migration.only === undefined || migration.only === sql.dialect) {
    for (const statement of migration.statements) {
      try {
        await sql.run(statement);
      } catch (cause) {
        throw new AppError(
          'bug',
          `migration ${migration.number} (${migration.name}) failed at: ${statement.trim().split('\n')[0] ?? ''}`,
          { cause },
        );
      }
    }
  }
  await sql.run(
    'INSERT INTO schema_migrations (number, name, applied_at) VALUES (?, ?, ?)',
    migration.number,
    migration.name,
    now,
  );
}
