/**
 * Many simulated agents over a few processes, as the test sees them: who is
 * connected since when. All are real peers: keys, certificates, TLS, gRPC, and
 * the agent's own code to come back.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { until } from '../../support/until.ts';
import type { Stage } from '../../support/stage.ts';
import type { AgentMode } from '../../support/stage-agent.ts';
import type { Asked, CrowdSettings, Told } from './words.ts';

export interface CrowdOptions {
  mode: AgentMode;
  count: number;
  processes: number;
  pool: string;
}

export class Crowd {
  readonly #options: CrowdOptions;
  readonly #children: ChildProcess[] = [];
  readonly #openSince = new Map<number, number>();
  readonly #faults: string[] = [];
  /** Why sessions ended, and how often. */
  readonly ends = new Map<string, number>();
  #ready = 0;

  private constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Resolves when all are enrolled and connected. */
  static async of(stage: Stage, options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(options);
    const { count, processes, mode, pool } = options;
    const each = Math.ceil(count / processes);
    for (let from = 0; from < count; from += each) {
      const folder = join(stage.folder, 'crowd');
      crowd.#fork({
        ...{ mode, from, count: Math.min(each, count - from), pool, folder },
        url: stage.url,
        key: stage.key,
      });
    }
    try {
      await crowd.#wait('enrolled', () => crowd.#ready === crowd.#children.length, 600_000);
      await crowd.allBack(600_000);
    } catch (thrown) {
      await crowd.close();
      throw thrown;
    }
    return crowd;
  }

  get connected(): number {
    return this.#openSince.size;
  }

  /** All have a session; when each of them began, machine milliseconds, in rising order. */
  async allBack(withinMs: number): Promise<number[]> {
    await this.#wait('connected', () => this.connected === this.#options.count, withinMs);
    return [...this.#openSince.values()].sort((one, other) => one - other);
  }

  async allGone(withinMs: number): Promise<void> {
    await this.#wait('disconnected', () => this.connected === 0, withinMs);
  }

  /** The scripts that they have end well. */
  finish(): void {
    this.#ask({ kind: 'finish' });
  }

  async close(): Promise<void> {
    this.#ask({ kind: 'close' });
    try {
      await until('the crowd has left', () => this.#children.every(hasEnded), { timeoutMs: 60_000 });
    } finally {
      for (const child of this.#children) if (!hasEnded(child)) child.kill('SIGKILL');
    }
  }

  async #wait(what: string, condition: () => boolean, timeoutMs: number): Promise<void> {
    const { count } = this.#options;
    await until(
      `all ${count} agents are ${what}`,
      () => {
        const ended = this.#children.find(hasEnded);
        if (ended !== undefined) throw new Error(`a process of the crowd ended (${String(ended.exitCode)})`);
        if (this.#faults.length > 0) throw new Error(this.#faults.slice(0, 5).join('\n'));
        return condition();
      },
      { timeoutMs },
    ).catch((thrown: unknown) => {
      throw new Error(`${this.connected} are connected; ends: ${JSON.stringify([...this.ends])}`, {
        cause: thrown,
      });
    });
  }

  #fork(settings: CrowdSettings): void {
    const child = fork(join(import.meta.dirname, 'main.ts'), [JSON.stringify(settings)], {
      execArgv: ['--conditions=longshore-source', '--disable-warning=ExperimentalWarning'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    child.on('message', (told: Told) => this.#told(told));
    this.#children.push(child);
  }

  #told(told: Told): void {
    switch (told.kind) {
      case 'ready':
        this.#ready += 1;
        return;
      case 'opened':
        this.#openSince.set(told.agent, told.at);
        return;
      case 'ended':
        this.#openSince.delete(told.agent);
        this.#count(told.detail.replaceAll(/\d{3,}/g, 'N'));
        return;
      case 'startedTwice':
        this.#faults.push(`agent ${told.agent} was told to start ${told.attemptId} twice`);
        return;
      case 'failed':
        this.#faults.push(told.detail);
        return;
    }
  }

  #count(end: string): void {
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
  }

  #ask(asked: Asked): void {
    for (const child of this.#children) if (child.connected) child.send(asked);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
