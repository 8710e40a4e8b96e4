/**
 * The API over the real core, store and logs in one process, with a socket of
 * its own; and an agent played at the far end of a session, for there is no
 * link in these tests.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createIds, silentLogger, systemClock } from '@longshore/base';
import { encodeRecords } from '@longshore/protocol/spool-record';
import { outputText } from '@longshore/server/api/output';
import { createSecrets, fingerprint } from '@longshore/server/api/secrets';
import { createApi, type Api } from '@longshore/server/api/server';
import { createAgentPackages } from '@longshore/server/app/machines/agent-packages';
import { createApiKeys } from '@longshore/server/app/machines/api-keys';
import { createApply } from '@longshore/server/app/model/apply';
import { createArtifacts } from '@longshore/server/app/tasks/artifacts';
import { createAudit } from '@longshore/server/app/kernel/audit';
import { bootstrap, DEFAULT_SPACE } from '@longshore/server/app/machines/bootstrap';
import type { Core } from '@longshore/server/app/ports/core-api';
import { createCore } from '@longshore/server/app/core';
import { createHealth, type Health } from '@longshore/server/app/machines/health';
import { createKnownNames } from '@longshore/server/app/machines/known-names';
import { createPools } from '@longshore/server/app/machines/pools';
import type { AgentSession, StartCommand } from '@longshore/server/app/ports/agents';
import type { AttemptEventRecord } from '@longshore/server/app/ports/attempts';
import type { Store } from '@longshore/server/app/ports/store';
import { createResources } from '@longshore/server/app/model/resources';
import { createTargets } from '@longshore/server/app/targets/targets';
import { createTokens } from '@longshore/server/app/targets/tokens';
import { createUpgrades } from '@longshore/server/app/machines/upgrades';
import { createVariables } from '@longshore/server/app/variables/variables';
import { createWorkers } from '@longshore/server/app/machines/workers';
import type { Outcome } from '@longshore/server/domain/outcome';
import { packageReader } from '@longshore/server/links/package-reader';
import { digests } from '@longshore/server/logs/digests';
import { FileLogStore } from '@longshore/server/logs/file-log-store';
import { RowLogStore } from '@longshore/server/logs/row-log-store';
import { createDueTimes } from '@longshore/server/due-times';
import { webCaller } from '@longshore/server/web-caller';

import { openStage, type Dialect } from '../support/store.ts';

export const SPACE = `/api/v1/spaces/${DEFAULT_SPACE}`;

export interface Answer<T> {
  status: number;
  body: T;
}

export interface ApiStage {
  readonly url: string;
  readonly key: string;
  readonly store: Store;
  readonly core: Core;
  readonly health: Health;
  readonly api: Api;
  readonly logs: FileLogStore | RowLogStore;
  /** A call with the administrator's key; `path` is below the space. */
  call<T = Record<string, never>>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
  addAgent(name: string, options?: { poolIds?: string[]; connect?: boolean }): Promise<PlayedAgent>;
  close(): Promise<void>;
}

