/**
 * PostgreSQL goes away under a server node: its connections are ended, also in
 * the midst of commits, or it takes none for a while. People are told at once
 * that nothing can be stored; the rest waits, and goes on by itself: nothing is
 * lost, and nothing is done twice where the answer to a commit did not come.
 */
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';

import { expectAllThere, startBusy } from '../support/busy-disk.ts';
import { faultNumbers, schedule } from '../support/faults.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import { RunCounter } from '../support/run-counter.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const NUMBERS = faultNumbers({
  short: { scripts: 3, lines: 1_500, linesPerSecond: 1_000, ended: 5, awayMs: 1_500 },
  full: { scripts: 10, lines: 20_000, linesPerSecond: 2_000, ended: 60, awayMs: 20_000 },
});

let stage: Stage;
let admin: pg.Client;
beforeAll(async () => {
  stage = await Stage.open({ database: 'postgres' });
  await stage.addAgent('polling');
  const url = new URL(stage.databaseUrl);
  url.pathname = '/postgres';
  admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
}, 120_000);
afterAll(async () => {
  await admin.end();
  await stage.close();
}, 60_000);

const name = (): string => new URL(stage.databaseUrl).pathname.slice(1);
const endAll = (): Promise<unknown> =>
  admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name()]);

test(
  'connections that are ended at random, and a database that takes none: a pause, and then all is there once',
  async () => {
    const counter = new RunCounter(join(stage.folder, 'starts'));
    const random = schedule('database');
    const { scripts, lines, linesPerSecond } = NUMBERS;
    const busy = await Promise.all(
      Array.from({ length: scripts }, (_, i) =>
        startBusy(stage, { counter, name: `pg-${i}`, lines: { lines, linesPerSecond } }),
      ),
    );
    for (let n = 0; n < NUMBERS.ended; n += 1) {
      await endAll();
      await new Promise((resolve) => setTimeout(resolve, random.between(20, 300)));
    }
    await admin.query(`ALTER DATABASE ${name()} ALLOW_CONNECTIONS false`);
    await endAll();
    const refused = await until('a submission is refused', async () => {
      const answer = await stage.rest.call('POST', '/tasks', { pool: POOL, script: { body: 'true' } });
      return answer.ok ? undefined : answer;
    });
    expect(refused.status).toBe(503);
    const { error } = (await refused.json()) as { error: { code: string } };
    expect(error.code).toBe('unavailable');
    await until('it is not ready', async () => (await fetch(`${stage.url}/readyz`)).status === 503);
    await new Promise((resolve) => setTimeout(resolve, NUMBERS.awayMs));
    await admin.query(`ALTER DATABASE ${name()} ALLOW_CONNECTIONS true`);
    await until('it is ready again by itself', async () => (await fetch(`${stage.url}/readyz`)).ok);
    for (const script of busy) await expectAllThere(stage, script);
    counter.expectEachOnce();
    await expectNoLeaks(stage);
    expect(stage.server.log().match(/"message":"the server is ready"/g)).toHaveLength(1);
  },
  180_000 + NUMBERS.lines * 10,
);
