/** What the embedded store has called durable is there: after `kill -9`, and across checkpoints. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { silentLogger } from '@longshore/base';
import { DataDirectory } from '@longshore/server/data-directory';
import { openSqlite, type SqliteDatabase } from '@longshore/server/store/sqlite';

const failed = (error: Error): never => {
  throw error;
};

describe('durability of the embedded store', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'longshore-durable-'));
    path = join(directory, 'longshore.db');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  const open = (sync?: (fd: number) => Promise<void>): Promise<SqliteDatabase> =>
    openSqlite({ path, logger: silentLogger, events: { failed }, ...(sync === undefined ? {} : { sync }) });

  test('a write, and a read of what it wrote, wait for the sync of the WAL', async () => {
    const syncs: (() => void)[] = [];
    const database = await open(() => new Promise((resolve) => syncs.push(resolve)));
    const { durable } = await database.transact((sql) => sql.run('CREATE TABLE t (n BIGINT)'));
    let written = false;
    let read = false;
    void durable.then(() => (written = true));
    const reading = database.read((sql) => sql.all('SELECT n FROM t')).then(() => (read = true));
    while (syncs.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect({ written, read }).toEqual({ written: false, read: false });
    syncs[0]?.();
    await Promise.all([durable, reading]);
    // A transaction that wrote nothing has nothing to wait for.
    await (
      await database.transact((sql) => sql.all('SELECT n FROM t'))
    ).durable;
    expect(syncs).toHaveLength(1);
    await database.close();
  });

  test('a transaction inside a transaction is refused, not waited for', async () => {
    const database = await open();
    await expect(database.transact(() => database.read(async () => 1))).rejects.toThrow(
      'inside a transaction',
    );
    await database.close();
  });

  test('kill -9 in the midst of commits loses none that was acknowledged', async () => {
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(
        process.execPath,
        ['--conditions=longshore-source', join(import.meta.dirname, 'store-writer.ts'), path],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.length > 5000 * (round + 1)) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const acknowledged = said.slice(0, said.lastIndexOf('\n')).split('\n').map(Number);
      expect(acknowledged.length).toBeGreaterThan(500);
      const database = await open();
      const rows = await database.read((sql) => sql.all<{ n: number }>('SELECT n FROM acks'));
      const kept = new Set(rows.map((row) => row.n));
      expect(acknowledged.filter((n) => !kept.has(n))).toEqual([]);
      await database.alone((sql) => sql.run('DELETE FROM acks'));
      await database.close();
    }
  }, 60_000);

  test('checkpoints keep the WAL short under a steady load, and lose nothing', async () => {
    const database = await open();
    await database.alone((sql) =>
      sql.run('CREATE TABLE t (n BIGINT NOT NULL PRIMARY KEY, text TEXT NOT NULL)'),
    );
    const text = 'x'.repeat(2000);
    for (let n = 0; n < 60_000; n += 100) {
      const group = Array.from({ length: 100 }, (_, i) =>
        database.transact((sql) => sql.run('INSERT INTO t (n, text) VALUES (?, ?)', n + i, text)),
      );
      await Promise.all(group.map(async (commit) => (await commit).durable));
    }
    // Some 500 MB went through it.
    expect((await stat(`${path}-wal`)).size).toBeLessThan(160 * 1024 * 1024);
    await database.close();
    const again = await open();
    expect(await again.read((sql) => sql.get('SELECT count(*) AS n FROM t'))).toEqual({ n: 60_000 });
    await again.close();
  }, 120_000);

  test('one server at a time holds a data directory', async () => {
    const first = DataDirectory.open(directory);
    expect(() => DataDirectory.open(directory)).toThrow('another server runs');
    first.close();
    DataDirectory.open(directory).close();
  });

  test('a master key is made once, and never anew for a sealed store', async () => {
    const data = DataDirectory.open(directory);
    const key = await data.masterKey({ sealed: false });
    expect(await data.masterKey({ sealed: true })).toEqual(key);
    expect((await stat(join(directory, 'master.key'))).mode & 0o777).toBe(0o600);
    await rm(join(directory, 'master.key'));
    await expect(data.masterKey({ sealed: true })).rejects.toThrow('put it back');
    data.close();
  });
});
