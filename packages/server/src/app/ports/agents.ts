/**
 * Between `app` and the link. `links` implements AgentSession and
 * AgentDirectory (outbound); `app` implements AgentInbox (inbound).
 */
import type { AttemptEventRecord } from './attempts.ts';
import type { AttemptReport } from '../../domain/attempt.ts';
import type { Fence } from '../../domain/fence.ts';
import type { Incarnation } from '../../domain/incarnation.ts';
import type { Outcome, RefusedReason } from '../../domain/outcome.ts';
import type { ScriptSpec } from '../../domain/script.ts';
import type { MachineFacts, Worker } from '../../domain/worker.ts';

export interface StartCommand {
  attemptId: string;
  taskId: string;
  fence: Fence;
  /** In clear: it goes out over mTLS and nowhere else. */
  spec: ScriptSpec;
  /** Instead of the script: the agent is to become this version. */
  upgrade?: { version: string; digest: string; length: number; confirmWithinMs: number };
}

/** The attempts of one connected agent: also what SSH will implement. Commands are queued and never throw for a lost link. */
export interface AttemptPort {
  start(command: StartCommand): void;
  adopt(attemptId: string, fence: Fence): void;
  cancel(attemptId: string, fence: Fence, reason: string): void;
  acknowledge(attemptId: string, offset: number, event: number): void;
  release(attemptId: string, fence: Fence): void;
  /**
   * Output once more, for what was stored of it is damaged: whole records of this range. Absent where the agent can't.
   *
   * @returns null when the agent does not have all of it any more
   * @throws AppError `unavailable` when the session ends before the answer
   */
  fetchOutput?:
    ((attemptId: string, range: { from: number; to: number }) => Promise<Buffer | null>) | undefined;
}

/** One life of one link, after Welcome. */
export interface AgentSession extends AttemptPort {
  readonly sessionId: string;
  readonly agentId: string;
  readonly incarnation: Incarnation;
  /** Bytes go by control at a limited rate, for the data connection keeps failing. */
  readonly degraded: boolean;
  /** It has ended, or was closed: what it said of its agent's attempts may have changed since. */
  readonly over: boolean;
  /** Whether both ends have this capability. */
  can(capability: string): boolean;
  /** An operator vouches for what the agent could not show to be gone. */
  liftQuarantine(): void;
  /** The server nodes that there are: sent where they are others than it was told last. */
  tellNodes(nodes: readonly NodeAddress[]): void;
  close(reason: 'shutdown' | 'replaced' | 'revoked' | 'locked' | 'deregistered', detail: string): void;
}

/** A server node as agents dial it. */
export interface NodeAddress {
  nodeId: string;
  /** host:port */
  address: string;
}

export interface AgentDirectory {
  /** The live, inventoried session of this node with the agent. */
  session(agentId: string): AgentSession | undefined;
  sessions(): Iterable<AgentSession>;
}

export interface AgentHello {
  agentId: string;
  /** SHA-256 of the TLS peer's public key, hex: checked against the worker's. */
  keyFingerprint: string;
  version: string;
  incarnation: Incarnation;
  /** SHA-256 hex of the ticket shown; empty at a first session. */
  ticketHash: string;
  facts: MachineFacts;
  ephemeral: boolean;
  draining: boolean;
  /** Why it takes no attempt: what a dead script host left behind can't be shown to be gone. Empty: it takes some. */
  quarantined: string;
  /** The agent found its data directory at another place than the one that it was made for. */
  copied?: boolean;
}

/** A link process at the far end of a session that is being opened, or is open. */
export interface Presence {
  /** Its own name for its life; empty where it is too old to have one. */
  readonly instance: string;
  readonly ended: Promise<unknown>;
  /** Whether it answers now. */
  answers(withinMs: number): Promise<boolean>;
  close(reason: 'locked', detail: string): void;
}

export interface AttemptSummary {
  attemptId: string;
  fence: Fence;
  phase: 'accepted' | 'waiting' | 'running' | 'ended';
  outputLength: number;
  eventCount: number;
  outcome: { outcome: Outcome; report: AttemptReport } | null;
}

