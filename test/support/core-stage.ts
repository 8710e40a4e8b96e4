/** The core over a real store and real logs, with agents that stand at the far end of AgentSession. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createIds, silentLogger, systemClock, type Clock } from '@longshore/base';
import { encodeRecords } from '@longshore/protocol/spool-record';
import { createCore } from '@longshore/server/app/core';
import type { AttemptEventRecord } from '@longshore/server/app/ports/attempts';
import type { Core } from '@longshore/server/app/ports/core-api';
import type { AgentSession, AttemptSummary, StartCommand, Verdict } from '@longshore/server/app/ports/agents';
import type { LogStore } from '@longshore/server/app/ports/log-store';
import type { Store } from '@longshore/server/app/ports/store';
import type { AttemptReport } from '@longshore/server/domain/attempt';
import type { Fence } from '@longshore/server/domain/fence';
import type { Incarnation } from '@longshore/server/domain/incarnation';
import type { Outcome } from '@longshore/server/domain/outcome';
import type { Worker } from '@longshore/server/domain/worker';
import { digests } from '@longshore/server/logs/digests';
import { FileLogStore } from '@longshore/server/logs/file-log-store';
import { RowLogStore } from '@longshore/server/logs/row-log-store';
import { createSealer } from '@longshore/server/store/sealer';
import type { ScriptTaskSpec } from '@longshore/server/domain/task';
import { createDueTimes } from '@longshore/server/due-times';
import { webCaller } from '@longshore/server/web-caller';

import { mortalStore } from './mortal-store.ts';
import { openStage, type Dialect } from './store.ts';

export const SPACE = 'default';
const MASTER_KEY = Buffer.alloc(32, 7);

export interface CoreStage {
  /** Another life of a node, or another node. */
  node(nodeId: string, options?: { taskCap?: number; clock?: Clock }): Promise<StageNode>;
  close(): Promise<void>;
}

export interface StageNode {
  core: Core;
  store: Store;
  logs: LogStore;
  /** As `kill -9`: it says and writes nothing any more. */
  kill(): void;
  addPool(options?: { strategy?: 'fewest-leases' | 'round-robin'; isDefault?: boolean }): Promise<string>;
  addWorker(poolId: string, change?: Partial<Worker>): Promise<Worker>;
  submit(
    target: ScriptTaskSpec['target'],
    change?: Partial<ScriptTaskSpec> & { timeoutMs?: number },
  ): Promise<string>;
}

