/**
 * The link process's heart: holds this machine's attempts, and talks about
 * them with any number of server nodes at once. It neither dials nor listens
 * (`links/` does, and hands each stream to `runSession`), and starts no process
 * (the script host does, behind `HostPort`).
 *
 * Always true: one session a node, the newest, and never two that wait for its
 * Welcome; a session lost never disturbs a script; an attempt's output goes to the one session whose node owns it.
 */
import { mkdirSync } from 'node:fs';

import type { Clock, Ids, Logger } from '@longshore/base';
import type { DataSource } from '@longshore/protocol/data-join';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import {
  Goodbye_Reason,
  type AgentDataFrame,
  type AgentFrame,
  type AttemptSummary,
  type Hello,
  type Incarnation,
  type ServerDataFrame,
  type ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { describeEnd, type SessionEnd } from '@longshore/protocol/session';
import { CAPABILITIES, MAX_PROTOCOL, MIN_PROTOCOL } from '@longshore/protocol/versions';

import { Attempts } from './attempts.ts';
import { Commands, type UpgradeCommand } from './commands.ts';
import type { Facts } from './facts.ts';
import type { HostPort } from './host-port.ts';
import { readBootId, readStoreId } from './incarnation.ts';
import { Packages } from './packages.ts';
import { ServerSession, type SessionEvents } from './server-session.ts';
import { Tickets } from './tickets.ts';
import { TombstoneFile } from './tombstone-file.ts';

export interface EngineOptions {
  dataDir: string;
  agentId: string;
  version: string;
  host: HostPort;
  facts: Facts;
  clock: Clock;
  logger: Logger;
  ids: Ids;
  /** The shell command that makes this agent another version; without it the agent can't be upgraded by its server. */
  upgradeCommand?: UpgradeCommand;
  /** Deregisters on stop: told to the server in Hello. */
  ephemeral?: boolean;
  /** For tests: else the system's. */
  bootId?: string;
  /** Whether this data directory is a copy; else it is where it was made. */
  place?: { readonly copied: boolean; readonly foreignHosts: readonly string[]; accepted(): void };
}

export interface RunSessionOptions extends SessionEvents {
  /** The server node at the other end, as its certificate says; empty where that is not known before Welcome. */
  peer: string;
  /** Aborted: the session says Goodbye (shutdown) and ends. */
  signal: AbortSignal;
}

export interface Engine {
  /** Known once `start` resolved. */
  readonly incarnation: Incarnation;
  /** Reads all workspaces again and connects to the script host. Call before any session. */
  start(): Promise<void>;
  /**
   * Runs one session on a stream to its end, whatever the end is. A newer one to the same node ends it.
   * Never throws.
   */
  runSession(
    duplex: FrameDuplex<AgentFrame, ServerFrame>,
    data: DataSource<AgentDataFrame, ServerDataFrame>,
    options: RunSessionOptions,
  ): Promise<SessionEnd>;
  /** A draining agent takes no new attempt; those it has go on. */
  setDraining(draining: boolean): void;
  attempts(): AttemptSummary[];
  /** Nodes with a session that has been reconciled. */
  connectedNodes(): { nodeId: string; degraded: boolean }[];
  /** Ends all sessions and lets go of the host. Scripts go on. */
  close(): Promise<void>;
}

export function createEngine(options: EngineOptions): Engine {
  return new LinkEngine(options);
}

class LinkEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #storeId: string;
  readonly #instance: string;
  readonly #bootId: string;
  readonly #tickets: Tickets;
  readonly #attempts: Attempts;
  readonly #commands: Commands;
  readonly #packages: Packages;
  /** By node, from Welcome on: the newest of each. */
  readonly #sessions = new Map<string, ServerSession>();
  readonly #running = new Set<ServerSession>();
  readonly #stopFacts: (() => void) | undefined;
  #draining = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { dataDir, clock, logger, host, facts, ids } = options;
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    this.#storeId = readStoreId(dataDir, ids);
    this.#instance = ids();
    const bootId = options.bootId ?? readBootId(ids);
    this.#bootId = bootId;
    this.#tickets = new Tickets(dataDir);
    const tombstones = new TombstoneFile(dataDir, clock);
    this.#packages = new Packages(dataDir);
    this.#attempts = new Attempts({
      ...{ dataDir, bootId, host, tombstones, clock, logger },
      foreignHosts: new Set(options.place?.foreignHosts),
      quarantined: (reason) => this.#tell({ kind: { $case: 'quarantined', value: { reason } } }),
    });
    this.#commands = new Commands({
      dataDir,
      bootId,
      host,
      attempts: this.#attempts,
      tombstones,
      facts,
      draining: () => this.#draining,
      packages: this.#packages,
      upgradeCommand: options.upgradeCommand,
      logger,
    });
    this.#stopFacts = facts.changed?.((value) =>
      this.#tell({ kind: { $case: 'factsChanged', value: { facts: value } } }),
    );
  }

  get incarnation(): Incarnation {
    const { host } = this.#options;
    return { storeId: this.#storeId, bootId: this.#bootId, hostId: host.line ?? host.hostId };
  }

  async start(): Promise<void> {
    await this.#attempts.recover();
    await this.#options.host.connect(this.#attempts);
    this.#attempts.judgeAll();
  }

  async runSession(
    duplex: FrameDuplex<AgentFrame, ServerFrame>,
    data: DataSource<AgentDataFrame, ServerDataFrame>,
    { peer, signal, ...events }: RunSessionOptions,
  ): Promise<SessionEnd> {
    const logger = this.#options.logger;
    this.#giveUpGreeting(peer);
    const session = new ServerSession({
      duplex,
      data,
      peer,
      hello: () => this.#hello(),
      named: (named) => this.#named(named),
      attempts: this.#attempts,
      commands: this.#commands,
      tickets: this.#tickets,
      liftQuarantine: () => this.#options.host.presumeGone(),
      clock: this.#options.clock,
      logger,
      events,
    });
    this.#running.add(session);
    const stop = (): void => session.close(Goodbye_Reason.SHUTDOWN, 'the agent stops');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const end = await session.ended;
    signal.removeEventListener('abort', stop);
    this.#running.delete(session);
    const { nodeId } = session;
    if (this.#sessions.get(nodeId) === session) this.#sessions.delete(nodeId);
    logger.info('a session ended', {
      nodeId,
      end: describeEnd(end),
      ...('error' in end && { error: end.error }),
    });
    return end;
  }

  setDraining(draining: boolean): void {
    if (draining === this.#draining) return;
    this.#draining = draining;
    this.#tell({ kind: { $case: 'draining', value: { draining } } });
  }

  attempts(): AttemptSummary[] {
    return [...this.#attempts.all()].map((attempt) => attempt.summary());
  }

  connectedNodes(): { nodeId: string; degraded: boolean }[] {
    return [...this.#sessions]
      .filter(([, s]) => s.working)
      .map(([nodeId, { degraded }]) => ({ nodeId, degraded }));
  }

  async close(): Promise<void> {
    this.#stopFacts?.();
    const sessions = [...this.#running];
    for (const session of sessions) session.close(Goodbye_Reason.SHUTDOWN, 'the agent stops');
    await Promise.all(sessions.map((session) => session.ended));
    await this.#attempts.close();
    await this.#options.host.close();
  }

  #hello(): Hello {
    const { agentId, version, facts, ephemeral = false, upgradeCommand } = this.#options;
    return {
      agentId,
      version,
      minProtocol: MIN_PROTOCOL,
      maxProtocol: MAX_PROTOCOL,
      capabilities: CAPABILITIES.filter((name) => name !== 'upgrade' || upgradeCommand !== undefined),
      incarnation: this.incarnation,
      tickets: this.#tickets.all(),
      facts: facts.current(),
      ephemeral,
      draining: this.#draining,
      instance: this.#instance,
      copied: this.#options.place?.copied === true,
      quarantined: this.#attempts.quarantined,
    };
  }

  #named(session: ServerSession): void {
    const before = this.#sessions.get(session.nodeId);
    this.#sessions.set(session.nodeId, session);
    this.#options.place?.accepted();
    if (before !== undefined && before !== session) replace(before);
  }

  /** What it was about to be given, the newer session's Hello would not know of: it would show a ticket that is dead. */
  #giveUpGreeting(peer: string): void {
    for (const session of this.#running)
      if (peer !== '' && session.nodeId === peer && session.greeting) replace(session);
  }

  /** Every node with a working session. */
  #tell(frame: AgentFrame): void {
    for (const session of this.#sessions.values()) if (session.working) session.send(frame);
  }
}

function replace(session: ServerSession): void {
  session.close(Goodbye_Reason.REPLACED, 'a newer session to this node began');
}
