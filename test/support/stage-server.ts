/** One server node of a stage, on free ports: started, stopped, killed, started again. */
import { join } from 'node:path';

import { freePort } from './ports.ts';
import { Daemon } from './program.ts';
import { until } from './until.ts';

export interface StageServerOptions {
  /** Of its data, within the stage's folder. */
  name: string;
  folder: string;
  builtinWorker: boolean;
  env: NodeJS.ProcessEnv;
}

export class StageServer {
  readonly name: string;
  readonly url: string;
  readonly agentAddress: string;
  readonly daemon: Daemon;

  private constructor(
    { name, folder, builtinWorker, env }: StageServerOptions,
    ports: { http: number; agent: number },
  ) {
    this.name = name;
    this.url = `http://127.0.0.1:${ports.http}`;
    this.agentAddress = `127.0.0.1:${ports.agent}`;
    this.daemon = new Daemon('server', {
      args: [
        ...['--data-dir', join(folder, name), '--http-address', `127.0.0.1:${ports.http}`],
        ...['--agent-address', this.agentAddress, '--public-agent-address', this.agentAddress],
        ...['--node-id', name, '--builtin-worker', builtinWorker ? 'on' : 'off'],
        ...['--log-format', 'json', '--log-level', 'debug'],
      ],
      logFile: join(folder, `${name}.log`),
      env,
    });
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
