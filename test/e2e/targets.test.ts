/** Machines as deployment targets, by real agents: they register with a token or are paired, are seen, checked and deleted. */
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import openDatabase from 'better-sqlite3';

import { inEachMode } from '../support/matrix.ts';
import { answers, freePort } from '../support/ports.ts';
import { Daemon, startProgram } from '../support/program.ts';
import { ENDED } from '../support/rest.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

interface Target {
  id: string;
  name: string;
  environments: { name: string }[];
  roles: string[];
  warnings: string[];
  machine: { id: string; mode: string; connected: boolean; health: string; state: string };
}

/** An environment, written into the store while no server runs on it: what makes one otherwise is not under test here. */
async function putEnvironment(stage: Stage, name: string): Promise<void> {
  const place = stage.store;
  if (!('databaseFile' in place)) throw new Error('this stage is not on the embedded store');
  await stage.server.stop();
  const database = openDatabase(place.databaseFile);
  try {
    database
      .prepare(
        `INSERT INTO resources (space_id, id, kind, name, name_key, parent_id, body, version, created_at, changed_at)
         VALUES ('default', ?, 'environment', ?, ?, '', '{"description":""}', 1, 1, 1)`,
      )
      .run(`env-${name}`, name, name.toLowerCase());
  } finally {
    database.close();
  }
  await stage.startServer();
}

