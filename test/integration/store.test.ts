/**
 * The store, over SQLite and PostgreSQL alike: transactions, durability,
 * migrations, announcements, two nodes at once. What each repository promises
 * is in `store-<noun>.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { isCode, silentLogger } from '@longshore/base';
import type { Database } from '@longshore/server/store/db';
import { raiseGeneration } from '@longshore/server/store/meta';
import { migrate } from '@longshore/server/store/migrate';
import { MIGRATIONS, repositories } from '@longshore/server/store/repositories';
import { createStore } from '@longshore/server/store/store';

import { DIALECTS, openStage, type StoreStage } from '../support/store.ts';

/** The first test to need PostgreSQL makes a server; a loaded machine takes its time. */
const POSTGRES_START_MS = 60_000;
const now = (): number => 1_700_000_000_000;

describe.each(DIALECTS)('store on %s', (dialect) => {
  let stage: StoreStage;
  let database: Database;

  beforeAll(async () => {
    stage = await openStage(dialect);
    database = await stage.open('node-a');
    await migrate(database, MIGRATIONS, { logger: silentLogger, now });
    await database.alone(async (sql) => {
      await sql.run('CREATE TABLE test_counters (name TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)');
      await sql.run("INSERT INTO test_counters (name, n) VALUES ('a', 0)");
    });
  }, POSTGRES_START_MS);

  afterAll(async () => {
    await stage.close();
  });

  const count = (): Promise<number> =>
    database.read(
      async (sql) => (await sql.get<{ n: number }>("SELECT n FROM test_counters WHERE name = 'a'"))?.n ?? -1,
    );

  test('what was written can be read, with numbers beyond 32 bits', async () => {
    await database.transact((sql) =>
      sql.run('INSERT INTO test_counters (name, n) VALUES (?, ?)', 'big', now()),
    );
    expect(
      await database.read((sql) => sql.get('SELECT n FROM test_counters WHERE name = ?', 'big')),
    ).toEqual({
      n: now(),
    });
  });

  test('a body that fails leaves nothing behind', async () => {
    const before = await count();
    const failing = database.transact(async (sql) => {
      await sql.run("UPDATE test_counters SET n = n + 1 WHERE name = 'a'");
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await count()).toBe(before);
  });

  test('a body that swallowed a failed statement does not seem committed, or did all of the rest', async () => {
    const before = await count();
    const swallowing = database.transact(async (sql) => {
      await sql.run("UPDATE test_counters SET n = n + 1 WHERE name = 'a'");
      await sql.run('INSERT INTO no_such_table (x) VALUES (1)').catch(() => 0);
    });
    const committed = await swallowing.then(
      () => true,
      () => false,
    );
    expect(await count()).toBe(committed ? before + 1 : before);
  });

  test('bodies that read and then write never lose a change', async () => {
    const before = await count();
    const raise = (): Promise<unknown> =>
      database.transact(async (sql) => {
        const row = await sql.get<{ n: number }>("SELECT n FROM test_counters WHERE name = 'a'");
        await sql.run("UPDATE test_counters SET n = ? WHERE name = 'a'", (row?.n ?? 0) + 1);
      });
    await Promise.all(Array.from({ length: 25 }, raise));
    expect(await count()).toBe(before + 25);
  });

  test('a read is of one moment', async () => {
    const seen = await Promise.all(
      Array.from({ length: 10 }, async () => {
        await database.transact((sql) => sql.run("UPDATE test_counters SET n = n + 1 WHERE name = 'a'"));
        return database.read(async (sql) => {
          const first = await sql.get("SELECT n FROM test_counters WHERE name = 'a'");
          const second = await sql.get("SELECT n FROM test_counters WHERE name = 'a'");
          return [first, second];
        });
      }),
    );
    for (const [first, second] of seen) expect(first).toEqual(second);
  });

  test('a read refuses to write', async () => {
    const before = await count();
    await expect(
      database.read((sql) => sql.run("UPDATE test_counters SET n = 0 WHERE name = 'a'")),
    ).rejects.toThrow();
    expect(await count()).toBe(before);
  });

  test('a broken uniqueness is a conflict', async () => {
    const twice = database.transact((sql) => sql.run("INSERT INTO test_counters (name, n) VALUES ('a', 1)"));
    await expect(twice.catch((error: unknown) => isCode(error, 'conflict'))).resolves.toBe(true);
  });

  test('announcements are heard after the commit, once, and not at all after a failure', async () => {
    const heard: string[] = [];
    const stop = database.listen('task', (id) => heard.push(id));
    await database.transact(async (sql) => {
      database.notify(sql, 'task', '1');
      database.notify(sql, 'task', '1');
      database.notify(sql, 'lease', '9');
      expect(heard).toEqual([]);
    });
    await database
      .transact(async (sql) => {
        database.notify(sql, 'task', '2');
        throw new Error('no');
      })
      .catch(() => undefined);
    expect(heard).toEqual(['1']);
    stop();
    await database.transact(async (sql) => database.notify(sql, 'task', '3'));
    expect(heard).toEqual(['1']);
  });

  test('the store has a generation that a restored backup raises', async () => {
    const store = await createStore(database, repositories);
    expect(store.generation).toBe(1);
    await database.alone(raiseGeneration);
    expect((await createStore(database, repositories)).generation).toBe(2);
    await expect(store.read((tx) => tx.tasks.countByState())).resolves.toEqual({});
  });

  test('a store that a newer version migrated is refused', async () => {
    const newer = { number: 9_999, name: 'newer', statements: [] };
    await migrate(database, [...MIGRATIONS, newer], { logger: silentLogger, now });
    const older = migrate(database, MIGRATIONS, { logger: silentLogger, now });
    await expect(older.catch((error: unknown) => isCode(error, 'conflict'))).resolves.toBe(true);
    await database.alone((sql) => sql.run('DELETE FROM schema_migrations WHERE number = ?', 9_999));
  });

  test('a closed store says so', async () => {
    const fresh = await openStage(dialect);
    const closed = await fresh.open('node-z');
    await closed.close();
    await expect(
      closed.read(async () => 1).catch((error: unknown) => isCode(error, 'unavailable')),
    ).resolves.toBe(true);
    await fresh.close();
  });
});

describe('two nodes on one PostgreSQL', () => {
  let stage: StoreStage;
  let nodes: [Database, Database];

  beforeAll(async () => {
    stage = await openStage('postgres');
    nodes = [await stage.open('node-a'), await stage.open('node-b')];
  }, POSTGRES_START_MS);

  afterAll(async () => {
    await stage.close();
  });

  test('migrate at once, and each migration is applied once', async () => {
    await Promise.all(nodes.map((node) => migrate(node, MIGRATIONS, { logger: silentLogger, now })));
    const applied = await nodes[0].read((sql) =>
      sql.all<{ number: number }>('SELECT number FROM schema_migrations ORDER BY number'),
    );
    expect(applied.map((row) => row.number)).toEqual(MIGRATIONS.map((migration) => migration.number));
  });

  test('never lose a change of each other', async () => {
    await nodes[0].alone(async (sql) => {
      await sql.run('CREATE TABLE test_counters (name TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)');
      await sql.run("INSERT INTO test_counters (name, n) VALUES ('a', 0)");
    });
    const raise = (node: Database): Promise<unknown> =>
      node.transact(async (sql) => {
        const row = await sql.get<{ n: number }>("SELECT n FROM test_counters WHERE name = 'a'");
        await sql.run("UPDATE test_counters SET n = ? WHERE name = 'a'", (row?.n ?? 0) + 1);
      });
    await Promise.all(nodes.flatMap((node) => Array.from({ length: 15 }, () => raise(node))));
    expect(await nodes[1].read((sql) => sql.get("SELECT n FROM test_counters WHERE name = 'a'"))).toEqual({
      n: 30,
    });
  });

  test('what each decides on what it read stays true for both (no write skew)', async () => {
    await nodes[0].alone((sql) => sql.run('CREATE TABLE test_holders (id BIGINT NOT NULL PRIMARY KEY)'));
    const takeIfFree = (node: Database, id: number): Promise<unknown> =>
      node.transact(async (sql) => {
        const held = await sql.all('SELECT id FROM test_holders');
        if (held.length === 0) await sql.run('INSERT INTO test_holders (id) VALUES (?)', id);
      });
    await Promise.all(
      nodes.flatMap((node, n) => Array.from({ length: 8 }, (_, i) => takeIfFree(node, n * 100 + i))),
    );
    expect(await nodes[0].read((sql) => sql.all('SELECT id FROM test_holders'))).toHaveLength(1);
  });

  test('hear each other', async () => {
    const heard = new Promise<string>((resolve) => nodes[1].listen('lease', resolve));
    await nodes[0].transact(async (sql) => nodes[0].notify(sql, 'lease', 'l-1'));
    expect(await heard).toBe('l-1');
  });

  test('hear each other again after PostgreSQL has cut their connections', async () => {
    await nodes[0].alone((sql) =>
      sql.all(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
      ),
    );
    const heard: string[] = [];
    nodes[1].listen('worker', (id) => heard.push(id));
    while (heard.length === 0) {
      await nodes[0].transact(async (sql) => nodes[0].notify(sql, 'worker', 'w-1')).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(heard[0]).toBe('w-1');
  });
});
