/** One agent of a stage: registered in its mode, started, killed, started again. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { DIAL_LONGEST_BACKOFF_MS, DIAL_TIMEOUT_MS } from '@longshore/agent/limits';

import { FaultShim, type ShimReach } from './fault-shim.ts';
import { FaultProxy } from './fault-proxy.ts';
import { FrameCuts } from './frame-cut.ts';
import { KeyLog } from './key-log.ts';
import type { Machine } from './machine.ts';
import { answers, freePort } from './ports.ts';
import { hostsIn } from './proc.ts';
import { Daemon, startProgram, type Ran, type RunOptions } from './program.ts';
import type { RestClient } from './rest.ts';
import { until } from './until.ts';

export type AgentMode = 'polling' | 'listening';

export const AGENT_MODES: readonly AgentMode[] = ['polling', 'listening'];

/** What an agent needs of its stage. */
export interface Home {
  readonly rest: RestClient;
  longshore(args: string[], options?: RunOptions): Promise<Ran>;
}

/** One that was cut over and over dials again after its longest back-off; and the first of those dials may come to nothing. */
export const BACK_WITHIN_MS = 2 * DIAL_LONGEST_BACKOFF_MS + DIAL_TIMEOUT_MS;

export interface StageAgentOptions {
  mode: AgentMode;
  name: string;
  folder: string;
  slots: number;
  pool: string;
  /** Its disk (the data directory) and clock can be made to fail; how far below the link process it goes. */
  shim?: ShimReach;
  /** Where it runs, if not simply here. */
  machine?: Machine;
  /** A fault proxy before its port, if it listens: the server then dials that. */
  proxied?: boolean;
  /** What is done to it while it listens, and before it is paired. */
  unpaired?: (port: number) => Promise<void>;
  /** That proxy reads along. */
  frames?: boolean;
}

export class StageAgent {
  readonly mode: AgentMode;
  readonly name: string;
  readonly folder: string;
  readonly daemon: Daemon;
  readonly #options: StageAgentOptions;
  readonly #shim: FaultShim | undefined;
  readonly #keys: KeyLog;
  #proxy: FaultProxy | undefined;
  #port = 0;
  #cuts: FrameCuts | undefined;

  constructor(options: StageAgentOptions) {
    this.#options = options;
    this.mode = options.mode;
    this.name = options.name;
    this.folder = options.folder;
    this.#shim =
      options.shim === undefined
        ? undefined
        : FaultShim.open({ controlFile: `${options.folder}.shim`, under: this.dataDir, into: options.shim });
    this.#keys = new KeyLog(`${options.folder}.keys`);
    const logsKeys = options.frames === true && options.mode === 'listening';
    this.daemon = new Daemon('agent', {
      args: ['run', '--data-dir', this.dataDir, '--log-format', 'json', '--log-level', 'debug'],
      logFile: `${options.folder}.log`,
      env: { ...this.#shim?.env(), ...(logsKeys && this.#keys.env()) },
      ...(options.machine === undefined ? {} : { passage: options.machine }),
    });
  }

  /** Where it listens, if it does. */
  get port(): number {
    return this.#port;
  }

  /** Ends all faults of its shim and proxy: before it is asked to stop. */
  async calm(): Promise<void> {
    this.#proxy?.restore();
    await this.#shim?.close();
  }

  get shim(): FaultShim {
    if (this.#shim === undefined) throw new Error(`${this.name} has no shim: addAgent(mode, { shim })`);
    return this.#shim;
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** The pid of its script host. */
  get hostPid(): number {
    const pid = this.runningHost();
    if (pid === undefined) throw new Error(`no script host of ${this.name} is running`);
    return pid;
  }

  /** Undefined for the moment between the end of one and the next. */
  runningHost(): number | undefined {
    return hostsIn(this.dataDir)[0]?.pid;
  }

  /** The one that a listening agent's server passes. */
  get proxy(): FaultProxy {
    if (this.#proxy === undefined) throw new Error(`${this.name} has no proxy of its own`);
    return this.#proxy;
  }

  /** Of a listening agent's link. */
  get cuts(): FrameCuts {
    if (this.#cuts === undefined) throw new Error(`the links of ${this.name} can't be cut at a frame`);
    return this.#cuts;
  }

  async closeProxy(): Promise<void> {
    await this.#proxy?.close();
  }

  async register(stage: Home): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    if (this.mode === 'polling') await this.#registerPolling(stage);
    else await this.#pair(stage);
    await this.connected(stage);
  }

  /** Resolves when the server has a session with it and gives it leases. */
  async connected(stage: Home): Promise<void> {
    const look = async (): Promise<boolean> => {
      this.daemon.mustRun();
      const worker = await stage.rest.get<{ connected: boolean; health: string }>(`/workers/${this.name}`);
      return worker.connected && ['healthy', 'hasWarnings'].includes(worker.health);
    };
    await until(`${this.name} is connected and healthy`, look, { timeoutMs: BACK_WITHIN_MS });
  }

  async #registerPolling(stage: Home): Promise<void> {
    const { name, slots, pool } = this.#options;
    const { token } = await stage.rest.post<{ token: string }>('/tokens', { pools: [pool] });
    await must(
      'register',
      ['register', '--data-dir', this.dataDir, '--name', name, '--slots', String(slots)],
      { LONGSHORE_TOKEN: token },
    );
    this.daemon.start();
  }

  async #pair(stage: Home): Promise<void> {
    const { name, slots, pool } = this.#options;
    const port = await freePort();
    this.#port = port;
    const address = `127.0.0.1:${port}`;
    const printed = await must(
      'configure',
      ['configure', '--data-dir', this.dataDir, '--name', name, '--listen', address],
      {},
    );
    const pairing = /lsp_\S+/.exec(printed)?.[0];
    if (pairing === undefined) throw new Error(`configure printed no pairing string: ${printed}`);
    this.daemon.start();
    await until(`${name} listens`, () => {
      this.daemon.mustRun();
      return answers(port);
    });
    await this.#options.unpaired?.(port);
    if (this.#options.proxied === true) this.#proxy = await FaultProxy.open({ host: '127.0.0.1', port });
    if (this.#options.frames === true) this.#cuts = new FrameCuts(this.proxy, this.#keys);
    const added = await stage.longshore(
      [
        'worker',
        'add',
        '--listening',
        '-',
        '--name',
        name,
        '--pool',
        pool,
        '--slots',
        String(slots),
        '--address',
        this.#proxy?.address ?? address,
      ],
      { input: pairing },
    );
    if (added.code !== 0)
      throw new Error(`worker add ended with ${String(added.code)}: ${added.stderr}\n${this.daemon.log()}`);
  }
}

async function must(what: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { code, stdout, stderr } = await startProgram('agent', args, { env }).ended;
  if (code !== 0) throw new Error(`longshore-agent ${what} ended with ${String(code)}: ${stderr}`);
  return stdout.toString();
}