inEachMode('a deployment target', (mode) => {
  let stage: Stage;
  const daemons: Daemon[] = [];
  beforeAll(async () => {
    stage = await Stage.open();
    await putEnvironment(stage, 'Production');
  }, 90_000);
  afterAll(async () => {
    for (const daemon of daemons) await daemon.stop();
    await stage.close();
  }, 90_000);

  const dataDir = (name: string): string => join(stage.folder, name, 'data');

  const longshore = async (...args: string[]): Promise<{ stdout: string; stderr: string }> => {
    const { code, stdout, stderr } = await stage.longshore(args);
    if (code !== 0) throw new Error(`longshore ${args.join(' ')} ended with ${String(code)}: ${stderr}`);
    return { stdout: stdout.toString(), stderr };
  };
  const agent = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
    const { code, stdout, stderr } = await startProgram('agent', args, { env }).ended;
    return { code, stdout: stdout.toString(), stderr };
  };
  const run = (name: string): Daemon => {
    const daemon = new Daemon('agent', {
      args: ['run', '--data-dir', dataDir(name), '--log-format', 'json'],
      logFile: join(stage.folder, `${name}.log`),
    });
    daemons.push(daemon);
    daemon.start();
    return daemon;
  };

  const SCOPE = ['--environment', 'production', '--role', 'web'];

  async function registered(name: string, pools: string[] = []): Promise<{ daemon: Daemon; said: string }> {
    const inPools = pools.flatMap((pool) => ['--pool', pool]);
    if (mode === 'polling') {
      const made = await longshore('token', 'create', ...SCOPE, ...inPools);
      const LONGSHORE_TOKEN = made.stdout.trim();
      const { code, stdout, stderr } = await agent(
        ['register', '--data-dir', dataDir(name), '--name', name],
        { LONGSHORE_TOKEN },
      );
      expect([code, stderr.includes('is a worker too')]).toEqual([0, pools.length > 0]);
      expect(stdout).toContain('it is a deployment target of Production, with web\n');
      return { daemon: run(name), said: made.stderr };
    }
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const configured = await agent([
      ...['configure', '--data-dir', dataDir(name), '--name', name, '--listen', address],
    ]);
    const pairing = /lsp_\S+/.exec(configured.stdout)?.[0] ?? '';
    const daemon = run(name);
    await until(`${name} listens`, () => {
      daemon.mustRun();
      return answers(port);
    });
    const added = await stage.longshore(
      ['target', 'add', '--listening', '-', '--name', name, ...SCOPE, ...inPools],
      { input: pairing },
    );
    expect([added.code, added.stderr]).toEqual([0, expect.any(String)]);
    return { daemon, said: added.stderr };
  }

  const shown = async (name: string): Promise<Target> =>
    JSON.parse((await longshore('target', 'show', name, '--output', 'json')).stdout) as Target;
  const healthy = (name: string): Promise<Target> =>
    until(`${name} is connected and healthy`, async () => {
      const target = await shown(name);
      const well = target.machine.connected && ['healthy', 'hasWarnings'].includes(target.machine.health);
      return well ? target : undefined;
    });

  test('registers, is listed with its health, and is checked; it is in no pool', async () => {
    await registered('web-1');
    expect(await healthy('web-1')).toMatchObject({
      ...{ environments: [{ name: 'Production' }], roles: ['web'], warnings: [] },
      machine: { mode, state: 'ready' },
    });
    const { stdout } = await longshore('target', 'list', '--environment', 'Production');
    expect(stdout).toMatch(/web-1 +Production +web +\w+ +(healthy|hasWarnings) +ready/);
    expect((await longshore('worker', 'list')).stderr).toContain('There is no worker');

    const task = JSON.parse((await longshore('target', 'check', 'web-1', '--output', 'json')).stdout) as {
      id: string;
    };
    expect((await stage.rest.inState(task.id, ENDED)).state).toBe('success');
    // No script for a worker goes there, though the default pool has nobody else.
    const lost = await stage.longshore(['run', '--script', 'echo never']);
    expect([lost.code, lost.stderr]).toEqual([125, expect.stringContaining('has no worker')]);
  }, 90_000);

  test('is disabled and enabled, and its end is its machine’s', async () => {
    await longshore('target', 'disable', 'web-1');
    expect((await longshore('target', 'list')).stdout).toMatch(/web-1 .* disabled/);
    await longshore('target', 'enable', 'web-1');
    const refused = await stage.longshore(['worker', 'delete', 'web-1']);
    expect([refused.code, refused.stderr]).toEqual([
      5,
      expect.stringContaining('is the machine of deployment target "web-1"'),
    ]);
    await longshore('target', 'delete', 'web-1');
    expect((await stage.longshore(['target', 'show', 'web-1'])).code).toBe(3);
    expect((await stage.longshore(['worker', 'show', 'web-1'])).code).toBe(3);
  }, 60_000);

  test('may be a worker too, with a warning; scripts of the pool run on it', async () => {
    const { said } = await registered('both-1', [POOL]);
    expect(said).toMatch(/each waits for the other/);
    const target = await healthy('both-1');
    expect(target.warnings).toEqual([expect.stringContaining('is a worker too (pool stage)')]);
    expect((await longshore('target', 'show', 'both-1')).stdout).toContain('is a worker too');
    expect((await longshore('run', '--pool', POOL, '--script', 'echo here')).stdout).toContain('here');
    await longshore('worker', 'update', 'both-1', '--out-of-pools');
    expect((await shown('both-1')).warnings).toEqual([]);
  }, 90_000);

  if (mode !== 'polling') return;

  test('ephemeral, goes when its agent stops', async () => {
    const { stdout: token } = await longshore('token', 'create', ...SCOPE);
    const name = 'brief-1';
    const asked = ['register', '--data-dir', dataDir(name), '--name', name, '--ephemeral'];
    expect((await agent(asked, { LONGSHORE_TOKEN: token.trim() })).code).toBe(0);
    const daemon = run(name);
    await healthy(name);
    expect(await daemon.stop()).toBe(true);
    expect((await stage.longshore(['target', 'show', name])).code).toBe(3);
    expect((await stage.longshore(['worker', 'show', name])).code).toBe(3);
  }, 60_000);

  test('is not registered under a name that another has, and the token is kept', async () => {
    await longshore('target', 'create', '--cloud-region', 'eu-west-1', ...SCOPE);
    const { stdout: token } = await longshore('token', 'create', ...SCOPE);
    const as = (name: string) =>
      agent(['register', '--data-dir', dataDir('new'), '--name', name], { LONGSHORE_TOKEN: token.trim() });
    const refused = await as('EU-west-1');
    expect([refused.code, refused.stderr]).toEqual([
      expect.any(Number),
      expect.stringContaining('There is a deployment target "eu-west-1" already'),
    ]);
    expect(refused.code).not.toBe(0);
    expect((await as('web-9')).code).toBe(0);
  }, 60_000);
});