export async function openApiStage(dialect: Dialect = 'sqlite'): Promise<ApiStage> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-api-'));
  const stage = await openStage(dialect);
  const store = await stage.openStore('n1');
  const ids = createIds();
  const clock = systemClock;
  const failed = (error: Error): void => {
    throw error;
  };
  const logs =
    dialect === 'sqlite'
      ? new FileLogStore({ directory: folder, clock, failed })
      : new RowLogStore({ database: await stage.open('n1'), clock });
  const agents = new Map<string, PlayedAgent>();
  const directory = { session: (id: string) => agents.get(id), sessions: () => agents.values() };
  const sealer = {
    seal: (plain: string) => Buffer.from(plain).toString('hex'),
    open: (text: string) => Buffer.from(text, 'hex').toString(),
  };
  const core = createCore({
    ...{
      store,
      logs,
      agents: directory,
      web: webCaller,
      dueTimes: createDueTimes(),
      clock,
      ids,
      digests,
      nodeId: 'n1',
      version: '1',
      agentAddress: 'here:1',
    },
    logger: silentLogger,
    sealer,
    taskCap: 50,
    nextTurn: (fn) => void setImmediate(fn),
    spaces: [DEFAULT_SPACE],
  });
  const secrets = { ...createSecrets(), tokenText: async ({ id }: { id: string }) => `lst_${id}` };
  const { adminApiKey } = await bootstrap({ store, clock, ids, secrets });
  const key = adminApiKey ?? '';
  const names = createKnownNames(store);
  const apiKeys = createApiKeys({ store, clock, ids, secrets, logger: silentLogger });
  const health = createHealth({
    ...{
      store,
      clock,
      agents: directory,
      tasks: core.tasks,
      logger: silentLogger,
      outputText: outputText(logs),
    },
  });
  const pairing = {
    pairListeningAgent: () => Promise.reject(new Error('there are no links here')),
  };
  const api = createApi(
    {
      ...{ core, logs, health, apiKeys, names },
      agentPackages: createAgentPackages({ store, clock, ids, read: packageReader }),
      upgrades: createUpgrades({ store, clock, agents: directory, tasks: core.tasks }),
      pools: createPools({ store, clock, ids }),
      workers: createWorkers({ store, clock, agents: directory, pairing, leases: core.leases }),
      targets: createTargets({ store, clock, ids, health, agents: directory, pairing }),
      tokens: createTokens({ store, clock, ids, secrets }),
      artifacts: createArtifacts({ store, logs, digests, clock: systemClock }),
      audit: createAudit(store),
      apply: createApply({ store, clock, ids, sealer, fingerprint }),
      resources: createResources({ store, clock }),
      variables: createVariables({ store, clock }),
    },
    {
      ...{ host: '127.0.0.1', port: 0, nodeId: 'n1', version: '1', clock, logger: silentLogger },
      openMetrics: false,
      metrics: async () => ({ contentType: 'text/plain', body: 'longshore_up 1\n' }),
      ready: () => ({ ready: true, detail: {} }),
    },
  );
  await core.start();
  const url = `http://127.0.0.1:${await api.listen()}`;
  return {
    ...{ url, key, store, core, health, api, logs },
    async call(method, path, body) {
      const answer = await fetch(`${url}${path.startsWith('/api/') ? path : `${SPACE}${path}`}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as never };
    },
    async addAgent(name, { poolIds = [], connect = true } = {}) {
      const agent = new PlayedAgent(core, ids());
      await store.write((tx) =>
        tx.workers.insert({
          ...{
            spaceId: DEFAULT_SPACE,
            id: agent.agentId,
            name,
            mode: 'polling',
            address: '',
            poolIds,
            labels: {},
          },
          ...{ keyFingerprint: 'aa', slots: 2, enabled: true, draining: false, locked: '', quarantined: '' },
          ...{
            revoked: false,
            ephemeral: false,
            version: '',
            facts: null,
            incarnation: null,
            health: 'unknown',
          },
          ...{ healthReason: '', healthAt: 0, connectedAt: null, lastSeenAt: null, createdAt: clock.now() },
        }),
      );
      if (connect) {
        agents.set(agent.agentId, agent);
        await agent.connect();
      }
      return agent;
    },
    async close() {
      await api.close();
      names.close();
      await apiKeys.close();
      await core.close();
      await logs.close();
      await stage.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Play {
  output?: { stream: 'stdout' | 'stderr'; bytes: Buffer }[];
  events?: AttemptEventRecord[];
  outcome?: Outcome;
  /** Waits for this before the outcome. */
  until?: Promise<void>;
}

/** What an agent does with each script is told by `plays`. */
export class PlayedAgent implements AgentSession {
  readonly sessionId = randomBytes(8).toString('hex');
  readonly agentId: string;
  readonly incarnation = { storeId: 's', bootId: 'b', hostId: 'h' };
  readonly degraded = false;
  readonly over = false;
  readonly can = (capability: string): boolean => capability === 'upgrade';
  readonly liftQuarantine = (): void => undefined;
  readonly tellNodes = (): void => undefined;
  readonly #core: Core;
  /** By script body; any other script says nothing and ends with 0. */
  readonly plays = new Map<string, Play>();
  readonly cancelled: string[] = [];
  closedWhy = '';
  readonly #running = new Map<string, StartCommand>();
  #ticketHash = '';

  constructor(core: Core, agentId: string) {
    this.#core = core;
    this.agentId = agentId;
  }

  async connect(): Promise<void> {
    const { inbox } = this.#core;
    const admission = await inbox.admit({
      ...{
        agentId: this.agentId,
        keyFingerprint: 'aa',
        version: '1',
        incarnation: this.incarnation,
        ticketHash: this.#ticketHash,
      },
      ...{ ephemeral: false, draining: false, quarantined: '' },
      facts: {
        ...{
          hostname: 'h',
          os: 'linux',
          architecture: 'x64',
          processors: 1,
          memoryBytes: 1,
          freeDiskBytes: 1,
        },
        tools: ['bash', 'sh', 'python3'].map((name) => ({ name, version: '1' })),
        cgroups: true,
      },
    });
    if (admission.kind !== 'welcome') throw new Error(admission.detail);
    this.#ticketHash = createHash('sha256').update(admission.ticket).digest('hex');
    await inbox.ticketStored(this.agentId, this.#ticketHash);
    const known = [...this.#running.values()].map(({ attemptId, fence }) => ({
      ...{ attemptId, fence, phase: 'running' as const, outputLength: 0, eventCount: 0, outcome: null },
    }));
    for (const verdict of await inbox.inventory(this, known))
      if (verdict.kind === 'cancel') this.cancel(verdict.attemptId);
    await inbox.opened(this);
  }

  /** It goes on with what it runs, and comes back with `connect`. */
  async disconnect(): Promise<void> {
    await this.#core.inbox.closed(this, 'cut');
  }

  start(command: StartCommand): void {
    const { attemptId, spec } = command;
    this.#running.set(attemptId, command);
    void this.#run(attemptId, this.plays.get(spec.body) ?? {});
  }

  adopt(): void {}
  acknowledge(): void {}
  release(): void {}
  cancel(attemptId: string): void {
    if (this.cancelled.includes(attemptId)) return;
    this.cancelled.push(attemptId);
    void this.#end(
      attemptId,
      { kind: 'cancelled' },
      { length: 0, digest: digests.ofList([]), segments: [], events: 0 },
    );
  }
  close(_reason: string, detail: string): void {
    this.closedWhy = detail;
  }

  async #run(attemptId: string, play: Play): Promise<void> {
    const { inbox } = this.#core;
    await inbox.startReply(this, attemptId, { kind: 'accepted' });
    await inbox.phaseChanged(this, attemptId, 'running');
    const segment = digests.begin();
    let length = 0;
    for (const { stream, bytes } of play.output ?? []) {
      const records = encodeRecords(stream, 1, bytes);
      segment.add(records);
      await inbox.output(this, attemptId, length, records, null);
      length += records.length;
    }
    if (play.events !== undefined) await inbox.events(this, attemptId, play.events);
    await play.until;
    if (this.cancelled.includes(attemptId)) return;
    const segments = length === 0 ? [] : [segment.hex()];
    await this.#end(attemptId, play.outcome ?? { kind: 'exited', code: 0 }, {
      ...{ length, segments, digest: digests.ofList(segments), events: play.events?.length ?? 0 },
    });
  }

  async #end(
    attemptId: string,
    outcome: Outcome,
    of: { length: number; segments: string[]; digest: string; events: number },
  ): Promise<void> {
    this.#running.delete(attemptId);
    await this.#core.inbox.outcome(this, attemptId, outcome, {
      ...{ message: '', bestEffortCleanup: false, startedAtMs: 1, endedAtMs: 2, artifactCount: 0 },
      ...{ outputLength: of.length, eventCount: of.events, segmentDigests: of.segments, digest: of.digest },
    });
  }
}

export interface StreamEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

/** Reads server-sent events until `enough`, or the stream's end. */
export async function readEvents(
  response: Response,
  enough: (event: StreamEvent) => boolean = () => false,
): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  const reader = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return events;
    rest += value;
    const parts = rest.split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(
        part.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      const event = fields.get('event');
      if (event === undefined) continue;
      const read = {
        id: fields.get('id') ?? '',
        event,
        data: JSON.parse(fields.get('data') ?? '') as StreamEvent['data'],
      };
      events.push(read);
      if (enough(read)) {
        await reader.cancel();
        return events;
      }
    }
  }
}

/** The bytes that the `output` events of a stream carry. */
export function outputOf(events: readonly StreamEvent[], stream: string): Buffer {
  const records = events
    .filter(({ event }) => event === 'output')
    .flatMap(({ data }) => data['records'] as { stream: string; base64: string }[]);
  return Buffer.concat(
    records.filter((record) => record.stream === stream).map(({ base64 }) => Buffer.from(base64, 'base64')),
  );
}
