/**
 * The agent's side of one session with one server node.
 *
 *   greeting ──Welcome: ticket stored and confirmed, inventory sent──▶ reconciling ──InventoryReply──▶ working ──▶ over
 *
 * Always true: commands are obeyed in `working` only (the server sends none
 * before), and none after the session is over or was replaced by a newer one
 * of the same node; a session that ends disturbs no script.
 */
import type { Clock, Logger } from '@longshore/base';
import { AppError, isId } from '@longshore/base';
import type { DataSource } from '@longshore/protocol/data-join';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import {
  Goodbye_Reason,
  type AgentDataFrame,
  type AgentFrame,
  type Hello,
  type InventoryReply,
  type Node as ServerNode,
  type ServerDataFrame,
  type ServerFrame,
  type Welcome,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { LinkSession, type SessionEnd } from '@longshore/protocol/session';
import { MAX_PROTOCOL, MIN_PROTOCOL } from '@longshore/protocol/versions';

import {
  ATTEMPT_WINDOW_BYTES,
  DEAD_AFTER_MS,
  HANDSHAKE_MS,
  INVENTORY_PAGE,
  LONGEST_TICKET_BYTES,
  PING_INTERVAL_MS,
  SERVER_NODES,
  SESSION_WINDOW_BYTES,
} from '../limits.ts';
import type { Attempts } from './attempts.ts';
import type { Commands, CommandSession } from './commands.ts';
import { DataLane } from './data-lane.ts';
import { Sender } from './sender.ts';
import type { Tickets } from './tickets.ts';

/** What the rest of the agent may do with a live session. */
export interface SessionHandle {
  readonly nodeId: string;
  requestCertificate(csrDer: Buffer): void;
  deregister(): void;
}

export interface SessionEvents {
  /** The live server nodes: with Welcome, and whenever they change. */
  nodes?: (nodes: readonly ServerNode[]) => void;
  /** The inventory was answered: the agent is ready for work from this node. */
  opened?: (handle: SessionHandle) => void;
  /** Leaf, then the authority. */
  certificateIssued?: (chainPem: string) => void;
  deregistered?: () => void;
}

export interface ServerSessionOptions {
  duplex: FrameDuplex<AgentFrame, ServerFrame>;
  data: DataSource<AgentDataFrame, ServerDataFrame>;
  /** The node's id as its certificate says; empty where that is not known before Welcome. */
  peer: string;
  hello: () => Hello;
  /** Welcome says which node it is: an older session with that node is over. */
  named: (session: ServerSession) => void;
  attempts: Attempts;
  commands: Commands;
  tickets: Tickets;
  /** An operator vouches for what dead script hosts left behind. */
  liftQuarantine: () => void;
  clock: Clock;
  logger: Logger;
  events: SessionEvents;
}

type State = { kind: 'greeting' } | { kind: 'reconciling' } | { kind: 'working' } | { kind: 'over' };

export class ServerSession implements CommandSession {
  readonly #options: ServerSessionOptions;
  readonly #link: LinkSession<AgentFrame, ServerFrame>;
  #sender: Sender;
  #lane: DataLane | undefined;
  #state: State = { kind: 'greeting' };
  readonly ended: Promise<SessionEnd>;
  /** Known from Welcome on. */
  #nodeId: string;

  constructor(options: ServerSessionOptions) {
    this.#options = options;
    const { duplex, clock, logger, hello } = options;
    this.#nodeId = options.peer;
    const limits = {
      pingIntervalMs: PING_INTERVAL_MS,
      deadAfterMs: DEAD_AFTER_MS,
      handshakeMs: HANDSHAKE_MS,
    };
    this.#link = new LinkSession({
      duplex,
      clock,
      limits,
      logger,
      receive: (frame) => this.#received(frame),
    });
    this.#sender = this.#newSender({
      attemptBytes: ATTEMPT_WINDOW_BYTES,
      sessionBytes: SESSION_WINDOW_BYTES,
    });
    this.ended = this.#link.ended.then((end) => this.#over(end));
    this.send({ kind: { $case: 'hello', value: hello() } });
  }

  get sender(): Sender {
    return this.#sender;
  }

  get nodeId(): string {
    return this.#nodeId;
  }

  /** Hello is said, and no Welcome has come. */
  get greeting(): boolean {
    return this.#state.kind === 'greeting';
  }

  get working(): boolean {
    return this.#state.kind === 'working';
  }

  get degraded(): boolean {
    return this.#lane?.degraded ?? false;
  }

  send(frame: AgentFrame): void {
    this.#link.send(frame);
  }

  close(reason: Goodbye_Reason, detail: string): void {
    this.#link.close(reason, detail);
    this.#state = { kind: 'over' };
  }

  #received({ kind }: ServerFrame): void {
    switch (this.#state.kind) {
      case 'over':
        return;
      case 'greeting':
        if (kind?.$case !== 'welcome') throw unexpected(kind?.$case, 'before Welcome');
        {
          this.#welcomed(kind.value);
          return;
        }
      case 'reconciling':
        if (kind?.$case !== 'inventoryReply')
          throw unexpected(kind?.$case, 'before the reply to our inventory');
        {
          this.#reconciled(kind.value);
          return;
        }
      case 'working': {
        this.#command(kind);
        return;
      }
    }
  }

  #welcomed(welcome: Welcome): void {
    const { peer, tickets, events, attempts, named, logger } = this.#options;
    if (peer !== '' && welcome.nodeId !== peer) {
      throw new AppError('forbidden', `the node ${peer} calls itself ${welcome.nodeId}`);
    }
    this.#nodeId = welcome.nodeId;
    if (welcome.protocol < MIN_PROTOCOL || welcome.protocol > MAX_PROTOCOL) {
      this.close(
        Goodbye_Reason.PROTOCOL,
        `protocol ${welcome.protocol}; we speak ${MIN_PROTOCOL} to ${MAX_PROTOCOL}`,
      );
      return;
    }
    if (welcome.ticket.length > LONGEST_TICKET_BYTES)
      throw new AppError('tooLarge', `a Welcome with a ticket of ${welcome.ticket.length} bytes`);
    requireFew(welcome.nodes);
    const stored = tickets.put(welcome.nodeId, welcome.ticket);
    named(this);
    if (stored) this.send({ kind: { $case: 'ticketStored', value: {} } });
    else logger.warn('the disk is full: the session ticket before stays', { nodeId: welcome.nodeId });
    this.#sender = this.#newSender({
      attemptBytes: welcome.attemptWindowBytes || ATTEMPT_WINDOW_BYTES,
      sessionBytes: welcome.sessionWindowBytes || SESSION_WINDOW_BYTES,
    });
    this.#lane = this.#newLane(welcome.dataNonce);
    this.#sender.useLane(this.#lane);
    events.nodes?.(welcome.nodes);
    const all = [...attempts.all()].map((attempt) => attempt.summary());
    for (let at = 0; at === 0 || at < all.length; at += INVENTORY_PAGE) {
      const page = all.slice(at, at + INVENTORY_PAGE);
      this.send({
        kind: { $case: 'inventory', value: { attempts: page, last: at + INVENTORY_PAGE >= all.length } },
      });
    }
    this.#state = { kind: 'reconciling' };
  }

  #reconciled(reply: InventoryReply): void {
    const { events } = this.#options;
    const nodeId = this.#nodeId;
    this.#state = { kind: 'working' };
    this.#link.opened();
    this.#verdicts(reply);
    events.opened?.({
      nodeId,
      requestCertificate: (csrDer) => this.send({ kind: { $case: 'certificateRequest', value: { csrDer } } }),
      deregister: () => this.send({ kind: { $case: 'deregister', value: {} } }),
    });
  }

  #verdicts({ verdicts }: InventoryReply): void {
    const { commands, clock } = this.#options;
    for (const { attemptId } of verdicts) requireId('verdict', attemptId);
    for (const verdict of verdicts) commands.verdict(this, verdict, clock.now());
  }

  #command(kind: ServerFrame['kind']): void {
    const { commands, events } = this.#options;
    if (kind !== undefined && 'attemptId' in kind.value) requireId(kind.$case, kind.value.attemptId);
    switch (kind?.$case) {
      case 'start': {
        commands.start(this, kind.value);
        return;
      }
      case 'ack': {
        commands.acknowledged(this, kind.value);
        return;
      }
      case 'release': {
        commands.release(this, kind.value);
        return;
      }
      case 'cancel': {
        commands.cancel(this, kind.value);
        return;
      }
      case 'adopt': {
        commands.adopt(this, kind.value);
        return;
      }
      case 'artifactAck': {
        commands.artifactAcknowledged(this, kind.value);
        return;
      }
      case 'outputWanted': {
        commands.outputWanted(this, kind.value);
        return;
      }
      case 'inventoryReply': {
        // Bytes are asked for again (a segment's digest differed, or there was a gap).
        this.#verdicts(kind.value);
        return;
      }
      case 'packageChunk': {
        commands.packageChunk(kind.value);
        return;
      }
      case 'dataUnavailable':
        this.#lane?.unavailable(kind.value.detail);
        return;
      case 'liftQuarantine': {
        this.#options.liftQuarantine();
        return;
      }
      case 'nodesChanged': {
        requireFew(kind.value.nodes);
        events.nodes?.(kind.value.nodes);
        return;
      }
      case 'certificateIssued':
        return events.certificateIssued?.(kind.value.certificateChainPem);
      case 'deregistered':
        return events.deregistered?.();
      default:
        throw unexpected(kind?.$case, 'during work');
    }
  }

  #newSender(windows: { attemptBytes: number; sessionBytes: number }): Sender {
    const sender = new Sender({
      clock: this.#options.clock,
      windows,
      wake: () => this.#link.wake(),
      say: (frame) => this.send(frame),
    });
    this.#link.bulkFrom(() => sender.nextControl());
    return sender;
  }

  #newLane(nonce: Buffer): DataLane {
    const { data, peer, clock, logger } = this.#options;
    return new DataLane({
      source: data,
      nonce,
      peer,
      clock,
      logger,
      ask: () => this.send({ kind: { $case: 'dataWanted', value: {} } }),
      pull: () => this.#sender.nextData(),
      underWay: () => this.#sender.dataUnderWay,
      opened: () => this.#sender.dataOpened(),
      lost: () => this.#sender.dataLost(),
      degraded: (degraded, detail) =>
        this.send({ kind: { $case: 'linkDegraded', value: { degraded, detail } } }),
    });
  }

  #over(end: SessionEnd): SessionEnd {
    this.#state = { kind: 'over' };
    this.#lane?.shut();
    this.#sender.close();
    return end;
  }
}

/** Ids become names of folders, and words of a line. */
function requireId(what: string, attemptId: string): void {
  if (!isId(attemptId))
    throw new AppError('invalid', `the server sent ${what} of an attempt whose id is not one`);
}

function requireFew(nodes: readonly ServerNode[]): void {
  if (nodes.length > SERVER_NODES)
    throw new AppError('tooLarge', `the server tells of ${nodes.length} server nodes`);
}

function unexpected(kind: string | undefined, when: string): AppError {
  return new AppError('corrupt', `the server sent ${kind ?? 'nothing known'} ${when}`);
}
