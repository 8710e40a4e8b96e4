/** The built-in worker: an agent beside the server, which outlives it, comes back, and can be switched off. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { DIRECT, passageFor, type Passage } from '../support/passage.ts';
import { freePort } from '../support/ports.ts';
import { hostsIn, processesIn, withoutForks } from '../support/proc.ts';
import { Daemon } from '../support/program.ts';
import { ENDED, RestClient } from '../support/rest.ts';
import { until } from '../support/until.ts';

interface Worker {
  id: string;
  name: string;
  mode: string;
  enabled: boolean;
  connected: boolean;
  health: string;
}

/** A server with a data directory that outlives its lives, each with options of its own. */
class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'longshore-builtin-'));
  server!: Daemon;
  passage: Passage = DIRECT;
  #ports: { http: number; agent: number } | undefined;
  #key = '';

  get rest(): RestClient {
    return new RestClient(`http://127.0.0.1:${this.#ports?.http ?? 0}`, this.#key);
  }

  async start(...options: string[]): Promise<void> {
    this.#ports ??= { http: await freePort(), agent: await freePort() };
    const { http, agent } = this.#ports;
    this.server = new Daemon('server', {
      args: [
        ...['--data-dir', join(this.folder, 'server'), '--http-address', `127.0.0.1:${http}`],
        ...['--agent-address', `127.0.0.1:${agent}`, '--public-agent-address', `127.0.0.1:${agent}`],
        ...['--log-format', 'json', ...options],
      ],
      logFile: join(this.folder, 'server.log'),
      passage: this.passage,
    });
    this.server.start();
    await until('the server is ready', () => {
      this.server.mustRun();
      return fetch(`http://127.0.0.1:${http}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    // The log is a file that a pipe fills: the line may come a moment later.
    this.#key ||= await until(
      'the server has printed its first key',
      () => /lsk_[A-Za-z0-9_-]+(?=\s)/.exec(this.server.log())?.[0],
    );
  }

  async workers(): Promise<Worker[]> {
    return (await this.rest.get<{ items: Worker[] }>('/workers')).items.filter(
      ({ mode }) => mode === 'builtIn',
    );
  }

  async worker(): Promise<Worker> {
    const [worker, ...others] = await this.workers();
    if (worker === undefined || others.length > 0) throw new Error(`${others.length + 1} built-in workers`);
    return worker;
  }

  connected(): Promise<Worker> {
    return until('the built-in worker is connected and healthy', async () => {
      const [worker] = await this.workers();
      return worker?.connected === true && worker.health === 'healthy' ? worker : undefined;
    });
  }

  /** The agents that run for it: there must never be two. */
  agents(): number[] {
    const found = processesIn(join(this.folder, 'server')).filter(
      ({ command }) => command.includes('longshore-agent') && command.includes(' run '),
    );
    return withoutForks(found).map(({ pid }) => pid);
  }

  hosts(): number[] {
    return hostsIn(join(this.folder, 'server')).map(({ pid }) => pid);
  }

  async output(script: string): Promise<string> {
    const { id } = await this.rest.script(script);
    const { attempt } = await this.rest.ended(id);
    return (await this.rest.bytes(`/attempts/${attempt.id}/output`)).toString();
  }

  async close(): Promise<void> {
    await this.server.stop();
    for (const { pid } of processesIn(this.folder)) process.kill(pid, 'SIGKILL');
    await until('all is gone', () => processesIn(this.folder).length === 0);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

describe('the built-in worker', () => {
  let place: Place;
  beforeAll(async () => {
    place = new Place();
    await place.start();
    await place.connected();
  }, 60_000);
  afterAll(() => place.close(), 60_000);

  test('is there after the first start, and serves the default pool, which has no worker', async () => {
    expect(await place.worker()).toMatchObject({ name: 'Built-in worker', enabled: true });
    expect(await place.output('echo built in')).toBe('built in\n');
    expect(place.agents()).toHaveLength(1);
  });

  test.each([
    ['stopped', (server: Daemon) => server.stop()],
    ['killed', (server: Daemon) => server.kill()],
  ])(
    'goes on when the server is %s, and is adopted: same process, same worker',
    async (_how, end) => {
      const { id } = await place.worker();
      const before = place.agents();
      const go = join(place.folder, `go-${_how}`);
      const task = await place.rest.script(`echo first; until [ -e ${go} ]; do sleep 0.05; done; echo last`);
      await place.rest.outputHas(task.id, 'first\n');
      await end(place.server);
      expect(place.agents()).toEqual(before);
      writeFileSync(go, '');
      await place.start();
      const { attempt } = await place.rest.ended(task.id);
      expect((await place.rest.bytes(`/attempts/${attempt.id}/output`)).toString()).toBe('first\nlast\n');
      expect((await place.connected()).id).toBe(id);
      expect(place.agents()).toEqual(before);
    },
    60_000,
  );

  test('is started again when it was killed, as the same worker', async () => {
    const { id } = await place.worker();
    const [before] = place.agents();
    process.kill(before!, 'SIGKILL');
    await until('another process runs', () => place.agents().some((pid) => pid !== before));
    await until('it is connected', async () => (await place.worker()).connected);
    expect((await place.worker()).id).toBe(id);
    expect(await place.output('echo back')).toBe('back\n');
    expect(place.agents()).toHaveLength(1);
  }, 60_000);

  test('switched off: what runs on it ends first, then it is gone; it takes nothing more; on again, it serves', async () => {
    const { id } = await place.worker();
    const go = join(place.folder, 'go-off');
    const task = await place.rest.script(`echo first; until [ -e ${go} ]; do sleep 0.05; done; echo last`);
    await place.rest.outputHas(task.id, 'first\n');
    await place.server.stop();
    await place.start('--builtin-worker', 'off');
    await until('it is disabled', async () => !(await place.worker()).enabled);
    expect(place.agents()).toHaveLength(1);
    const refused = await place.rest.script('echo never');
    expect(await place.rest.inState(refused.id, ENDED)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('disabled'),
    });
    writeFileSync(go, '');
    const { attempt } = await place.rest.ended(task.id);
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 0 });
    await until('its process is gone', () => place.agents().length === 0);
    await until('so is its script host', () => place.hosts().length === 0);

    await place.server.stop();
    await place.start();
    expect(await until('it is back', async () => (await place.connected()).enabled)).toBe(true);
    expect((await place.worker()).id).toBe(id);
    expect(await place.output('echo on again')).toBe('on again\n');
  }, 90_000);
});

const NOBODY = { uid: 65_534, gid: 65_534 };
const mayBecomeNobody = process.getuid?.() === 0 && hasPassage();
if (!mayBecomeNobody) {
  console.warn(
    'NOT TESTED: the built-in worker as another user needs a test run as root, and a checkout which that user may read or can be given by a mount namespace.',
  );
}

function hasPassage(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-passage-'));
  chmodSync(folder, 0o755);
  try {
    return passageFor(NOBODY, folder) !== undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

(mayBecomeNobody ? describe : describe.skip)('the built-in worker as another user', () => {
  let place: Place;
  beforeEach(async () => {
    place = new Place();
    chmodSync(place.folder, 0o755);
    const checkout = join(place.folder, 'checkout');
    mkdirSync(checkout);
    place.passage = passageFor(NOBODY, checkout) ?? DIRECT;
    await place.start('--builtin-worker-user', 'nobody');
  }, 60_000);
  afterEach(() => place.close(), 60_000);

  test('runs scripts as that user, who can read nothing of the server', async () => {
    await place.connected();
    const server = join(place.folder, 'server');
    expect(await place.output('id -un')).toBe('nobody\n');
    const [agent] = place.agents();
    expect(readFileSync(`/proc/${agent!}/status`, 'utf8')).toMatch(/^Uid:\s+65534\s+65534/m);
    const own = ['longshore.db', 'longshore.db-wal', 'master.key', 'node-id', 'builtin-worker/agent.log'];
    for (const name of own) expect(statSync(join(server, name)).isFile()).toBe(true);
    const looks = own.map((name) => `if [ -r '${server}/${name}' ]; then echo '${name}'; fi`);
    expect(await place.output(`${looks.join('; ')}; ls '${server}' 2>/dev/null || echo nothing`)).toBe(
      'nothing\n',
    );
  }, 60_000);
});
