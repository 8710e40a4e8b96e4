/**
 * The two ends of a link for the behaviour suite: the real engine on a real
 * disk with a host that only writes files, and the real server's session with
 * an inbox that records. What lies between them is the case's own.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, appendFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AppError, createIds, silentLogger, systemClock } from '@longshore/base';
import { createEngine, type Engine } from '@longshore/agent/engine/engine';
import type { HostListener, HostPort } from '@longshore/agent/engine/host-port';
import { encodeEvent } from '@longshore/agent/engine/events-reader';
import { segmentFile, workspacePaths, type OutcomeFile } from '@longshore/agent/contract/workspace';
import { Phase, type AttemptEvent } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import { SegmentHasher } from '@longshore/protocol/segments';
import { encodeRecords } from '@longshore/protocol/spool-record';
import type {
  AgentHello,
  AgentInbox,
  AgentSession,
  Admission,
  AttemptSummary,
  Verdict,
} from '@longshore/server/app/ports/agents';
import type { ScriptSpec } from '@longshore/server/domain/script';

export const AGENT_ID = 'agent-1';
export const NODE_ID = 'node-1';

export const until = async (what: string, met: () => boolean, withinMs = 10_000): Promise<void> => {
  const end = performance.now() + withinMs;
  while (!met()) {
    if (performance.now() > end) throw new Error(`not met in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

export const spec = (over: Partial<ScriptSpec> = {}): ScriptSpec => ({
  interpreter: 'bash',
  body: 'echo hi',
  arguments: [],
  environment: {},
  variables: [{ name: 'password', value: 'hunter2', sensitive: true }],
  files: [],
  timeoutMs: 0,
  graceMs: 10_000,
  isolation: null,
  terminal: null,
  runAs: '',
  maxProcesses: 0,
  outputQuotaBytes: 0,
  ...over,
});

interface Running {
  hasher: SegmentHasher;
  events: number;
  phase: Phase;
  ended: boolean;
}

/** Writes what a script host would write, when the test says so. */
export class FileHost implements HostPort {
  hostId = 'host-1';
  connected = true;
  readonly started: string[] = [];
  /** False: what it is handed is lost on the way. */
  takes = true;
  readonly lost: string[] = [];
  readonly cancelled: string[] = [];
  readonly forgotten: string[] = [];
  presumed = 0;
  readonly acked: [string, number][] = [];
  /** What a Start does at once; nothing by default. */
  onStart: (attemptId: string) => void = () => undefined;
  readonly #dataDir: string;
  readonly #running = new Map<string, Running>();
  #listener: HostListener | undefined;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  async connect(listener: HostListener): Promise<void> {
    this.#listener = listener;
    listener.connected({
      protocol: 1,
      hostId: this.hostId,
      version: '0',
      pid: 1,
      attempts: [...this.#running.keys()].map((id) => this.#state(id)),
    });
  }

