/**
 * What the agent says of its attempts, handed to `app`, and acknowledged once
 * it is durable.
 *
 * Always true: calls about one attempt are made in the order of its frames,
 * none waits for another attempt's; nothing is acknowledged before the inbox
 * has said that it is stored; bytes that were asked for again are dropped until
 * they come from where they were asked for. Where there is no room for them (a
 * full disk, say) they are asked for again after a wait: the session stays, and
 * the agent, which has them on its disk, waits for its acknowledgement.
 */
import { AppError, Backoff, isCode, sleep, toError, type Clock, type Logger } from '@longshore/base';
import type {
  AgentFrame,
  ArtifactChunk,
  Output,
  ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';

import type { AgentInbox, AgentSession } from '../app/ports/agents.ts';
import { StorageOut } from '../app/ports/store.ts';
import { STORAGE_RETRY_FIRST_MS, STORAGE_RETRY_LONGEST_MS } from '../limits.ts';
import { AckBook } from './ack-book.ts';
import { Credit } from './credit.ts';
import {
  eventFromWire,
  fenceFromWire,
  outcomeFromWire,
  phaseFromWire,
  reasonFromWire,
  replyFromWire,
  requireArtifactIndex,
  verdictToWire,
} from './frames.ts';

export interface ReportsOptions {
  session: AgentSession;
  inbox: AgentInbox;
  clock: Clock;
  logger: Logger;
  send: (frame: ServerFrame) => void;
  /** Something could not be stored: all must be said again, in a new session. */
  fail: (detail: string, error: Error) => void;
}

type Report = NonNullable<AgentFrame['kind']>;

export class Reports {
  readonly #options: ReportsOptions;
  readonly acks: AckBook;
  /** Attempts whose bytes were asked for again, and from where. */
  readonly #again = new Map<string, number>();
  readonly #artifacts = new Map<string, Promise<void>>();
  /** Of attempts whose output is waiting for room. */
  readonly #backoffs = new Map<string, Backoff>();
  readonly #closing = new AbortController();
  readonly #credit = new Credit();

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.acks = new AckBook((attemptId, offset, event) =>
      options.send({ kind: { $case: 'ack', value: { attemptId, offset, event } } }),
    );
  }

  /** The session is over: nothing waits for room any more. */
  close(): void {
    this.#closing.abort();
  }

  /** @returns false when the frame is no report on an attempt */
  take(kind: Report): boolean {
    const { inbox, session } = this.#options;
    switch (kind.$case) {
      case 'output':
        this.output(kind.value);
        return true;
      case 'artifactChunk':
        this.artifact(kind.value);
        return true;
      case 'events': {
        const { attemptId, events } = kind.value;
        const stored = inbox.events(session, attemptId, events.map(eventFromWire));
        this.#stored(
          'events',
          attemptId,
          stored.then((event) => this.acks.advance(attemptId, { event })),
        );
        return true;
      }
      case 'outcome': {
        const { attemptId, outcome } = kind.value;
        if (outcome === undefined)
          throw new AppError('corrupt', `an outcome report of attempt ${attemptId} without an outcome`);
        const { outcome: how, report } = outcomeFromWire(outcome);
        this.#stored('outcome', attemptId, inbox.outcome(session, attemptId, how, report));
        return true;
      }
      case 'startReply': {
        const reply = replyFromWire(kind.value.kind);
        if (reply !== undefined)
          this.#stored(
            'startReply',
            kind.value.attemptId,
            inbox.startReply(session, kind.value.attemptId, reply),
          );
        return true;
      }
      case 'phaseChanged': {
        const { attemptId, phase } = kind.value;
        this.#stored('phaseChanged', attemptId, inbox.phaseChanged(session, attemptId, phaseFromWire(phase)));
        return true;
      }
      case 'commandRefused': {
        const { attemptId, command, reason, storedFence } = kind.value;
        const refused = { command, reason: reasonFromWire(reason), storedFence: fenceFromWire(storedFence) };
        this.#stored('commandRefused', attemptId, inbox.commandRefused(session, attemptId, refused));
        return true;
      }
      case 'attemptWarning':
        this.#stored(
          'warning',
          kind.value.attemptId,
          inbox.warning(session, kind.value.attemptId, kind.value.text),
        );
        return true;
      default:
        return false;
    }
  }

  output({ attemptId, offset, records, segmentDigest, missingBytes }: Output): void {
    const again = this.#again.get(attemptId);
    if (again !== undefined && again !== offset) return;
    this.#again.delete(attemptId);
    const { inbox, session } = this.#options;
    if (missingBytes === 0)
      this.#credit.within(attemptId, {
        end: offset + records.length,
        acked: this.#ackedOf(attemptId, offset),
      });
    const digest = segmentDigest.length > 0 ? segmentDigest.toString('hex') : null;
    const stored =
      missingBytes > 0
        ? inbox.outputMissing(session, attemptId, offset, missingBytes)
        : inbox.output(session, attemptId, offset, records, digest);
    this.#credit.hold(records.length, stored);
    stored.then(
      (durable) => {
        this.#backoffs.delete(attemptId);
        this.acks.advance(attemptId, { offset: durable });
      },
      (thrown: unknown) => this.#outputFailed(attemptId, thrown),
    );
  }

  /** One after another for each attempt: a chunk counts on the one before. */
  artifact(chunk: ArtifactChunk): void {
    const { attemptId, index } = chunk;
    requireArtifactIndex(attemptId, index);
    const before = this.#artifacts.get(attemptId) ?? Promise.resolve();
    const done = before
      .then(() => this.#artifact(chunk))
      .catch((thrown: unknown) => this.#failed('artifact', `${attemptId}-${index}`, thrown));
    this.#artifacts.set(attemptId, done);
    this.#credit.hold(chunk.content.length, done);
    void done.then(() => {
      if (this.#artifacts.get(attemptId) === done) this.#artifacts.delete(attemptId);
    });
  }

  async #artifact({ attemptId, index, offset, content, last, digest, error }: ArtifactChunk): Promise<void> {
    const { inbox, session, send } = this.#options;
    const chunk = { index, offset, content, last, digest: digest.toString('hex'), error };
    const ack = await this.#whenRoom(() => inbox.artifact(session, attemptId, chunk));
    send({ kind: { $case: 'artifactAck', value: { attemptId, index, ...ack } } });
  }

  #outputFailed(attemptId: string, thrown: unknown): void {
    // Those that were under way fail too, after the one that said it first.
    if (this.#again.has(attemptId)) return;
    const from = thrown instanceof StorageOut ? this.acks.of(attemptId).offset : resumeAt(thrown);
    if (from === undefined) this.#failed('output', attemptId, thrown);
    else if (thrown instanceof StorageOut) void this.#askLater(attemptId, thrown);
    else this.#ask(attemptId, from, thrown);
  }

  /** What comes meanwhile is dropped: it is asked for again too. */
  async #askLater(attemptId: string, out: StorageOut): Promise<void> {
    this.#again.set(attemptId, NOWHERE);
    const backoff = this.#backoffs.get(attemptId) ?? newBackoff();
    this.#backoffs.set(attemptId, backoff);
    await sleep(this.#options.clock, backoff.next(), { signal: this.#closing.signal }).catch(() => undefined);
    if (!this.#closing.signal.aborted) this.#ask(attemptId, this.acks.of(attemptId).offset, out);
  }

  async #whenRoom<T>(store: () => Promise<T>): Promise<T> {
    const backoff = newBackoff();
    for (;;) {
      try {
        return await store();
      } catch (thrown) {
        if (!(thrown instanceof StorageOut)) throw thrown;
        await sleep(this.#options.clock, backoff.next(), { signal: this.#closing.signal });
      }
    }
  }

  #ask(attemptId: string, from: number, thrown: unknown): void {
    this.#options.logger.warn('output is asked for again', {
      attemptId,
      from,
      error: toError(thrown).message,
    });
    this.#again.set(attemptId, from);
    const { event } = this.acks.of(attemptId);
    this.acks.begin(attemptId, from, event);
    const verdict = verdictToWire({
      attemptId,
      kind: 'keep',
      fromOffset: from,
      fromEvent: event,
      artifactOffsets: [],
    });
    this.#options.send({ kind: { $case: 'inventoryReply', value: { verdicts: [verdict] } } });
  }

  /** One that this session was not told where to begin goes on where the agent says: a gap is refused later on. */
  #ackedOf(attemptId: string, offset: number): number {
    if (!this.acks.has(attemptId)) this.acks.begin(attemptId, offset, 0);
    return this.acks.of(attemptId).offset;
  }

  #stored(what: string, attemptId: string, stored: Promise<void>): void {
    this.#credit.hold(0, stored);
    stored.catch((thrown: unknown) => this.#failed(what, attemptId, thrown));
  }

  #failed(what: string, attemptId: string, thrown: unknown): void {
    const { logger, fail } = this.#options;
    if (this.#closing.signal.aborted) return;
    if (isCode(thrown, 'notFound')) {
      this.acks.forget(attemptId);
      // Another node's by now, or over: nothing is acknowledged, and the owner will ask for it.
      logger.debug('a report on an attempt that is not under way here', { what, attemptId });
      return;
    }
    logger.error('a report could not be stored', { what, attemptId, error: toError(thrown) });
    fail(`storing ${what} of attempt ${attemptId}`, toError(thrown));
  }
}

/** No offset of output. */
const NOWHERE = -1;

function newBackoff(): Backoff {
  return new Backoff({ firstMs: STORAGE_RETRY_FIRST_MS, longestMs: STORAGE_RETRY_LONGEST_MS });
}

/** Where the bytes are wanted from: a segment that was wrong, or a gap. */
function resumeAt(thrown: unknown): number | undefined {
  if (isCode(thrown, 'corrupt')) return numberOf(thrown.detail.from) ?? numberOf(thrown.detail.length) ?? 0;
  if (isCode(thrown, 'conflict')) return numberOf(thrown.detail.length);
  return undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
