/**
 * A whole Longshore on this machine for a test: a server, agents of both
 * modes, and the command, all as real processes on free ports with their data
 * in a folder of their own. Closing it ends all by pid, and fails when
 * something that belongs to it is left.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RestClient } from './rest.ts';
import { StageAgent, type AgentMode } from './stage-agent.ts';
import { freePort } from './ports.ts';
import { isHost, processesIn } from './proc.ts';
import { Daemon, startProgram, type Ran, type Running, type RunOptions } from './program.ts';
import { until } from './until.ts';

export interface StageOptions {
  /** `sqlite`, or the URL of a PostgreSQL database. */
  database?: string;
  builtinWorker?: boolean;
  env?: NodeJS.ProcessEnv;
}

export const POOL = 'stage';

export class Stage implements AsyncDisposable {
  readonly folder: string;
  readonly url: string;
  readonly agentAddress: string;
  readonly server: Daemon;
  readonly agents: StageAgent[] = [];
  #key = '';

  private constructor(folder: string, ports: { http: number; agent: number }, options: StageOptions) {
    this.folder = folder;
    this.url = `http://127.0.0.1:${ports.http}`;
    this.agentAddress = `127.0.0.1:${ports.agent}`;
    this.server = new Daemon('server', {
      args: [
        ...['--data-dir', join(folder, 'server'), '--http-address', `127.0.0.1:${ports.http}`],
        ...['--agent-address', this.agentAddress, '--public-agent-address', this.agentAddress],
        ...[
          '--builtin-worker',
          options.builtinWorker === true ? 'on' : 'off',
          '--log-format',
          'json',
          '--log-level',
          'debug',
        ],
      ],
      logFile: join(folder, 'server.log'),
      env: {
        ...(options.database === undefined ? {} : { LONGSHORE_DATABASE: options.database }),
        ...options.env,
      },
    });
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-stage-'));
    const stage = new Stage(folder, { http: await freePort(), agent: await freePort() }, options);
    try {
      await stage.startServer();
      await stage.rest.post('/pools', { name: POOL });
      return stage;
    } catch (thrown) {
      await stage.close();
      throw thrown;
    }
  }

  get key(): string {
    return this.#key;
  }

  get rest(): RestClient {
    return new RestClient(this.url, this.#key);
  }

  async startServer(): Promise<void> {
    this.server.start();
    await until('the server is ready', async () => {
      this.server.mustRun();
      return fetch(`${this.url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
    if (this.#key === '')
      this.#key = await until(
        'the server has printed its first key',
        () => /lsk_[A-Za-z0-9_-]+/.exec(this.server.log())?.[0],
      );
  }

  async addAgent(
    mode: AgentMode,
    options: { name?: string; slots?: number; pool?: string } = {},
  ): Promise<StageAgent> {
    const name = options.name ?? `${mode}-${this.agents.length + 1}`;
    const agent = new StageAgent({
      mode,
      name,
      folder: join(this.folder, name),
      slots: options.slots ?? 64,
      pool: options.pool ?? POOL,
    });
    this.agents.push(agent);
    await agent.register(this);
    return agent;
  }

  /** The `longshore` command against this stage. */
  start(args: string[], options: RunOptions = {}): Running {
    return startProgram('cli', args, {
      ...options,
      env: { HOME: this.folder, LONGSHORE_SERVER: this.url, LONGSHORE_API_KEY: this.#key, ...options.env },
    });
  }

  async longshore(args: string[], options: RunOptions = {}): Promise<Ran> {
    return this.start(args, options).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @throws Error that names what did not end by itself */
  async close(): Promise<void> {
    const problems: string[] = [];
    for (const agent of this.agents) {
      if (!(await agent.daemon.stop())) problems.push(`agent ${agent.name} did not stop when asked to`);
    }
    if (!(await this.server.stop())) problems.push('the server did not stop when asked to');
    // Script hosts outlive their agents by design; nothing else may be left.
    for (const left of processesIn(this.folder)) {
      if (!isHost(left.command)) problems.push(`left running: ${left.pid} ${left.command}`);
      try {
        process.kill(left.pid, 'SIGKILL');
      } catch {
        // it has ended meanwhile
      }
    }
    await until('all processes of the stage are gone', () => processesIn(this.folder).length === 0);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
    if (problems.length > 0) throw new Error(`closing the stage:\n${problems.join('\n')}`);
  }
}
