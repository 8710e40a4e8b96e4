/** What variables are in a place, and why, by the command of a user: real processes, the server's own store and key. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { createIds, silentLogger } from '@longshore/base';
import { repositories } from '@longshore/server/store/repositories';
import { createSealer } from '@longshore/server/store/sealer';
import { openSqlite } from '@longshore/server/store/sqlite';
import { createStore } from '@longshore/server/store/store';

import { applyModel } from '../support/sealed-model.ts';
import { Stage } from '../support/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
  await stage.server.stop();
  await fillStore();
  await stage.startServer();
}, 60_000);
afterAll(() => stage.close(), 60_000);

/** As `apply` does, in the store of the stopped server. */
async function fillStore(): Promise<void> {
  const failed = (error: Error): never => {
    throw error;
  };
  const { databaseFile: path } = stage.store as { databaseFile: string };
  const key = Buffer.from(readFileSync(join(path, '..', 'master.key'), 'utf8').trim(), 'base64');
  const store = await createStore(
    await openSqlite({ path, logger: silentLogger, events: { failed } }),
    repositories,
  );
  await applyModel({ store, sealer: createSealer(key), ids: createIds() });
  await store.close();
}

const SHOP = ['--project', 'shop', '--env', 'production'];

async function told(args: string[]): Promise<{ code: number | null; lines: string[]; stderr: string }> {
  const { code, stdout, stderr } = await stage.longshore(args, { env: { NO_COLOR: '1' } });
  const lines = stdout
    .toString()
    .split('\n')
    .map((line) => line.trim().replace(/ {2,}/g, ' | '));
  return { code, lines, stderr };
}

test('explain: the value, then all values with why each is one or is none', async () => {
  const { code, lines, stderr } = await told(['variable', 'explain', 'password', ...SHOP]);
  expect([code, stderr]).toEqual([0, '']);
  expect(lines).toEqual([
    'PASSWORD = ********',
    '',
    'VALUE | SCOPE | FROM | WHY',
    '* | ******** | environment: Production | project Shop | wins',
    '******** | project Shop | less specific: the winner is scoped by the environment',
    'pw of the library | library set Common | less specific: the winner is scoped by the environment',
    '',
  ]);
});

test('for a tenant, with the default that it stands before; as JSON', async () => {
  const { lines } = await told(['variable', 'explain', 'Later', ...SHOP, '--tenant', 'Acme']);
  expect(lines[0]).toBe('Later = later of acme');
  expect(lines).toContain(
    'later default | project Shop, default of a template | less specific: the winner is scoped by the tenant',
  );
  const json = await stage.longshore(['-o', 'json', 'variable', 'explain', 'Host', ...SHOP]);
  expect(JSON.parse(json.stdout.toString())).toMatchObject({
    ...{ name: 'Host', ambiguous: false, value: { text: 'db.production.example', sensitive: false } },
    values: [{ verdict: 'wins', value: 'db.#{Octopus.Environment.Name | ToLower}.example' }],
  });
});

test('list: all that have a value there, masked', async () => {
  const { code, lines } = await told(['variable', 'list', ...SHOP]);
  expect(code).toBe(0);
  expect(lines).toContain('Host | db.production.example | project Shop');
  expect(lines).toContain('Connection | ******** | project Shop');
  expect(lines.join('\n')).not.toMatch(/pw anywhere|pw in production|library token/);
});

test('what is not there is said, with what was meant', async () => {
  const { code, stderr } = await told(['variable', 'explain', 'Hots', ...SHOP]);
  expect([code, stderr]).toEqual([3, expect.stringContaining('did you mean "Host"?')]);
  expect((await told(['variable', 'explain', 'Host', '--project', 'shop'])).code).toBe(2);
});