  start({ attemptId }: { attemptId: string }): void {
    if (!this.takes) {
      this.lost.push(attemptId);
      return;
    }
    this.started.push(attemptId);
    mkdirSync(workspacePaths(this.#dataDir, attemptId).spool, { recursive: true });
    const running: Running = { hasher: new SegmentHasher(), events: 0, phase: Phase.ACCEPTED, ended: false };
    this.#running.set(attemptId, running);
    // It has it, as a host says at once.
    this.tell(attemptId);
    running.phase = Phase.RUNNING;
    this.onStart(attemptId);
  }

  starting(): Iterable<string> {
    return [];
  }

  cancel(attemptId: string): void {
    this.cancelled.push(attemptId);
    this.end(attemptId, { kind: 'cancelled' });
  }

  acknowledged(attemptId: string, offset: number): void {
    this.acked.push([attemptId, offset]);
  }

  forget(attemptId: string): void {
    this.forgotten.push(attemptId);
    this.#running.delete(attemptId);
  }

  resize(): void {
    throw new Error('no terminal here');
  }

  input(): void {
    throw new Error('no terminal here');
  }

  presumeGone(): void {
    this.presumed += 1;
    this.gone(this.hostId);
  }

  unclear(detail: string): void {
    this.#listener?.hostUnclear?.(this.hostId, detail);
  }

  knows(hostId: string): boolean {
    return hostId === this.hostId;
  }

  async close(): Promise<void> {
    this.#listener = undefined;
  }

  gone(hostId: string): void {
    this.#running.clear();
    void this.#listener?.hostGone(hostId, { proven: true });
  }

  tell(attemptId: string): void {
    this.#listener?.state(this.#state(attemptId));
  }

  failStart(attemptId: string): void {
    this.#running.delete(attemptId);
    this.#listener?.startFailed({ attemptId, reason: 8, detail: 'no such user' });
  }

  write(attemptId: string, bytes: Buffer): void {
    const { spool } = workspacePaths(this.#dataDir, attemptId);
    for (const part of this.#of(attemptId).hasher.add(encodeRecords('stdout', 1_700_000_000_000, bytes))) {
      appendFileSync(segmentFile(spool, part.index), part.bytes);
    }
  }

  event(attemptId: string, kind: AttemptEvent['kind']): void {
    const running = this.#of(attemptId);
    running.events += 1;
    const event = { n: running.events, atOffset: running.hasher.length, timeMs: 1, kind };
    appendFileSync(workspacePaths(this.#dataDir, attemptId).events, encodeEvent(event));
  }

  /** @returns what it wrote; undefined when it had ended before */
  end(attemptId: string, outcome: OutcomeFile['outcome'], artifacts: Buffer[] = []): OutcomeFile | undefined {
    const running = this.#of(attemptId);
    if (running.ended) return undefined;
    const paths = workspacePaths(this.#dataDir, attemptId);
    if (artifacts.length > 0) mkdirSync(paths.artifacts);
    artifacts.forEach((bytes, index) => writeFileSync(join(paths.artifacts, String(index)), bytes));
    const { length, segmentDigests, digest } = running.hasher.finish();
    const file: OutcomeFile = {
      version: 1,
      outcome,
      message: '',
      bestEffortCleanup: false,
      startedAtMs: 1,
      endedAtMs: Date.now(),
      outputLength: length,
      eventCount: running.events,
      artifactCount: artifacts.length,
      segmentDigests: segmentDigests.map((d) => d.toString('hex')),
      digest: digest.toString('hex'),
    };
    writeFileSync(`${paths.outcome}.new`, JSON.stringify(file));
    renameSync(`${paths.outcome}.new`, paths.outcome);
    running.ended = true;
    running.phase = Phase.ENDED;
    this.tell(attemptId);
    return file;
  }

  #of(attemptId: string): Running {
    const running = this.#running.get(attemptId);
    if (running === undefined) throw new Error(`${attemptId} does not run`);
    return running;
  }

  #state(attemptId: string): Parameters<HostListener['state']>[0] {
    const { hasher, events, phase, ended } = this.#of(attemptId);
    return { attemptId, phase, outputLength: hasher.length, eventCount: events, ended, stuck: '' };
  }
}

interface Stored {
  bytes: Buffer[];
  length: number;
  events: number;
  outcome: string | undefined;
  artifacts: Map<number, Buffer>;
  complete: boolean;
  phases: string[];
  replies: string[];
  digests: number;
  /** Bytes of artifacts that came, those that came again included. */
  artifactBytes: number;
}

/** Stores what an agent says, in memory, and answers as told. */
export class RecordingInbox implements AgentInbox {
  readonly hellos: AgentHello[] = [];
  readonly inventories: AttemptSummary[][] = [];
  readonly refused: string[] = [];
  /** What the agent said to be missing. */
  readonly missing: { attemptId: string; from: number; to: number }[] = [];
  readonly closings: string[] = [];
  readonly stored = new Map<string, Stored>();
  session: AgentSession | undefined;
  sessions = 0;
  drainings: boolean[] = [];
  quarantines: string[] = [];
  ticket = 0;
  confirmedTickets = 0;
  admission: (hello: AgentHello) => Admission | undefined = () => undefined;
  verdict: (summary: AttemptSummary) => Verdict = ({ attemptId }) => this.keep(attemptId);
  /** Of attempts that the agent did not list. */
  alsoVerdicts: Verdict[] = [];
  /** Called at each call about an attempt: a test's place to cut. */
  onReport: () => void = () => undefined;
  /** How often `output` says that a segment is corrupt. */
  corruptTimes = 0;
  /** Outputs of this attempt are not stored until this resolves. */
  readonly stalled = new Map<string, Promise<void>>();

  of(attemptId: string): Stored {
    let stored = this.stored.get(attemptId);
    if (stored === undefined) {
      stored = {
        bytes: [],
        length: 0,
        events: 0,
        outcome: undefined,
        artifacts: new Map(),
        complete: false,
        phases: [],
        replies: [],
        digests: 0,
        artifactBytes: 0,
      };
      this.stored.set(attemptId, stored);
    }
    return stored;
  }

  keep(attemptId: string): Verdict {
    const { length, events, artifacts } = this.of(attemptId);
    return {
      attemptId,
      kind: 'keep',
      fromOffset: length,
      fromEvent: events,
      artifactOffsets: [...artifacts.values()].map((a) => a.length),
    };
  }

  async admit(hello: AgentHello): Promise<Admission> {
    this.hellos.push(hello);
    const worker = {} as Extract<Admission, { kind: 'welcome' }>['worker'];
    const ticket = Buffer.from(`ticket ${++this.ticket}`);
    return (
      this.admission(hello) ?? {
        kind: 'welcome',
        worker,
        nodes: [{ nodeId: NODE_ID, address: '127.0.0.1:1' }],
        ticket,
      }
    );
  }

  async ticketStored(): Promise<void> {
    this.confirmedTickets += 1;
  }

  async inventory(_session: AgentSession, attempts: AttemptSummary[]): Promise<Verdict[]> {
    this.inventories.push(attempts);
    return [...attempts.map((summary) => this.verdict(summary)), ...this.alsoVerdicts];
  }

  async opened(session: AgentSession): Promise<void> {
    this.session = session;
    this.sessions += 1;
  }

  async closed(session: AgentSession, why: string): Promise<void> {
    this.closings.push(why);
    if (this.session === session) this.session = undefined;
  }

  async startReply(
    _s: AgentSession,
    attemptId: string,
    reply: { kind: string; reason?: string },
  ): Promise<void> {
    this.of(attemptId).replies.push(reply.reason ?? reply.kind);
    this.onReport();
  }

  async phaseChanged(_s: AgentSession, attemptId: string, phase: string): Promise<void> {
    this.of(attemptId).phases.push(phase);
    this.onReport();
  }

  async output(
    _s: AgentSession,
    attemptId: string,
    offset: number,
    records: Uint8Array,
    digest: string | null,
  ): Promise<number> {
    const stored = this.of(attemptId);
    if (offset > stored.length)
      throw new AppError('conflict', `a gap in ${attemptId}`, { detail: { length: stored.length } });
    if (digest !== null && this.corruptTimes > 0) {
      this.corruptTimes -= 1;
      stored.bytes = [];
      stored.length = 0;
      throw new AppError('corrupt', 'the segment differs', { detail: { from: 0 } });
    }
    if (digest !== null) stored.digests += 1;
    const fresh = records.subarray(Math.max(0, stored.length - offset));
    stored.bytes.push(Buffer.from(fresh));
    stored.length += fresh.length;
    const { length } = stored;
    this.onReport();
    await this.stalled.get(attemptId);
    return length;
  }

  async outputMissing(_s: AgentSession, attemptId: string, offset: number, bytes: number): Promise<number> {
    this.missing.push({ attemptId, from: offset, to: offset + bytes });
    this.of(attemptId).length = offset + bytes;
    return offset + bytes;
  }

  async events(_s: AgentSession, attemptId: string, events: { n: number }[]): Promise<number> {
    const stored = this.of(attemptId);
    for (const { n } of events) if (n === stored.events + 1) stored.events = n;
    this.onReport();
    return stored.events;
  }

  async outcome(_s: AgentSession, attemptId: string, outcome: { kind: string }): Promise<void> {
    this.of(attemptId).outcome = outcome.kind;
    this.onReport();
  }

  async artifact(
    _s: AgentSession,
    attemptId: string,
    chunk: { index: number; offset: number; content: Uint8Array; last: boolean },
  ): Promise<{ offset: number; complete: boolean }> {
    const { artifacts } = this.of(attemptId);
    this.of(attemptId).artifactBytes += chunk.content.length;
    const before = artifacts.get(chunk.index) ?? Buffer.alloc(0);
    const all = Buffer.concat([before.subarray(0, chunk.offset), chunk.content]);
    artifacts.set(chunk.index, all);
    return { offset: all.length, complete: chunk.last };
  }

  async commandRefused(_s: AgentSession, attemptId: string, { command }: { command: string }): Promise<void> {
    this.refused.push(`${command} ${attemptId}`);
  }

  async factsChanged(): Promise<void> {
    this.onReport();
  }

  async quarantined(_s: AgentSession, reason: string): Promise<void> {
    this.quarantines.push(reason);
  }

  async draining(_s: AgentSession, draining: boolean): Promise<void> {
    this.drainings.push(draining);
  }

  async deregister(): Promise<void> {
    this.onReport();
  }

  async warning(): Promise<void> {
    this.onReport();
  }

  bytes(attemptId: string): Buffer {
    return Buffer.concat(this.of(attemptId).bytes);
  }
}

/** One agent: a data directory, its host, and the engine of the moment. */
export class Agent {
  readonly #id: string;
  readonly dataDir = mkdtempSync(join(tmpdir(), 'link-'));
  readonly host = new FileHost(this.dataDir);
  tools = ['bash', 'sh'];
  bootId = 'boot-1';
  engine!: Engine;

  constructor(id: string) {
    this.#id = id;
  }

  async start(): Promise<void> {
    this.engine = createEngine({
      dataDir: this.dataDir,
      agentId: this.#id,
      version: '0.1.0',
      host: this.host,
      facts: {
        current: () => ({
          hostname: 'h',
          os: 'linux',
          architecture: 'x64',
          processors: 1,
          memoryBytes: 1,
          freeDiskBytes: 1,
          tools: this.tools.map((name) => ({ name, version: '1' })),
          cgroups: false,
        }),
      },
      clock: systemClock,
      logger: silentLogger,
      ids: createIds(),
      bootId: this.bootId,
    });
    await this.engine.start();
  }

  /** As after `kill -9` of the link process: the host and the disk stay. */
  async restart(): Promise<void> {
    await this.engine.close();
    await this.start();
  }

  async remove(): Promise<void> {
    await this.engine.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
