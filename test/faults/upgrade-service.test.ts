/** Where a service manager runs the script host, the link is upgraded beside it, and the host follows when it has nothing to run. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { packageOf, writePackage } from '../support/agent-packages.ts';
import { DIRECT } from '../support/passage.ts';
import { hostsIn } from '../support/proc.ts';
import { Daemon, startProgram } from '../support/program.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** Starts the host again whenever it ends, as its unit says. */
class HostService {
  #child: ChildProcess | undefined;
  #stopped = false;

  constructor(dataDir: string) {
    const main = join(DIRECT.root, 'packages/agent/dist/host-main.js');
    const start = (): void => {
      if (this.#stopped) return;
      this.#child = spawn(process.execPath, [main, '--service', '--data-dir', dataDir], { stdio: 'ignore' });
      this.#child.once('exit', start);
    };
    start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#child?.kill('SIGTERM');
    await until(
      'the host has ended',
      () => this.#child?.exitCode !== null || this.#child.signalCode !== null,
    );
  }
}

let stage: Stage;
let host: HostService;
let agent: Daemon;
let dataDir: string;

beforeAll(async () => {
  stage = await Stage.open();
  dataDir = join(stage.folder, 'served', 'data');
  mkdirSync(dataDir, { recursive: true });
  const { token } = await stage.rest.post<{ token: string }>('/tokens', { pools: [POOL] });
  const registered = await startProgram('agent', ['register', '--data-dir', dataDir, '--name', 'served'], {
    env: { LONGSHORE_TOKEN: token },
  }).ended;
  expect(registered.stderr).toBe('');
  host = new HostService(dataDir);
  agent = new Daemon('agent', {
    args: ['run', '--data-dir', dataDir, '--script-host', 'service'],
    logFile: join(stage.folder, 'served.log'),
  });
  agent.start();
  await until('it is connected', connected);
}, 60_000);
afterAll(async () => {
  await agent.stop();
  await host.stop();
  await stage.close();
}, 60_000);

async function connected(): Promise<boolean> {
  agent.mustRun();
  const worker = await stage.rest.get<{ connected: boolean; health: string }>('/workers/served');
  return worker.connected && worker.health === 'healthy';
}

const hosts = (): string[] => hostsIn(dataDir).map(({ command }) => command);

test('the host becomes the new version when its last script has ended', async () => {
  const gate = join(stage.folder, 'go-on');
  const script = await stage.rest.script(`echo began; until [ -e ${gate} ]; do sleep 0.05; done; exit 3`, {
    pool: POOL,
  });
  await stage.rest.outputHas(script.id, 'began\n');
  const before = hosts();
  expect(before).toHaveLength(1);

  await stage.longshore(['agent-package', 'add', writePackage(stage.folder, packageOf('9.7.0'))]);
  const upgraded = await stage.longshore(['worker', 'upgrade', 'served', '--yes']);
  expect(upgraded.code).toBe(0);
  expect((await stage.rest.get<{ version: string }>('/workers/served')).version).toBe('9.7.0');
  expect(hosts()).toEqual(before);
  // It still takes scripts, for it is the only host.
  const { attempt: beside } = await stage.rest.ended((await stage.rest.script('exit 4', { pool: POOL })).id);
  expect(beside.outcome).toEqual({ kind: 'exited', code: 4 });

  await stage.rest.script(`touch ${gate}`, { pool: POOL });
  const { attempt } = await stage.rest.ended(script.id);
  expect(attempt.outcome).toEqual({ kind: 'exited', code: 3 });
  await until('the host is of the new version', () => {
    const now = hosts();
    return now.length === 1 && now[0]?.includes('/versions/9.7.0/');
  });
  await until('it takes scripts', async () => {
    const { attempt: next } = await stage.rest.ended((await stage.rest.script('exit 5', { pool: POOL })).id);
    return next.outcome?.kind === 'exited' && next.outcome.code === 5;
  });
}, 90_000);