export async function openCoreStage(dialect: Dialect): Promise<CoreStage> {
  const stage = await openStage(dialect);
  const directory = await mkdtemp(join(tmpdir(), 'longshore-core-'));
  const nodes: StageNode[] = [];
  const killed: StageNode[] = [];
  const ids = createIds();
  return {
    async node(nodeId, { taskCap = 50, clock = systemClock } = {}) {
      const { store, kill } = mortalStore(await stage.openStore(nodeId));
      const logs =
        dialect === 'sqlite'
          ? new FileLogStore({ directory, clock: systemClock, failed: fail })
          : new RowLogStore({ database: await stage.open(nodeId), clock: systemClock });
      const core = createCore({
        store,
        logs,
        sealer: createSealer(MASTER_KEY),
        agents: { session: () => undefined, sessions: () => [] },
        web: webCaller,
        dueTimes: createDueTimes(),
        clock,
        ids,
        logger: silentLogger,
        nodeId,
        version: '0.1.0',
        agentAddress: `${nodeId}:10943`,
        taskCap,
        digests,
        nextTurn: (fn) => void setImmediate(fn),
        spaces: [SPACE],
      });
      await core.start();
      const node = stageNode({
        ...{ core, store, logs, ids },
        kill() {
          kill();
          nodes.splice(nodes.indexOf(node), 1);
          killed.push(node);
        },
      });
      nodes.push(node);
      return node;
    },
    async close() {
      for (const node of nodes) {
        await node.core.close();
        await node.logs.close();
      }
      for (const node of killed) await node.logs.close();
      await stage.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function fail(error: Error): void {
  throw error;
}

function stageNode({
  core,
  store,
  logs,
  kill,
  ids,
}: Pick<StageNode, 'core' | 'store' | 'logs' | 'kill'> & { ids: () => string }): StageNode {
  return {
    core,
    store,
    logs,
    kill,
    async addPool({ strategy = 'fewest-leases', isDefault = false } = {}) {
      const id = ids();
      await store.write(async (tx) => {
        await tx.pools.insert({
          spaceId: SPACE,
          id,
          name: `pool ${id}`,
          description: '',
          kind: 'static',
          strategy,
          isDefault,
          createdAt: 1,
        });
        store.announce(tx, 'worker', id);
      });
      return id;
    },
    async addWorker(poolId, change = {}) {
      const id = ids();
      const worker: Worker = { ...WORKER, id, name: `w-${id.slice(-6)}`, poolIds: [poolId], ...change };
      await store.write(async (tx) => {
        await tx.workers.insert(worker);
        store.announce(tx, 'worker', id);
      });
      return worker;
    },
    async submit(target, { timeoutMs = 0, ...change } = {}) {
      const spec = { target, script: SCRIPT, leaseMode: 'shared' as const, tools: [], ...change };
      const task = await core.tasks.submit(SPACE, {
        kind: 'script',
        name: 'a script',
        spec,
        timeoutMs,
        createdBy: 'a test',
      });
      return task.id;
    },
  };
}

export const SCRIPT: ScriptTaskSpec['script'] = {
  interpreter: 'bash',
  body: 'echo hi',
  arguments: [],
  environment: {},
  variables: [],
  files: [],
  timeoutMs: 0,
  graceMs: 10_000,
  isolation: null,
  terminal: null,
  runAs: '',
  maxProcesses: 0,
  outputQuotaBytes: 0,
};

const FACTS = {
  hostname: 'h',
  os: 'linux',
  architecture: 'x64',
  processors: 2,
  memoryBytes: 1,
  freeDiskBytes: 1,
  tools: [{ name: 'bash', version: '5' }],
  cgroups: true,
};

const WORKER: Worker = {
  spaceId: SPACE,
  id: '',
  name: '',
  mode: 'polling',
  address: '',
  keyFingerprint: 'f',
  poolIds: [],
  labels: {},
  slots: 2,
  enabled: true,
  draining: false,
  locked: '',
  quarantined: '',
  revoked: false,
  ephemeral: false,
  version: '0.1.0',
  facts: FACTS,
  incarnation: null,
  health: 'unknown',
  healthReason: '',
  healthAt: 0,
  connectedAt: null,
  lastSeenAt: null,
  createdAt: 1,
};

/** An agent's side: what it has of each attempt outlives its sessions. */
export class FarAgent {
  readonly worker: Worker;
  incarnation: Incarnation = { storeId: 's', bootId: 'b', hostId: 'h' };
  readonly attempts = new Map<string, AttemptSummary>();
  readonly starts: StartCommand[] = [];
  readonly commands: { command: string; attemptId: string; fence: Fence }[] = [];
  /** What it does with a Start; by default it takes it and waits. */
  onStart: (command: StartCommand) => void = () => undefined;
  verdicts: Verdict[] = [];
  /** What it says of itself in its next Hello. */
  quarantined = '';
  /** How often an operator's word came. */
  lifted = 0;
  #session: AgentSession | undefined;
  #core: Core | undefined;
  #ticket = '';

  constructor(worker: Worker) {
    this.worker = worker;
  }

  get session(): AgentSession {
    if (this.#session === undefined) throw new Error('not connected');
    return this.#session;
  }

  get core(): Core {
    if (this.#core === undefined) throw new Error('not connected');
    return this.#core;
  }

  /** @param options.listed happens when its inventory was answered, before the session is opened */
  async connect(
    core: Core,
    { ticket = this.#ticket, listed }: { ticket?: string; listed?: () => Promise<void> } = {},
  ): Promise<void> {
    const admission = await core.inbox.admit({
      agentId: this.worker.id,
      keyFingerprint: 'f',
      version: '0.1.0',
      incarnation: this.incarnation,
      ticketHash: ticket,
      facts: FACTS,
      ephemeral: false,
      draining: false,
      quarantined: this.quarantined,
    });
    if (admission.kind === 'rejected') throw new Error(`rejected: ${admission.reason}: ${admission.detail}`);
    this.#ticket = createHash('sha256').update(admission.ticket).digest('hex');
    await core.inbox.ticketStored(this.worker.id, this.#ticket);
    const session = this.#newSession();
    this.verdicts = await core.inbox.inventory(session, [...this.attempts.values()]);
    this.#session = session;
    this.#core = core;
    await listed?.();
    await core.inbox.opened(session);
  }

  async disconnect(): Promise<void> {
    await this.core.inbox.closed(this.session, 'cut');
    this.#session = undefined;
  }

  /** Takes a Start as a real agent does: once for each id. */
  async accept(command: StartCommand): Promise<void> {
    this.attempts.set(command.attemptId, {
      attemptId: command.attemptId,
      fence: command.fence,
      phase: 'running',
      outputLength: 0,
      eventCount: 0,
      outcome: null,
    });
    await this.core.inbox.startReply(this.session, command.attemptId, { kind: 'accepted' });
    await this.core.inbox.phaseChanged(this.session, command.attemptId, 'running');
  }

  async refuse(
    command: StartCommand,
    reason: 'draining' | 'toolMissing' | 'invalid' = 'draining',
  ): Promise<void> {
    await this.core.inbox.startReply(this.session, command.attemptId, {
      kind: 'refused',
      reason,
      detail: 'no',
    });
  }

  /** Output, then the outcome. */
  async finish(
    attemptId: string,
    outcome: Outcome = { kind: 'exited', code: 0 },
    text = 'hi\n',
    events: AttemptEventRecord[] = [],
  ): Promise<void> {
    const records = text === '' ? Buffer.alloc(0) : encodeRecords('stdout', 1, Buffer.from(text));
    const report = { ...reportOf(records), eventCount: events.length };
    const known = this.attempts.get(attemptId);
    if (known !== undefined)
      Object.assign(known, { phase: 'ended', outputLength: records.length, outcome: { outcome, report } });
    const output =
      records.length === 0 ? undefined : this.core.inbox.output(this.session, attemptId, 0, records, null);
    if (events.length > 0) await this.core.inbox.events(this.session, attemptId, events);
    const ended = this.core.inbox.outcome(this.session, attemptId, outcome, report);
    await Promise.all([output, ended]);
  }

  #newSession(): AgentSession {
    let over = false;
    const command = (name: string) => (attemptId: string, fence: Fence) => {
      this.commands.push({ command: name, attemptId, fence });
      if (name === 'release') this.attempts.delete(attemptId);
    };
    return {
      sessionId: randomBytes(8).toString('hex'),
      agentId: this.worker.id,
      incarnation: this.incarnation,
      degraded: false,
      get over() {
        return over;
      },
      can: () => false,
      tellNodes: () => undefined,
      liftQuarantine: () => {
        this.lifted += 1;
      },
      start: (start) => {
        this.starts.push(start);
        this.onStart(start);
      },
      adopt: command('adopt'),
      cancel: command('cancel'),
      acknowledge: () => undefined,
      release: command('release'),
      close: (reason) => {
        over = true;
        const fence = { generation: 0, n: 0 };
        this.commands.push({ command: `close ${reason}`, attemptId: '', fence });
      },
    };
  }
}

export function reportOf(records: Buffer): AttemptReport {
  const segment = createHash('sha256').update(records).digest();
  const segmentDigests = records.length === 0 ? [] : [segment.toString('hex')];
  return {
    message: '',
    bestEffortCleanup: false,
    startedAtMs: 1,
    endedAtMs: 2,
    outputLength: records.length,
    eventCount: 0,
    artifactCount: 0,
    segmentDigests,
    digest: createHash('sha256')
      .update(records.length === 0 ? '' : segment)
      .digest('hex'),
  };
}
