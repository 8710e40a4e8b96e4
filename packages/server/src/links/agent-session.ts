/**
 * The server's side of one session with one agent: frames ↔ `AgentInbox` and
 * `AgentSession`, whoever dialled.
 *
 *   greeting ──Hello──▶ admitting ──Welcome──▶ listing ──last page──▶ reconciling ──InventoryReply──▶ open ──▶ over
 *
 * Always true: commands leave after the inventory's reply, in the order in
 * which they were given; a session that is over drops them in silence, for its
 * successor's inventory tells what became of them.
 */
import { createHash, randomBytes } from 'node:crypto';

import { AppError, toError, type Clock, type Ids, type Logger } from '@longshore/base';
import { dialData, unexpectedDataFrame } from '@longshore/protocol/data-join';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import {
  type AgentDataFrame,
  type AgentFrame,
  type Hello,
  type Inventory,
  type ServerDataFrame,
  type ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { describeEnd, isBreach, LinkSession, type SessionEnd } from '@longshore/protocol/session';
import {
  agreeOnProtocol,
  commonCapabilities,
  MAX_PROTOCOL,
  MIN_PROTOCOL,
} from '@longshore/protocol/versions';

import type {
  AgentInbox,
  AgentSession,
  AttemptSummary,
  NodeAddress,
  StartCommand,
} from '../app/ports/agents.ts';
import type { Fence } from '../domain/fence.ts';
import type { Incarnation } from '../domain/incarnation.ts';
import {
  ATTEMPT_WINDOW_BYTES,
  DEAD_AFTER_MS,
  HANDSHAKE_MS,
  INVENTORY_DIGESTS_LIMIT,
  INVENTORY_LIMIT,
  PING_INTERVAL_MS,
  SESSION_WINDOW_BYTES,
} from '../limits.ts';
import type { AgentConnection } from './connection.ts';
import { Fetching } from './fetching.ts';
import {
  factsFromWire,
  GOODBYES,
  helloFromWire,
  sameNodes,
  specToWire,
  summaryFromWire,
  unexpected,
  verdictToWire,
} from './frames.ts';
import type { SessionDirectory } from './directory.ts';
import { PackagePieces } from './package-pieces.ts';
import { Reports } from './reports.ts';

export interface ServeOptions extends AgentConnection {
  inbox: AgentInbox;
  /** Where the session stands while it is open. */
  directory: Pick<SessionDirectory, 'welcome' | 'add' | 'remove'>;
  /** This node. */
  nodeId: string;
  /** Counts sessions that were ended for what their agent sent, by the error's code. */
  violated?: (code: string) => void;
  /** The chain for a request on the live session (renewal). */
  issueCertificate: (csrDer: Uint8Array) => Promise<string>;
  /** Some bytes of an agent package; undefined where there are none. */
  packagePiece?: (digest: string, offset: number) => Promise<Uint8Array | undefined>;
  clock: Clock;
  logger: Logger;
  ids: Ids;
}

/** Serves one session to its end, and resolves then. Never rejects. */
export async function serveAgentSession(options: ServeOptions): Promise<SessionEnd> {
  return new ServedSession(options).ended;
}

type State =
  | { kind: 'greeting' }
  | { kind: 'admitting' }
  | { kind: 'listing'; attempts: AttemptSummary[]; digests: number; confirmed: Promise<void> }
  | { kind: 'reconciling' }
  | { kind: 'open' }
  | { kind: 'over' };

const LATE_BREACHES: ReadonlySet<string> = new Set(['forbidden', 'tooLarge', 'tooMany', 'invalid']);

class ServedSession implements AgentSession {
  readonly sessionId: string;
  readonly agentId: string;
  readonly ended: Promise<SessionEnd>;
  incarnation: Incarnation = { storeId: '', bootId: '', hostId: '' };
  degraded = false;
  readonly #options: ServeOptions;
  readonly #logger: Logger;
  readonly #link: LinkSession<ServerFrame, AgentFrame>;
  readonly #reports: Reports;
  readonly #fetching: Fetching;
  readonly #pieces: PackagePieces;
  /** There from Hello on, where the agent can. */
  fetchOutput: AgentSession['fetchOutput'];
  readonly #nonce = randomBytes(16);
  #state: State = { kind: 'greeting' };
  /** Of both ends, from Hello on. */
  #capabilities: readonly string[] = [];
  #ticketHash = '';
  /** The server nodes that it was told of last. */
  #nodes: readonly NodeAddress[] = [];
  /** Commands given before the inventory's reply was sent. */
  #held: ServerFrame[] = [];
  #data: FrameDuplex<ServerDataFrame, AgentDataFrame> | undefined;
  #stopJoin: (() => void) | undefined;

  constructor(options: ServeOptions) {
    this.#options = options;
    const { duplex, clock, peer, inbox, ids } = options;
    this.sessionId = ids();
    this.agentId = peer.id;
    this.#logger = options.logger.child({ agentId: peer.id, sessionId: this.sessionId });
    const send = (frame: ServerFrame): void => this.#link.send(frame);
    this.#fetching = new Fetching((frame) => this.#command(frame));
    const fail = (detail: string, error: Error): void => this.#fail(detail, error);
    this.#reports = new Reports({ session: this, inbox, clock, logger: this.#logger, send, fail });
    const limits = {
      pingIntervalMs: PING_INTERVAL_MS,
      deadAfterMs: DEAD_AFTER_MS,
      handshakeMs: HANDSHAKE_MS,
    };
    this.#link = new LinkSession({
      duplex,
      clock,
      limits,
      logger: this.#logger,
      receive: (frame) => this.#received(frame),
    });
    this.#pieces = new PackagePieces({
      read: async (digest, offset) => options.packagePiece?.(digest, offset),
      wake: () => this.#link.wake(),
      failed: (thrown) => this.#fail('reading an agent package', toError(thrown)),
    });
    this.#link.bulkFrom(() => this.#pieces.next());
    this.ended = this.#link.ended.then((end) => this.#over(end));
  }

  get over(): boolean {
    return this.#link.closed;
  }

  start({ attemptId, taskId, fence, spec, upgrade }: StartCommand): void {
    this.#reports.acks.begin(attemptId, 0, 0);
    this.#command({
      kind: { $case: 'start', value: { attemptId, taskId, fence, spec: specToWire(spec, upgrade) } },
    });
  }

  adopt(attemptId: string, fence: Fence): void {
    this.#command({ kind: { $case: 'adopt', value: { attemptId, fence } } });
  }

  cancel(attemptId: string, fence: Fence, reason: string): void {
    this.#command({ kind: { $case: 'cancel', value: { attemptId, fence, reason } } });
  }

  acknowledge(attemptId: string, offset: number, event: number): void {
    this.#reports.acks.advance(attemptId, { offset, event });
  }

  release(attemptId: string, fence: Fence): void {
    this.#reports.acks.forget(attemptId);
    this.#command({ kind: { $case: 'release', value: { attemptId, fence } } });
  }

  can(capability: string): boolean {
    return this.#capabilities.includes(capability);
  }

  liftQuarantine(): void {
    this.#command({ kind: { $case: 'liftQuarantine', value: {} } });
  }

  tellNodes(nodes: readonly NodeAddress[]): void {
    if (sameNodes(nodes, this.#nodes)) return;
    this.#nodes = nodes;
    this.#command({ kind: { $case: 'nodesChanged', value: { nodes: [...nodes] } } });
  }

  close(reason: Parameters<AgentSession['close']>[0], detail: string): void {
    this.#link.close(GOODBYES[reason], detail);
  }

  #command(frame: ServerFrame): void {
    if (this.#state.kind === 'open') this.#link.send(frame);
    else if (this.#state.kind !== 'over') this.#held.push(frame);
  }

  #received({ kind }: AgentFrame): void {
    switch (this.#state.kind) {
      case 'over':
        return;
      case 'greeting':
        if (kind?.$case !== 'hello') throw unexpected(kind?.$case, 'before Hello');
        this.#state = { kind: 'admitting' };
        this.#attempt('admitting the agent', this.#admit(kind.value));
        return;
      case 'listing':
        this.#listed(this.#state, kind);
        return;
      case 'admitting':
      case 'reconciling':
        throw unexpected(kind?.$case, `while ${this.#state.kind}`);
      case 'open':
        if (kind !== undefined) this.#work(kind);
    }
  }

  async #admit(hello: Hello): Promise<void> {
    // A Hello that was there before us is given to us while we are being made.
    await Promise.resolve();
    const { inbox, nodeId, peer } = this.#options;
    if (hello.agentId !== peer.id)
      throw new AppError('forbidden', `agent ${peer.id} calls itself ${hello.agentId}`);
    const protocol = agreeOnProtocol({ min: hello.minProtocol, max: hello.maxProtocol });
    if (protocol === null) {
      const theirs = `${hello.minProtocol} to ${hello.maxProtocol}`;
      this.#link.close(
        GOODBYES.protocol,
        `the agent speaks protocol ${theirs}, this server ${MIN_PROTOCOL} to ${MAX_PROTOCOL}`,
      );
      return;
    }
    if (hello.incarnation === undefined)
      throw new AppError('invalid', `a Hello of agent ${peer.id} without an incarnation`);
    this.incarnation = hello.incarnation;
    const admission = await inbox.admit(helloFromWire(hello, hello.tickets[nodeId], peer.keyFingerprint), {
      instance: hello.instance,
      ended: this.#link.ended,
      answers: (withinMs) => this.#link.answers(withinMs),
      close: (reason, detail) => this.close(reason, detail),
    });
    if (admission.kind === 'rejected') {
      this.#link.close(GOODBYES[admission.reason], admission.detail);
      return;
    }
    if (this.#link.closed) return;
    this.#options.directory.welcome(this);
    if (hello.capabilities.includes('output-again'))
      this.fetchOutput = (attemptId, range) => this.#fetching.fetch(attemptId, range);
    this.#ticketHash = createHash('sha256').update(admission.ticket).digest('hex');
    this.#state = { kind: 'listing', attempts: [], digests: 0, confirmed: Promise.resolve() };
    this.#capabilities = commonCapabilities(hello.capabilities);
    this.#awaitData();
    this.#nodes = admission.nodes;
    this.#link.send({
      kind: {
        $case: 'welcome',
        value: {
          protocol,
          capabilities: [...this.#capabilities],
          nodeId,
          nodes: admission.nodes,
          ticket: admission.ticket,
          dataNonce: this.#nonce,
          attemptWindowBytes: ATTEMPT_WINDOW_BYTES,
          sessionWindowBytes: SESSION_WINDOW_BYTES,
        },
      },
    });
  }

  #listed(state: Extract<State, { kind: 'listing' }>, kind: AgentFrame['kind']): void {
    switch (kind?.$case) {
      case 'ticketStored':
        state.confirmed = this.#options.inbox.ticketStored(this.agentId, this.#ticketHash);
        state.confirmed.catch(() => undefined);
        return;
      case 'inventory':
        this.#page(state, kind.value);
        return;
      default:
        throw unexpected(kind?.$case, 'before the end of its inventory');
    }
  }

  #page(state: Extract<State, { kind: 'listing' }>, page: Inventory): void {
    state.attempts.push(...page.attempts.map(summaryFromWire));
    if (state.attempts.length > INVENTORY_LIMIT)
      throw new AppError('tooLarge', `agent ${this.agentId} lists more than ${INVENTORY_LIMIT} attempts`);
    state.digests += page.attempts.reduce(
      (sum, { outcome }) => sum + (outcome?.segmentDigests.length ?? 0),
      0,
    );
    if (state.digests > INVENTORY_DIGESTS_LIMIT)
      throw new AppError(
        'tooLarge',
        `agent ${this.agentId} lists more than ${INVENTORY_DIGESTS_LIMIT} digests`,
      );
    if (!page.last) return;
    this.#state = { kind: 'reconciling' };
    this.#attempt('answering the inventory', this.#reconcile(state));
  }

  async #reconcile({ attempts, confirmed }: Extract<State, { kind: 'listing' }>): Promise<void> {
    const { inbox, directory } = this.#options;
    await confirmed;
    const verdicts = await inbox.inventory(this, attempts);
    if (this.#link.closed) return;
    for (const verdict of verdicts) {
      if (verdict.kind === 'keep')
        this.#reports.acks.begin(verdict.attemptId, verdict.fromOffset, verdict.fromEvent);
    }
    this.#link.send({ kind: { $case: 'inventoryReply', value: { verdicts: verdicts.map(verdictToWire) } } });
    this.#link.opened();
    this.#state = { kind: 'open' };
    for (const frame of this.#held) this.#link.send(frame);
    this.#held = [];
    directory.add(this);
    await inbox.opened(this);
  }

  #work(kind: NonNullable<AgentFrame['kind']>): void {
    if (this.#reports.take(kind)) return;
    const { inbox } = this.#options;
    switch (kind.$case) {
      case 'factsChanged':
        this.#attempt('storing facts', inbox.factsChanged(this, factsFromWire(kind.value.facts)));
        return;
      case 'quarantined':
        this.#attempt('storing that it is quarantined', inbox.quarantined(this, kind.value.reason));
        return;
      case 'draining':
        this.#attempt('storing that it drains', inbox.draining(this, kind.value.draining));
        return;
      case 'outputAgain':
        this.#fetching.take(kind.value);
        return;
      case 'dataWanted':
        this.#dialData();
        return;
      case 'linkDegraded':
        this.degraded = kind.value.degraded;
        this.#logger.warn(kind.value.degraded ? 'the link is degraded' : 'the link is whole again', {
          detail: kind.value.detail,
        });
        return;
      case 'packageWanted':
        this.#pieces.wanted(kind.value);
        return;
      case 'certificateRequest':
        this.#attempt('renewing a certificate', this.#renew(kind.value.csrDer));
        return;
      case 'deregister':
        this.#attempt('deregistering', this.#deregister());
        return;
      default:
        throw unexpected(kind.$case, 'during work');
    }
  }

  async #renew(csrDer: Uint8Array): Promise<void> {
    const certificateChainPem = await this.#options.issueCertificate(csrDer);
    this.#link.send({ kind: { $case: 'certificateIssued', value: { certificateChainPem } } });
  }

  async #deregister(): Promise<void> {
    await this.#options.inbox.deregister(this);
    this.#link.send({ kind: { $case: 'deregistered', value: {} } });
    this.close('deregistered', 'as the agent asked');
  }

  #awaitData(): void {
    const { data } = this.#options;
    if (data.kind !== 'await') return;
    this.#stopJoin = data.join.expect({ nonce: this.#nonce, peer: this.agentId }, (duplex) => {
      // Our DataOpen tells the agent that we know its session.
      duplex.send({ kind: { $case: 'open', value: { nonce: this.#nonce } } }).catch(() => undefined);
      this.#useData(duplex);
    });
  }

  #dialData(): void {
    const { data } = this.#options;
    if (data.kind !== 'dial') return;
    const duplex = dialData(data.open, this.#nonce);
    void duplex.closed.then(({ reason, error }) => {
      if (error !== undefined)
        this.#link.send({ kind: { $case: 'dataUnavailable', value: { detail: reason } } });
    });
    this.#useData(duplex);
  }

  #useData(duplex: FrameDuplex<ServerDataFrame, AgentDataFrame>): void {
    this.#data?.close('a newer data connection took over');
    this.#data = duplex;
    duplex.receive((frame) => {
      if (this.#state.kind !== 'open') return;
      try {
        this.#receivedData(frame);
      } catch (thrown) {
        if (isBreach(thrown)) this.#link.refuse('taking a data frame', thrown);
        else this.#link.fail('taking a data frame', toError(thrown));
      }
    });
  }

  #receivedData({ kind }: AgentDataFrame): void {
    if (kind?.$case === 'output') this.#reports.output(kind.value);
    else if (kind?.$case === 'artifactChunk') this.#reports.artifact(kind.value);
    else if (kind?.$case !== 'open') throw unexpectedDataFrame(undefined);
  }

  /** What fails here leaves the session in no known state: it ends, and the agent comes again. */
  #attempt(what: string, doing: Promise<void>): void {
    doing.catch((thrown: unknown) => {
      this.#logger.error('a session failed', { what, error: toError(thrown) });
      this.#fail(what, toError(thrown));
    });
  }

  /** What came of a frame later on: `corrupt` and the like may then be said of our own store. */
  #fail(what: string, error: Error): void {
    if (error instanceof AppError && LATE_BREACHES.has(error.code)) this.#link.refuse(what, error);
    else this.#link.fail(what, error);
  }

  async #over(end: SessionEnd): Promise<SessionEnd> {
    const { inbox, directory } = this.#options;
    const before = this.#state.kind;
    this.#state = { kind: 'over' };
    this.#held = [];
    this.#reports.close();
    this.#fetching.end();
    this.#stopJoin?.();
    this.#data?.close('the session ended');
    directory.remove(this);
    if (end.kind === 'failed' && isBreach(end.error)) this.#options.violated?.(end.error.code);
    const why = describeEnd(end);
    // One that never began is a try to reach an agent that is away: there may be many.
    this.#logger[before === 'greeting' ? 'debug' : 'info']('a session ended', {
      end: why,
      ...('error' in end && { error: end.error }),
    });
    if (before === 'open' || before === 'reconciling') {
      await inbox
        .closed(this, why, end.kind === 'dead' ? end.silentMs : 0)
        .catch((error: unknown) => this.#logger.error('closing a session failed', { error: toError(error) }));
    }
    return end;
  }
}
