/**
 * The figures of this node, for Prometheus. What happens is counted in plain
 * numbers; the library and its registry are made at the first question, so
 * that a server nobody asks does not carry them.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { EVENT_LOOP_SAMPLE_MS } from './limits.ts';

export interface MetricSources {
  version: string;
  nodeId: string;
  /** From memory. */
  figures(): { owned: number; queued: number; held: number };
  tasksByState(): Promise<Record<string, number>>;
  /** Milliseconds that the oldest queued task has waited. */
  oldestQueuedMs(): Promise<number>;
  agentsConnected(): number;
  logBytesStored(): number;
  storageOut(): boolean;
}

/** A port of ours: `--agent-address` or `--http-address`. */
export type Port = 'agents' | 'http';

/** Counted as it happens. */
export class Counters {
  commits = 0;
  commitGroups = 0;
  largestGroup = 0;
  syncMs = 0;
  longestSyncMs = 0;
  readonly #requests = new Map<string, { count: number; ms: number }>();

  synced(commits: number, ms: number): void {
    this.commits += commits;
    this.commitGroups += 1;
    this.largestGroup = Math.max(this.largestGroup, commits);
    this.syncMs += ms;
    this.longestSyncMs = Math.max(this.longestSyncMs, ms);
  }

  answered(status: number, ms: number): void {
    const group = `${Math.floor(status / 100)}xx`;
    const found = this.#requests.get(group) ?? { count: 0, ms: 0 };
    found.count += 1;
    found.ms += ms;
    this.#requests.set(group, found);
  }

  /** Connections that were turned away, by port and reason; and sessions that were ended for what their agent sent, by the error's code. */
  readonly refused: Readonly<Record<Port, Map<string, number>>> = { agents: new Map(), http: new Map() };
  readonly violations = new Map<string, number>();
  /** Requests without an API key that works. */
  keysRefused = 0;

  connectionRefused(port: Port, reason: string): void {
    const reasons = this.refused[port];
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }

  violated(code: string): void {
    this.violations.set(code, (this.violations.get(code) ?? 0) + 1);
  }

  requests(): IterableIterator<[string, { count: number; ms: number }]> {
    return this.#requests.entries();
  }
}

interface Page {
  contentType: string;
  body: string;
}

export class Metrics {
  readonly counters: Counters;
  readonly #sources: MetricSources;
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>;
  #page: Promise<() => Promise<Page>> | undefined;

  constructor(counters: Counters, sources: MetricSources) {
    this.counters = counters;
    this.#sources = sources;
    this.#delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_SAMPLE_MS });
    this.#delay.enable();
  }

  async page(): Promise<Page> {
    const render = await (this.#page ??= this.#load());
    return render();
  }

  close(): void {
    this.#delay.disable();
  }

  async #load(): Promise<() => Promise<Page>> {
    // CommonJS: in a bundle its names are on `default` only.
    const { default: client } = await import('prom-client');
    const { Registry, Gauge } = client;
    const registry = new Registry();
    const gauge = (name: string, help: string, labelNames: string[] = []) =>
      new Gauge({ name: `longshore_${name}`, help, labelNames, registers: [registry] });
    const info = gauge('info', 'Which program this is; always 1', ['version', 'node']);
    const tasks = gauge('tasks', 'Tasks by state', ['state']);
    const requests = gauge('http_requests_total', 'Answered HTTP requests by class of status', ['status']);
    const requestSeconds = gauge('http_request_seconds_total', 'Time spent on them', ['status']);
    const refused = gauge('connections_refused_total', 'Connections that were turned away, by our port', [
      'port',
      'reason',
    ]);
    const violations = gauge('protocol_violations_total', 'Sessions ended for what their agent sent', [
      'code',
    ]);
    const plain = this.#plainFigures().map(({ name, help, read }) => ({ set: gauge(name, help), read }));
    return async () => {
      info.set({ version: this.#sources.version, node: this.#sources.nodeId }, 1);
      tasks.reset();
      for (const [state, count] of Object.entries(await this.#sources.tasksByState()))
        tasks.set({ state }, count);
      for (const [status, { count, ms }] of this.counters.requests()) {
        requests.set({ status }, count);
        requestSeconds.set({ status }, ms / 1000);
      }
      for (const [port, reasons] of Object.entries(this.counters.refused))
        for (const [reason, count] of reasons) refused.set({ port, reason }, count);
      for (const [code, count] of this.counters.violations) violations.set({ code }, count);
      for (const { set, read } of plain) set.set(await read());
      this.#delay.reset();
      return { contentType: registry.contentType, body: await registry.metrics() };
    };
  }

  #plainFigures(): { name: string; help: string; read: () => number | Promise<number> }[] {
    const { counters } = this;
    const sources = this.#sources;
    return [
      { name: 'tasks_owned', help: 'Unfinished tasks of this node', read: () => sources.figures().owned },
      { name: 'queue_length', help: 'Requests waiting for a lease', read: () => sources.figures().queued },
      {
        name: 'queue_oldest_seconds',
        help: 'How long the oldest of them has waited',
        read: async () => (await sources.oldestQueuedMs()) / 1000,
      },
      { name: 'leases_held', help: 'Leases held', read: () => sources.figures().held },
      {
        name: 'agents_connected',
        help: 'Agents with a session on this node',
        read: () => sources.agentsConnected(),
      },
      {
        name: 'log_bytes_stored_total',
        help: 'Bytes of output stored since the start',
        read: () => sources.logBytesStored(),
      },
      {
        name: 'http_keys_refused_total',
        help: 'Requests without an API key that works',
        read: () => counters.keysRefused,
      },
      {
        name: 'storage_out',
        help: '1 while the database or the logs take nothing: a full disk, or no connection',
        read: () => Number(sources.storageOut()),
      },
      {
        name: 'commits_total',
        help: 'Transactions committed and made durable',
        read: () => counters.commits,
      },
      {
        name: 'commit_groups_total',
        help: 'Groups they were made durable in',
        read: () => counters.commitGroups,
      },
      {
        name: 'commit_group_largest',
        help: 'Commits in the largest group',
        read: () => counters.largestGroup,
      },
      {
        name: 'commit_sync_seconds_total',
        help: 'Time spent in fdatasync',
        read: () => counters.syncMs / 1000,
      },
      {
        name: 'commit_sync_longest_seconds',
        help: 'The longest of them',
        read: () => counters.longestSyncMs / 1000,
      },
      // The monitor counts its own interval in.
      {
        name: 'event_loop_lag_p99_seconds',
        help: 'Lateness of the event loop since the last question',
        read: () => lateness(this.#delay.percentile(99)),
      },
      {
        name: 'event_loop_lag_max_seconds',
        help: 'The same, at worst',
        read: () => lateness(this.#delay.max),
      },
      { name: 'process_cpu_seconds_total', help: 'Processor time of this process', read: cpuSeconds },
      {
        name: 'process_resident_memory_bytes',
        help: 'Resident memory of this process',
        read: () => process.memoryUsage.rss(),
      },
      { name: 'process_uptime_seconds', help: 'Since the start', read: () => process.uptime() },
    ];
  }
}

function lateness(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - EVENT_LOOP_SAMPLE_MS / 1000) : 0;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
