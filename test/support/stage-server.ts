/** One server node of a stage, on free ports: started, stopped, killed, started again. */
import { join } from 'node:path';

import { FaultShim } from './fault-shim.ts';
import { freePort } from './ports.ts';
import { Daemon } from './program.ts';
import { until } from './until.ts';

export interface StageServerOptions {
  /** Of its data, within the stage's folder. */
  name: string;
  folder: string;
  builtinWorker: boolean;
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

  private constructor(
    { name, folder, builtinWorker, env, shim = false }: StageServerOptions,
    ports: { http: number; agent: number },
  ) {
    this.name = name;
    this.dataDir = join(folder, name);
    this.#shim = shim
      ? FaultShim.open({ controlFile: `${this.dataDir}.shim`, under: this.dataDir })
      : undefined;
    this.url = `http://127.0.0.1:${ports.http}`;
    this.agentAddress = `127.0.0.1:${ports.agent}`;
    this.daemon = new Daemon('server', {
      args: [
        ...['--data-dir', this.dataDir, '--http-address', `127.0.0.1:${ports.http}`],
        ...['--agent-address', this.agentAddress, '--public-agent-address', this.agentAddress],
        ...['--node-id', name, '--builtin-worker', builtinWorker ? 'on' : 'off'],
        ...['--log-format', 'json', '--log-level', 'debug'],
      ],
      logFile: join(folder, `${name}.log`),
      env: { ...env, ...this.#shim?.env() },
    });
  }

  /** Ends all faults of its shim: before it is asked to stop. */
  async calm(): Promise<void> {
    await this.#shim?.close();
  }

  get shim(): FaultShim {
    if (this.#shim === undefined) throw new Error(`${this.name} has no shim: Stage.open({ shim: true })`);
    return this.#shim;
  }

  static async on(options: StageServerOptions): Promise<StageServer> {
    return new StageServer(options, { http: await freePort(), agent: await freePort() });
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
