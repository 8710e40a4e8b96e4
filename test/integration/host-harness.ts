/** A real script host in a data directory of its own, driven through the link's port to it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createIds, silentLogger, systemClock, type Logger } from '@longshore/base';
import { readHostRecords } from '@longshore/agent/contract/host-record';
import {
  type OutcomeFile,
  scriptFile,
  segmentFile,
  type WorkspacePaths,
  workspacePaths,
} from '@longshore/agent/contract/workspace';
import type { HostListener, HostPort } from '@longshore/agent/engine/host-port';
import { createHostPort } from '@longshore/agent/hostlink/host-port';
import { stopHosts } from '@longshore/agent/hostlink/stop';
import type { AttemptState, HostWelcome, StartFailed } from '@longshore/protocol/gen/longshore/host/v1/host';
import { AttemptEvent, Interpreter, ScriptSpec } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import { listDigest, SegmentHasher } from '@longshore/protocol/segments';
import { RECORD_HEADER_BYTES, scanRecords } from '@longshore/protocol/spool-record';

const ids = createIds();

/** Waits until `look` gives something. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | null,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false && found !== null) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** One link process's view; the host outlives it. */
export class LinkSide implements HostListener {
  readonly port: HostPort;
  readonly states = new Map<string, AttemptState>();
  readonly failed = new Map<string, StartFailed>();
  readonly gone: string[] = [];
  readonly welcomes: HostWelcome[] = [];

  constructor(dataDir: string, command?: readonly string[], logger: Logger = silentLogger) {
    this.port = createHostPort({
      dataDir,
      clock: systemClock,
      logger,
      ...(command === undefined ? {} : { command }),
    });
  }

  connected(welcome: HostWelcome): void {
    this.welcomes.push(welcome);
    for (const state of welcome.attempts) this.states.set(state.attemptId, state);
  }

  state(state: AttemptState): void {
    this.states.set(state.attemptId, state);
  }

  startFailed(failure: StartFailed): void {
    this.failed.set(failure.attemptId, failure);
  }

  async hostGone(hostId: string): Promise<void> {
    this.gone.push(hostId);
  }
}

type SpecPart = Parameters<typeof ScriptSpec.fromPartial>[0];

export class Laid {
  readonly id: string;
  readonly paths: WorkspacePaths;
  readonly spec: ScriptSpec;

  constructor(dataDir: string, body: string, more: SpecPart) {
    this.id = ids();
    this.paths = workspacePaths(dataDir, this.id);
    this.spec = ScriptSpec.fromPartial({ interpreter: Interpreter.BASH, body: Buffer.from(body), ...more });
    mkdirSync(this.paths.work, { recursive: true, mode: 0o700 });
    writeFileSync(scriptFile(this.paths.work, this.spec.interpreter), body, { mode: 0o700 });
  }

  get outcome(): OutcomeFile {
    return JSON.parse(readFileSync(this.paths.outcome, 'utf8')) as OutcomeFile;
  }

  /** The spool as it stands, verified: whole records, and the digests that outcome.json states. */
  spool(): { stdout: Buffer; stderr: Buffer } {
    const parts: Record<number, Buffer[]> = { 1: [], 2: [] };
    const hasher = new SegmentHasher();
    for (let index = 0; index < this.segments(); index += 1) {
      const bytes = readFileSync(segmentFile(this.paths.spool, index));
      const { rest } = scanRecords(bytes, (start, end, stream) => {
        parts[stream]?.push(bytes.subarray(start + RECORD_HEADER_BYTES, end));
      });
      if (rest !== 'none') throw new Error(`segment ${index} ends ${rest}`);
      hasher.add(bytes);
    }
    const { length, segmentDigests } = hasher.finish();
    const { outputLength, digest } = this.outcome;
    if (length !== outputLength || listDigest(segmentDigests).toString('hex') !== digest)
      throw new Error('the digest of the spool is not what outcome.json says');
    return { stdout: Buffer.concat(parts[1] ?? []), stderr: Buffer.concat(parts[2] ?? []) };
  }

  segments(): number {
    return readdirSync(this.paths.spool).filter((name) => /^\d{6}$/.test(name)).length;
  }

  events(): AttemptEvent[] {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.paths.events);
    } catch {
      return [];
    }
    const events: AttemptEvent[] = [];
    for (let at = 0; at + 8 <= bytes.length; at += 8 + bytes.readUInt32BE(at)) {
      events.push(AttemptEvent.decode(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at))));
    }
    return events;
  }

  notes(): string[] {
    return this.events().flatMap(({ kind }) => (kind?.$case === 'note' ? [kind.value.text] : []));
  }
}

export class HostHarness implements AsyncDisposable {
  readonly dataDir: string;
  readonly #command: readonly string[] | undefined;
  link: LinkSide;

  private constructor(dataDir: string, command: readonly string[] | undefined) {
    this.dataDir = dataDir;
    this.#command = command;
    this.link = new LinkSide(dataDir, command);
  }

  static async start(command?: readonly string[]): Promise<HostHarness> {
    const harness = new HostHarness(mkdtempSync(join(tmpdir(), 'longshore-host-')), command);
    await harness.link.port.connect(harness.link);
    return harness;
  }

  get hostPid(): number {
    const record = readHostRecords(this.dataDir).find(({ hostId }) => hostId === this.link.port.hostId);
    if (record === undefined) throw new Error('no record of the host');
    return record.process.pid;
  }

  /** Another link process takes over from this one. */
  async relink(): Promise<void> {
    await this.link.port.close();
    this.link = new LinkSide(this.dataDir, this.#command);
    await this.link.port.connect(this.link);
  }

  start(body: string, more: SpecPart = {}): Laid {
    const laid = new Laid(this.dataDir, body, more);
    this.link.port.start({ attemptId: laid.id, workspace: laid.paths.root, spec: laid.spec });
    return laid;
  }

  ended(laid: Laid, withinMs?: number): Promise<AttemptState> {
    return until(
      `attempt ${laid.id} has ended`,
      () => {
        const state = this.link.states.get(laid.id);
        return state?.ended === true ? state : undefined;
      },
      withinMs,
    );
  }

  async run(body: string, more: SpecPart = {}): Promise<Laid> {
    const laid = this.start(body, more);
    await this.ended(laid);
    return laid;
  }

  /** Until the script has printed this. */
  printed(laid: Laid, text: string): Promise<boolean> {
    return until(`attempt ${laid.id} prints ${text}`, () => {
      for (let index = 0; index < this.#segments(laid); index += 1) {
        if (readFileSync(segmentFile(laid.paths.spool, index)).includes(text)) return true;
      }
      return false;
    });
  }

  rssBytes(): number {
    const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.hostPid}/status`, 'utf8')) ?? [];
    return Number(kb) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.port.close();
    await stopHosts(this.dataDir, { clock: systemClock, withinMs: 15_000 });
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  #segments(laid: Laid): number {
    try {
      return laid.segments();
    } catch {
      return 0;
    }
  }
}

/** Whether a process lives (a zombie does not). */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
