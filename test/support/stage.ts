/**
 * A whole Longshore on this machine for a test: a server, agents of both
 * modes, and the command, all as real processes on free ports with their data
 * in a folder of their own. Closing it ends all by pid, and fails when
 * something that belongs to it is left.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ShimReach } from './fault-shim.ts';
import type { Direction, FaultProxy } from './fault-proxy.ts';
import type { FrameCuts } from './frame-cut.ts';
import type { Machine } from './machine.ts';
import { createPostgresDatabase, type TestDatabase } from './postgres.ts';
import { RestClient } from './rest.ts';
import { StageAgent, type AgentMode } from './stage-agent.ts';
import { StageServer } from './stage-server.ts';
import { isHost, processesIn } from './proc.ts';
import { startProgram, type Daemon, type Ran, type Running, type RunOptions } from './program.ts';
import type { Dialect } from './store.ts';
import type { StorePlace } from './store-tables.ts';
import { until } from './until.ts';

export interface StageOptions {
  /** `sqlite` unless told. A PostgreSQL database is made for the stage, and dropped with it. */
  database?: Dialect;
  builtinWorker?: boolean;
  /** A fault proxy on every link: before each server's agent port, and before each listening agent. */
  proxied?: boolean;
  /** A proxy on every link that reads along: each can be cut at a frame of a kind (`cutsOf`). */
  frames?: boolean;
  env?: NodeJS.ProcessEnv;
  /** Under each server: its disk and clock can be made to fail (`stage.servers[0].shim`). */
  shim?: boolean;
}

export const POOL = 'stage';

export class Stage implements AsyncDisposable {
  readonly folder: string;
  /** The server nodes; all but the first by `addServer`. */
  readonly servers: StageServer[] = [];
  readonly agents: StageAgent[] = [];
  readonly #options: StageOptions;
  readonly #database: TestDatabase | undefined;
  readonly #masterKey = randomBytes(32).toString('base64');
  #key = '';

  private constructor(folder: string, options: StageOptions, database: TestDatabase | undefined) {
    this.folder = folder;
    this.#options = options;
    this.#database = database;
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const database = options.database === 'postgres' ? await createPostgresDatabase() : undefined;
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'longshore-stage-')), options, database);
    try {
      await stage.addServer();
      await stage.rest.post('/pools', { name: POOL });
      return stage;
    } catch (thrown) {
      await stage.close();
      throw thrown;
    }
  }

  /** Of its server nodes' work: to be read beside them. */
  get store(): StorePlace {
    return this.#database === undefined
      ? { databaseFile: join(this.#first.dataDir, 'longshore.db') }
      : { databaseUrl: this.#database.url };
  }

  get key(): string {
    return this.#key;
  }

  /** Of a stage on PostgreSQL. */
  get databaseUrl(): string {
    if (this.#database === undefined) throw new Error("the stage was not opened with `database: 'postgres'`");
    return this.#database.url;
  }

  /** The first server node, which is the only one in most stories. */
  get server(): Daemon {
    return this.#first.daemon;
  }

  get url(): string {
    return this.#first.url;
  }

  get rest(): RestClient {
    return this.restOf(this.#first);
  }

  restOf(server: StageServer): RestClient {
    return new RestClient(server.url, this.#key);
  }

  async startServer(): Promise<void> {
    await this.#first.start();
  }

  /** Another node on the same database: PostgreSQL, but for the first. */
  async addServer(): Promise<StageServer> {
    const server = await StageServer.on({
      name: this.servers.length === 0 ? 'server' : `server-${this.servers.length + 1}`,
      folder: this.folder,
      builtinWorker: this.#options.builtinWorker === true,
      shim: this.#options.shim === true,
      ...this.#onLinks,
      env: {
        ...(this.#database === undefined
          ? {}
          : { LONGSHORE_DATABASE: this.#database.url, LONGSHORE_MASTER_KEY: this.#masterKey }),
        ...this.#options.env,
      },
    });
    this.servers.push(server);
    await server.start();
    if (this.#key === '')
      this.#key = await until(
        'the server has printed its first key',
        () => /lsk_[A-Za-z0-9_-]+/.exec(server.daemon.log())?.[0],
      );
    return server;
  }

  get #onLinks(): { proxied: boolean; frames: boolean } {
    const frames = this.#options.frames === true;
    return { proxied: frames || this.#options.proxied === true, frames };
  }

  get #first(): StageServer {
    const [first] = this.servers;
    if (first === undefined) throw new Error('the stage has no server yet');
    return first;
  }

  async addAgent(
    mode: AgentMode,
    options: {
      name?: string;
      slots?: number;
      pool?: string;
      shim?: ShimReach;
      machine?: Machine;
      unpaired?: (port: number) => Promise<void>;
    } = {},
  ): Promise<StageAgent> {
    const name = options.name ?? `${mode}-${this.agents.length + 1}`;
    const agent = new StageAgent({
      mode,
      name,
      folder: join(this.folder, name),
      slots: options.slots ?? 64,
      pool: options.pool ?? POOL,
      ...(options.shim === undefined ? {} : { shim: options.shim }),
      ...(options.machine === undefined ? {} : { machine: options.machine }),
      ...(options.unpaired === undefined ? {} : { unpaired: options.unpaired }),
      ...this.#onLinks,
    });
    this.agents.push(agent);
    await agent.register(this);
    return agent;
  }

  /** The proxy that an agent's link to the first server passes. */
  proxyOf(agent: StageAgent): FaultProxy {
    return agent.mode === 'listening' ? agent.proxy : this.#first.proxy;
  }

  /** What cuts that link at a frame. */
  cutsOf(agent: StageAgent): FrameCuts {
    return agent.mode === 'listening' ? agent.cuts : this.#first.cuts;
  }

  /** The direction, through that proxy, of what the agent sends. */
  fromAgent(agent: StageAgent): Direction {
    return agent.mode === 'listening' ? 'toDialler' : 'toListener';
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
    for (const program of [...this.servers, ...this.agents]) await program.calm();
    for (const agent of this.agents) {
      if (!(await agent.daemon.stop())) problems.push(`agent ${agent.name} did not stop when asked to`);
    }
    for (const { name, daemon } of this.servers) {
      if (!(await daemon.stop())) problems.push(`${name} did not stop when asked to`);
    }
    for (const proxied of [...this.servers, ...this.agents]) await proxied.closeProxy();
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
    await this.#database?.drop();
    if (problems.length > 0) throw new Error(`closing the stage:\n${problems.join('\n')}`);
  }
}