export type Verdict = { attemptId: string } & (
  | { kind: 'keep'; fromOffset: number; fromEvent: number; artifactOffsets: number[] }
  | { kind: 'cancel' }
  | { kind: 'release' }
  | { kind: 'notMine' }
  | { kind: 'unknown' }
);

export type Admission =
  /** `ticket` is to be sent in Welcome; its hash is stored as pending. */
  | { kind: 'welcome'; worker: Worker; nodes: NodeAddress[]; ticket: Buffer }
  | {
      kind: 'rejected';
      reason: 'revoked' | 'locked' | 'replaced' | 'protocol' | 'overloaded';
      detail: string;
      /** The identity itself is not locked: another copy of it goes on. */
      onlyThis?: boolean;
    };

export interface RefusedCommand {
  /** As the wire calls it: `start`, `adopt`, `cancel`, `release`. */
  command: string;
  reason: RefusedReason;
  /** The fence that the agent has for the attempt. */
  storedFence: Fence;
}

export interface ArtifactChunk {
  index: number;
  offset: number;
  content: Uint8Array;
  last: boolean;
  /** SHA-256 of the whole, hex, on the last chunk. */
  digest: string;
  error: string;
}

/**
 * What an agent says. Calls about one attempt are made in the order in which
 * the agent said it, and overlap: the next is made without waiting for the one
 * before, so that what arrives in one turn shares one commit. Each call
 * resolves when what it says is durable, so that a reply to it may be sent.
 */
export interface AgentInbox {
  /** Hello: is it let in? Two copies lock the identity. */
  admit(hello: AgentHello, presence?: Presence): Promise<Admission>;
  /** @param hash SHA-256 hex of the ticket that its Welcome carried */
  ticketStored(agentId: string, hash: string): Promise<void>;
  /** All that the agent knows of; verdicts for those. Called once a session, before any other work. */
  inventory(session: AgentSession, attempts: AttemptSummary[]): Promise<Verdict[]>;
  /** The verdicts have been written: commands may follow. */
  opened(session: AgentSession): Promise<void>;
  /** @param silentMs for how long nothing had been heard by then */
  closed(session: AgentSession, why: string, silentMs?: number): Promise<void>;
  startReply(
    session: AgentSession,
    attemptId: string,
    reply: { kind: 'accepted' } | { kind: 'refused'; reason: RefusedReason; detail: string },
  ): Promise<void>;
  phaseChanged(
    session: AgentSession,
    attemptId: string,
    phase: 'accepted' | 'waiting' | 'running' | 'ended',
  ): Promise<void>;
  /**
   * Whole records at an offset. Resolves with the offset to acknowledge (durable). The digest is that of the
   * segment which ends here.
   *
   * @throws AppError `corrupt` when the digest differs: the link asks again from the segment's start
   */
  output(
    session: AgentSession,
    attemptId: string,
    offset: number,
    records: Uint8Array,
    segmentDigest: string | null,
  ): Promise<number>;
  outputMissing(session: AgentSession, attemptId: string, offset: number, bytes: number): Promise<number>;
  events(session: AgentSession, attemptId: string, events: AttemptEventRecord[]): Promise<number>;
  outcome(session: AgentSession, attemptId: string, outcome: Outcome, report: AttemptReport): Promise<void>;
  artifact(
    session: AgentSession,
    attemptId: string,
    chunk: ArtifactChunk,
  ): Promise<{ offset: number; complete: boolean }>;
  commandRefused(session: AgentSession, attemptId: string, refused: RefusedCommand): Promise<void>;
  factsChanged(session: AgentSession, facts: MachineFacts): Promise<void>;
  draining(session: AgentSession, draining: boolean): Promise<void>;
  /** @param reason as in Hello */
  quarantined(session: AgentSession, reason: string): Promise<void>;
  deregister(session: AgentSession): Promise<void>;
  warning(session: AgentSession, attemptId: string, text: string): Promise<void>;
}
