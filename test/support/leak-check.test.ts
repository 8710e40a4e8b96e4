/** What the leak check must not overlook: it is shown each kind of thing that it looks for. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { expectNoLeaks, type Leaky } from './leak-check.ts';
import { RestClient } from './rest.ts';
import { until } from './until.ts';

let folder = '';
let server: Server;
let stage: Leaky;
let leases: object[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-leaks-'));
  leases = [];
  server = createServer((request, answer) => {
    answer.end(JSON.stringify({ items: request.url?.endsWith('/leases') === true ? leases : [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  stage = {
    folder,
    rest: new RestClient(`http://127.0.0.1:${address.port}`, 'key'),
    servers: [{ daemon: { running: true, pid: process.pid } }],
    agents: [{ name: 'one', dataDir: join(folder, 'one', 'data'), daemon: { running: false, pid: 0 } }],
  };
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const check = (): Promise<void> => expectNoLeaks(stage, { withinMs: 100 });

test('nothing left is nothing to say', async () => {
  // A program of its own: what earlier tests of this process left open is not in question.
  const daemon = spawn('sleep', ['60'], { cwd: '/' });
  try {
    const pid = daemon.pid ?? 0;
    const calm = { ...stage, servers: [{ daemon: { running: true, pid } }] };
    await expect(expectNoLeaks(calm, { withinMs: 100 })).resolves.toBeUndefined();
  } finally {
    daemon.kill('SIGKILL');
  }
});

test('a process that left its session and its folder', async () => {
  const child = spawn('setsid', ['sleep', '1000'], {
    cwd: '/',
    env: { ...process.env, LONGSHORE_ATTEMPT: 'x', SECRETS: join(folder, 'one') },
    stdio: 'ignore',
  });
  try {
    await until('it runs', () => child.pid !== undefined);
    await expect(check()).rejects.toThrow(/processes: \d+ (setsid )?sleep 1000/);
  } finally {
    const over = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await over;
  }
});

test('a lease and a workspace, both named', async () => {
  leases = [{ id: 'L1', taskId: 'T1' }];
  mkdirSync(join(folder, 'one', 'data', 'attempts', 'A1'), { recursive: true });
  await expect(check()).rejects.toThrow('left over:\nleases: /leases L1 of task T1\nworkspaces: one has A1');
});
