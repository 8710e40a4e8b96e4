/** One server node of a stage, on free ports: started, stopped, killed, started again. */
import { join } from 'node:path';

import { FaultShim } from './fault-shim.ts';
import { FaultProxy } from './fault-proxy.ts';
import { FrameCuts } from './frame-cut.ts';
import { KeyLog } from './key-log.ts';
import { freePort } from './ports.ts';
import { Daemon } from './program.ts';
import { until } from './until.ts';

export interface StageServerOptions {
  /** Of its data, within the stage's folder. */
  name: string;
  folder: string;
  /** `name` unless told: a copy of a node's data is taken up under the node's own id. */
  nodeId?: string;
  builtinWorker: boolean;
  /** A fault proxy before its agent port, which is then its public agent address. */
  proxied?: boolean;
  /** That proxy reads along. */
  frames?: boolean;
  env: NodeJS.ProcessEnv;
  /** Its disk (the data directory) and clock can be made to fail. */
  shim?: boolean;
}

export class StageServer {
  readonly name: string;
  readonly url: string;
  readonly agentAddress: string;
  readonly daemon: Daemon;
  readonly dataDir: string;
  readonly #shim: FaultShim | undefined;
  readonly #proxy: FaultProxy | undefined;
  readonly #cuts: FrameCuts | undefined;

  private constructor(
    { name, folder, nodeId = name, builtinWorker, env, shim = false, frames = false }: StageServerOptions,
    ports: { http: number; agent: number },
    proxy: FaultProxy | undefined,
  ) {
    this.#proxy = proxy;
    this.name = name;
    this.dataDir = join(folder, name);
    this.#shim = shim
      ? FaultShim.open({ controlFile: `${this.dataDir}.shim`, under: this.dataDir })
      : undefined;
    const keys = new KeyLog(`${this.dataDir}.keys`);
    this.#cuts = frames && proxy !== undefined ? new FrameCuts(proxy, keys) : undefined;
    this.url = `http://127.0.0.1:${ports.http}`;
    this.agentAddress = `127.0.0.1:${ports.agent}`;
    this.daemon = new Daemon('server', {
      args: [
        ...['--data-dir', this.dataDir, '--http-address', `127.0.0.1:${ports.http}`],
        ...['--agent-address', this.agentAddress],
        ...['--public-agent-address', proxy?.address ?? this.agentAddress],
        ...['--node-id', nodeId, '--builtin-worker', builtinWorker ? 'on' : 'off'],
        ...['--log-format', 'json', '--log-level', 'debug'],
      ],
      logFile: join(folder, `${name}.log`),
      env: { ...env, ...this.#shim?.env(), ...(this.#cuts && keys.env()) },
    });
  }

  /** Ends all faults of its shim and proxy: before it is asked to stop. */
  async calm(): Promise<void> {
    this.#proxy?.restore();
    await this.#shim?.close();
  }

  get shim(): FaultShim {
    if (this.#shim === undefined) throw new Error(`${this.name} has no shim: Stage.open({ shim: true })`);
    return this.#shim;
  }

  static async on(options: StageServerOptions): Promise<StageServer> {
    const ports = { http: await freePort(), agent: await freePort() };
    const proxy =
      options.proxied === true ? await FaultProxy.open({ host: '127.0.0.1', port: ports.agent }) : undefined;
    return new StageServer(options, ports, proxy);
  }

  /** The one that polling agents pass; it outlives the server's lives. */
  get proxy(): FaultProxy {
    if (this.#proxy === undefined) throw new Error('the stage was not opened with `proxied`');
    return this.#proxy;
  }

  /** Of the links of polling agents. */
  get cuts(): FrameCuts {
    if (this.#cuts === undefined) throw new Error('the stage was not opened with `frames`');
    return this.#cuts;
  }

  async closeProxy(): Promise<void> {
    await this.#proxy?.close();
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    this.daemon.start();
    await until(`${this.name} is ready`, async () => {
      this.daemon.mustRun();
      return fetch(`${this.url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
  }
}
