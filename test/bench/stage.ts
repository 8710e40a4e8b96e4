/**
 * The real programs as an operator runs them: one server on SQLite with mTLS,
 * authentication and durable commits, one polling agent with its script host.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../support/ports.ts';
import { BenchClient } from './client.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
export const SERVER = join(ROOT, 'packages/server/bin/longshore-server.js');
export const AGENT = join(ROOT, 'packages/agent/bin/longshore-agent.js');

export interface Stage {
  url: string;
  key: string;
  client: BenchClient;
  serverPid: number;
  agentPort: number;
  dataDir: string;
  startAgent(name: string, options?: { slots?: number; pool?: string }): Promise<StageAgent>;
  close(): Promise<void>;
}

export interface StageAgent {
  pid: number;
  hostPid: number;
  dataDir: string;
  /** Ends the link process alone. */
  stop(): Promise<void>;
  /** Milliseconds from the start of the process until it said that its session is open. */
  restart(): Promise<number>;
}

export async function openStage(): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'longshore-bench-'));
  const [httpPort, agentPort] = [await freePort(), await freePort()];
  const server = spawn(
    process.execPath,
    [
      SERVER,
      ...['--data-dir', join(dataDir, 'server'), '--http-address', `127.0.0.1:${httpPort}`],
      ...['--agent-address', `127.0.0.1:${agentPort}`, '--public-agent-address', `127.0.0.1:${agentPort}`],
      ...['--builtin-worker', 'off', '--task-cap', '64', '--log-level', 'warn'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const key = await firstMatch(server, /(lsk_[A-Za-z0-9_-]+)/);
  const url = `http://127.0.0.1:${httpPort}`;
  const client = new BenchClient(url, key, 64);
  await until('the server answers', async () => (await fetch(`${url}/readyz`)).ok);
  const agents: { stop(): Promise<void>; hostPid: number }[] = [];
  return {
    url,
    key,
    client,
    serverPid: server.pid ?? 0,
    agentPort,
    dataDir,
    startAgent: async (name, options = {}) => {
      const agent = await startAgent({
        name,
        client,
        dataDir: join(dataDir, name),
        slots: options.slots ?? 64,
        pool: options.pool ?? 'Default Worker Pool',
      });
      agents.push(agent);
      return agent;
    },
    close: async () => {
      client.close();
      for (const agent of agents) {
        await agent.stop();
        kill(agent.hostPid);
      }
      await stop(server);
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function startAgent(o: {
  name: string;
  client: BenchClient;
  dataDir: string;
  slots: number;
  pool: string;
}): Promise<StageAgent> {
  const { token } = await o.client.json('POST', '/tokens', { pools: [o.pool] });
  const register = spawn(
    process.execPath,
    [AGENT, 'register', '--data-dir', o.dataDir, '--name', o.name, '--slots', String(o.slots)],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, LONGSHORE_TOKEN: String(token) } },
  );
  await exited(register);
  let child = runAgent(o.dataDir);
  await untilConnected(o.client, o.name, true);
  const hostPid = await until('the script host runs', async () => findHost(o.dataDir));
  return {
    get pid() {
      return child.pid ?? 0;
    },
    hostPid,
    dataDir: o.dataDir,
    stop: async () => {
      await stop(child);
    },
    restart: async () => {
      await stop(child);
      await untilConnected(o.client, o.name, false);
      const begin = performance.now();
      child = runAgent(o.dataDir, 'pipe');
      await firstMatch(child, /session (is )?open/i);
      return performance.now() - begin;
    },
  };
}

function runAgent(dataDir: string, stderr: 'inherit' | 'pipe' = 'inherit'): ChildProcess {
  const level = stderr === 'pipe' ? 'info' : 'warn';
  return spawn(process.execPath, [AGENT, 'run', '--data-dir', dataDir, '--log-level', level], {
    stdio: ['ignore', 'ignore', stderr],
  });
}

async function untilConnected(client: BenchClient, name: string, connected: boolean): Promise<void> {
  await until(`${name} is ${connected ? '' : 'dis'}connected`, async () => {
    const worker = await client.json('GET', `/workers/${name}`);
    return (worker['connectedAt'] !== null) === connected;
  });
}

/** The pid of the script host of a data directory, by its command line. */
function findHost(dataDir: string): number | undefined {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      if (command.includes('host-main') && command.includes(dataDir)) return Number(pid);
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}

/** Resident memory in MB, by the kernel's account. */
export function rssMb(pid: number): number {
  const line = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(line?.[1] ?? Number.NaN) / 1024;
}

/** Processor time that a process and its threads used so far, in milliseconds. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  const CLOCK_TICK_MS = 10;
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS;
}

export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  seconds = 30,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
    } catch (thrown) {
      last = thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited ${seconds} s until ${what}`, { cause: last });
}

function firstMatch(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (part: Buffer): void => {
      text += part.toString();
      const match = pattern.exec(text);
      if (match !== null) resolve(match[1] ?? match[0]);
    };
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.on('exit', (code) =>
      reject(new Error(`ended with ${String(code)} before ${String(pattern)}: ${text}`)),
    );
  });
}

function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`ended with ${String(code)}`))));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It is gone already.
  }
}
