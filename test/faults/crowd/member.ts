/**
 * One simulated agent: the agent's own identity, dialler or listener, and
 * session; only the engine is missing. A script that it is given "runs" until
 * the test lets it end; after a cut it is listed again, as the engine would.
 */
import { createHash } from 'node:crypto';

import { systemClock, type Logger } from '@longshore/base';
import { Phase, type Outcome } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import {
  Goodbye_Reason,
  type AgentFrame,
  type AttemptSummary,
  type Hello,
  type ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { describeEnd, LinkSession } from '@longshore/protocol/session';

import type { ServedEnd, ServerConnection } from '../../../packages/agent/src/links/connection.ts';
import { DEAD_AFTER_MS, HANDSHAKE_MS, PING_INTERVAL_MS } from '../../../packages/agent/src/limits.ts';

export interface MemberEvents {
  opened(): void;
  ended(detail: string): void;
  /** It was told to start a script it has already: never to happen. */
  startedTwice(attemptId: string): void;
}

const LIMITS = { pingIntervalMs: PING_INTERVAL_MS, deadAfterMs: DEAD_AFTER_MS, handshakeMs: HANDSHAKE_MS };

export class Member {
  readonly #name: string;
  readonly #logger: Logger;
  readonly #events: MemberEvents;
  #ticket: Buffer | undefined;
  #nodeId = '';
  readonly #attempts = new Map<string, { ended: boolean }>();
  #session: LinkSession<AgentFrame, ServerFrame> | undefined;
  agentId = '';

  constructor(name: string, logger: Logger, events: MemberEvents) {
    this.#name = name;
    this.#logger = logger;
    this.#events = events;
  }

  get running(): number {
    return [...this.#attempts.values()].filter(({ ended }) => !ended).length;
  }

  /** For the agent's own links: serves one session. */
  async serve({ duplex, nodeId, signal, nodes }: ServerConnection): Promise<ServedEnd> {
    this.#nodeId = nodeId;
    const session: LinkSession<AgentFrame, ServerFrame> = new LinkSession({
      duplex,
      clock: systemClock,
      limits: LIMITS,
      logger: this.#logger,
      receive: (frame) => {
        if (frame.kind?.$case === 'welcome') nodes(frame.kind.value.nodes);
        this.#received(session, frame);
      },
    });
    const stop = (): void => session.close(Goodbye_Reason.SHUTDOWN, 'the agent stops');
    signal.addEventListener('abort', stop, { once: true });
    session.send({ kind: { $case: 'hello', value: this.hello() } });
    const end = await session.ended;
    signal.removeEventListener('abort', stop);
    this.#session = undefined;
    this.#events.ended(describeEnd(end));
    return { kind: 'again', detail: describeEnd(end) };
  }

  /** Its scripts end with exit code 0; told now, or when it is back. */
  finish(): void {
    for (const [id, attempt] of this.#attempts) {
      attempt.ended = true;
      this.#session?.send({ kind: { $case: 'outcome', value: { attemptId: id, outcome: success() } } });
    }
  }

  #received(session: LinkSession<AgentFrame, ServerFrame>, { kind }: ServerFrame): void {
    switch (kind?.$case) {
      case 'welcome':
        this.#ticket = Buffer.from(kind.value.ticket);
        session.send({ kind: { $case: 'ticketStored', value: {} } });
        session.send({
          kind: { $case: 'inventory', value: { attempts: this.#summaries(), last: true } },
        });
        return;
      case 'inventoryReply':
        session.opened();
        this.#session = session;
        this.#events.opened();
        for (const { attemptId, kind: verdict } of kind.value.verdicts) {
          if (verdict?.$case === 'release') this.#attempts.delete(attemptId);
        }
        if ([...this.#attempts.values()].some(({ ended }) => ended)) this.finish();
        return;
      case 'start':
        this.#start(session, kind.value.attemptId);
        return;
      case 'release':
        this.#attempts.delete(kind.value.attemptId);
        return;
      default:
        return;
    }
  }

  #start(session: LinkSession<AgentFrame, ServerFrame>, attemptId: string): void {
    if (this.#attempts.has(attemptId)) this.#events.startedTwice(attemptId);
    this.#attempts.set(attemptId, { ended: false });
    session.send({
      kind: { $case: 'startReply', value: { attemptId, kind: { $case: 'accepted', value: {} } } },
    });
    session.send({ kind: { $case: 'phaseChanged', value: { attemptId, phase: Phase.RUNNING } } });
  }

  #summaries(): AttemptSummary[] {
    return [...this.#attempts].map(([attemptId, { ended }]) => ({
      attemptId,
      fence: undefined,
      phase: ended ? Phase.ENDED : Phase.RUNNING,
      outputLength: 0,
      eventCount: 0,
      outcome: ended ? success() : undefined,
    }));
  }

  hello(): Hello {
    return {
      agentId: this.agentId,
      version: '0.1.0',
      minProtocol: 1,
      maxProtocol: 1,
      capabilities: [],
      incarnation: { storeId: `store ${this.#name}`, bootId: 'boot', hostId: `host ${this.#name}` },
      tickets: this.#ticket === undefined ? {} : { [this.#nodeId]: this.#ticket },
      facts: {
        hostname: this.#name,
        os: 'linux',
        architecture: 'x64',
        processors: 1,
        memoryBytes: 1e9,
        freeDiskBytes: 1e10,
        tools: [{ name: 'bash', version: '5' }],
        cgroups: false,
      },
      ephemeral: false,
      draining: false,
      instance: '',
      copied: false,
      quarantined: '',
    };
  }
}

/** Of an attempt without output. */
function success(): Outcome {
  return {
    kind: { $case: 'exited', value: { code: 0 } },
    message: '',
    bestEffortCleanup: false,
    startedAtMs: Date.now(),
    endedAtMs: Date.now(),
    outputLength: 0,
    eventCount: 0,
    artifactCount: 0,
    segmentDigests: [],
    digest: createHash('sha256').digest(),
  };
}
