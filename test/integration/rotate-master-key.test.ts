/** A rotation of the master key seals everything anew or nothing, wherever it is killed. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { backup } from '@longshore/server/backup';
import { DataDirectory } from '@longshore/server/data-directory';
import { resealStore } from '@longshore/server/store/reseal';
import type { Sql } from '@longshore/server/store/db';
import { createSealer } from '@longshore/server/store/sealer';
import { SEALED_PLACES } from '@longshore/server/store/sealed-places';

import { SEALED_IN_SNAPSHOT } from '../support/sealed-model.ts';
import { DIALECTS } from '../support/store.ts';
import { MasterKeyStage, SEALED_VALUES } from './master-key-stage.ts';

describe.each(DIALECTS)('rotating the master key, %s', (dialect) => {
  let stage: MasterKeyStage;
  let oldKey: string;
  beforeEach(async () => {
    stage = await MasterKeyStage.open(dialect);
    oldKey = stage.keyFile()!;
  }, 60_000);
  afterEach(() => stage.close());

  const openAll = (): Promise<number> => stage.with(({ sealer, database }) => stage.opened(sealer, database));

  test('everything opens with the new key, and nothing with the old one', async () => {
    const { code, stdout, stderr } = await stage.rotate();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Sealed ${SEALED_VALUES} value(s) anew`);
    expect(stage.keyFile()).not.toBe(oldKey);
    expect(stage.keyFile('master.key.next')).toBeUndefined();
    expect(await openAll()).toBe(SEALED_VALUES);
    await stage.with(async ({ database }) => {
      await expect(stage.opened(createSealer(Buffer.from(oldKey, 'base64')), database)).rejects.toThrow(
        'does not open',
      );
      const [event] = await database.read((sql) =>
        sql.all("SELECT action, detail FROM audit_events WHERE action = 'masterKey.rotated'"),
      );
      expect(event).toEqual({ action: 'masterKey.rotated', detail: `{"values":${SEALED_VALUES}}` });
    });
    const masterKey = oldKey;
    await expect(stage.with(async () => 0, { masterKey })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test.each([
    ['keyWritten', 'old'],
    ['resealed', 'old'],
    ['committed', 'new'],
    ['renamed', 'new'],
  ])(
    'killed at %s the store has the %s key, and the next rotation goes well',
    async (point, which) => {
      expect((await stage.rotate(point)).signal).toBe('SIGKILL');
      const proposed = stage.keyFile('master.key.next');
      expect(await openAll()).toBe(SEALED_VALUES);
      expect(stage.keyFile('master.key.next')).toBeUndefined();
      expect(stage.keyFile() === oldKey).toBe(which === 'old');
      if (point === 'committed') expect(stage.keyFile()).toBe(proposed);
      expect((await stage.rotate()).code).toBe(0);
      expect(await openAll()).toBe(SEALED_VALUES);
    },
    60_000,
  );

  test('killed anywhere, one after another', async () => {
    for (const point of ['committed', 'keyWritten', 'resealed', 'committed']) await stage.rotate(point);
    expect((await stage.rotate()).code).toBe(0);
    expect(await openAll()).toBe(SEALED_VALUES);
  }, 60_000);

  test('a value that does not open changes nothing, and is named', async () => {
    await stage.with(({ database }) =>
      database.alone((sql) =>
        sql.run(
          `UPDATE attempt_events SET body = ? WHERE attempt_id = 'attempt-99'`,
          JSON.stringify({ name: 'Pin', value: `v1.${'A'.repeat(60)}`, sensitive: true }),
        ),
      ),
    );
    const { code, stderr } = await stage.rotate();
    expect([code, stderr]).toEqual([1, expect.stringContaining('task:task-99:Pin')]);
    expect(await stage.with(async ({ key }) => key.toString('base64'))).toBe(oldKey);
  });

  test('with keys of the configuration: the new one is needed, and a second try has nothing to do', async () => {
    const next = randomBytes(32).toString('hex');
    const env = { LONGSHORE_MASTER_KEY: oldKey };
    expect((await stage.rotate('', { env })).stderr).toContain('--new-master-key-file');
    const both = { ...env, LONGSHORE_NEW_MASTER_KEY: next };
    expect((await stage.rotate('committed', { env: both })).signal).toBe('SIGKILL');
    expect((await stage.rotate('', { env: both })).stdout).toContain('already');
    expect(stage.keyFile()).toBe(oldKey);
    const found = await stage.with(({ sealer, database }) => stage.opened(sealer, database), {
      masterKey: next,
    });
    expect(found).toBe(SEALED_VALUES);
    expect((await stage.rotate('', { env })).stderr).toContain('sealed with another master key');
  });

  test('no column of the store holds a sealed value that is in no place of the list', async () => {
    await stage.with(async ({ database, key }) => {
      const before = await database.read(sealedTexts);
      expect(before.size).toBeGreaterThan(0);
      const tables = new Set([...before.values()].flatMap((each) => [...each]));
      expect(tables).toEqual(new Set(SEALED_PLACES.map(({ table }) => table)));
      await resealStore(database, {
        ...{ from: key, to: randomBytes(32), allowed: async () => undefined, last: async () => undefined },
      });
      const after = await database.read(sealedTexts);
      // What a snapshot copied is the same text as in its resource before, and another one afterwards.
      expect(after.size).toBe(before.size + SEALED_IN_SNAPSHOT);
      expect([...after.keys()].filter((each) => before.has(each))).toEqual([]);
    });
  });

  if (dialect === 'sqlite') {
    test('refused while a server has the data directory', async () => {
      const directory = DataDirectory.open(stage.dataDir);
      const { code, stderr } = await stage.rotate();
      expect([code, stderr]).toEqual([1, expect.stringContaining('another server runs')]);
      directory.close();
    });

    test('a backup that is taken after the kill opens too', async () => {
      await stage.rotate('committed');
      const copy = `${stage.dataDir}-copy`;
      await backup(stage.config, copy);
      expect(
        await stage.with(({ sealer, database }) => stage.opened(sealer, database), { dataDir: copy }),
      ).toBe(SEALED_VALUES);
      expect(stage.keyFile()).toBe(oldKey);
    });

    test('a damaged next key is thrown away', async () => {
      writeFileSync(join(stage.dataDir, 'master.key.next'), 'hal');
      expect(await openAll()).toBe(SEALED_VALUES);
      expect(stage.keyFile()).toBe(oldKey);
    });
  } else {
    test('refused while a node beats; one that was killed is no hindrance', async () => {
      const insert = `INSERT INTO nodes (id, epoch, beat, agent_address, version, draining, started_at, live) VALUES ('a', 1, 0, '', '', 0, 0, 1)`;
      await stage.with(({ database }) => database.alone((sql) => sql.run(insert)));
      const rotating = stage.rotate('', { deadAfterMs: 2000 });
      // Another data directory's node, which beats.
      const beats = setInterval(() => void beat(stage), 300);
      const { code, stderr } = await rotating;
      clearInterval(beats);
      expect([code, stderr]).toEqual([1, expect.stringContaining('server nodes are running: a')]);
      expect(stage.keyFile()).toBe(oldKey);
      expect((await stage.rotate()).code).toBe(0);
      expect(await openAll()).toBe(SEALED_VALUES);
    });
  }
});

async function beat(stage: MasterKeyStage): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: stage.config.database });
  await client.connect();
  await client.query('UPDATE nodes SET beat = beat + 1');
  await client.end();
}

/** Every sealed value in any text column of any table, and its tables. */
async function sealedTexts(sql: Sql): Promise<Map<string, Set<string>>> {
  const columns =
    sql.dialect === 'sqlite'
      ? `SELECT m.name AS t, c.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'TEXT'`
      : `SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text'`;
  const found = new Map<string, Set<string>>();
  for (const { t, c } of await sql.all<{ t: string; c: string }>(columns)) {
    for (const { text } of await sql.all<{ text: string }>(
      `SELECT ${c} AS text FROM ${t} WHERE ${c} LIKE '%v1.%'`,
    ))
      for (const [sealed] of text.matchAll(/v1\.[A-Za-z0-9_-]{38,}/g))
        found.set(sealed, (found.get(sealed) ?? new Set()).add(t));
  }
  return found;
}
