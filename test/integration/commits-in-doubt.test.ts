/**
 * Answers to COMMITs that never come: PostgreSQL is asked what became of each,
 * also when they are so many that they had all connections.
 */
import { afterEach, expect, test } from '@jest/globals';

import { silentLogger } from '@longshore/base';
import { StorageOut } from '@longshore/server/app/ports/store';
import { POSTGRES_CONNECTIONS } from '@longshore/server/limits';
import { openPostgres, type PostgresDatabase } from '@longshore/server/store/postgres';

import { FaultProxy } from '../support/fault-proxy.ts';
import { createPostgresDatabase, type TestDatabase } from '../support/postgres.ts';

/** The first test to need PostgreSQL makes a server; a loaded machine takes its time. */
const POSTGRES_START_MS = 60_000;

let place: TestDatabase | undefined;
let proxy: FaultProxy | undefined;
let database: PostgresDatabase | undefined;

afterEach(async () => {
  await database?.close();
  await proxy?.close();
  await place?.drop();
});

async function open(): Promise<{ database: PostgresDatabase; proxy: FaultProxy }> {
  place = await createPostgresDatabase();
  const url = new URL(place.url);
  proxy = await FaultProxy.open({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  database = await openPostgres({ url: url.href, logger: silentLogger, nodeId: 'n' });
  return { database, proxy };
}

test(
  'each of them, on all connections at once, is told as it was: stored, or to be tried again',
  async () => {
    const stage = await open();
    await stage.database.alone((sql) => sql.run('CREATE TABLE test_doubts (n BIGINT PRIMARY KEY)'));
    const all = Array.from({ length: POSTGRES_CONNECTIONS }, (_, n) => n);
    let begun = 0;
    const together = Promise.withResolvers<void>();
    const writes = all.map((n) =>
      stage.database.transact(async (sql) => {
        await sql.run('INSERT INTO test_doubts (n) VALUES (?)', n);
        begun += 1;
        if (begun === all.length) {
          // Some COMMITs arrive, and no answer does.
          let commits = 0;
          void stage.proxy.cutWhen(({ direction, bytes }) => {
            if (direction === 'toDialler') return commits > 0 ? 0 : undefined;
            if (bytes.includes('COMMIT')) commits += 1;
            return commits > all.length / 2 ? bytes.length : undefined;
          });
          together.resolve();
        }
        await together.promise;
        return n;
      }),
    );
    const told = await Promise.all(
      writes.map((write) =>
        write.then(
          ({ value }) => value,
          (thrown: unknown) => thrown as Error,
        ),
      ),
    );
    for (const one of told) if (typeof one !== 'number') if (!(one instanceof StorageOut)) throw one;
    const stored = await stage.database.read((sql) => sql.all<{ n: number }>('SELECT n FROM test_doubts'));
    expect(stored.map(({ n }) => n).sort((a, b) => a - b)).toEqual(
      told.filter((one) => typeof one === 'number'),
    );
  },
  POSTGRES_START_MS,
);
