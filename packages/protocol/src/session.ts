/**
 * One life of one control stream, the same for agent and server: liveness,
 * Goodbye, and the order in which frames leave.
 *
 *   opening ──opened()──▶ open ──┬─ close() ──▶ closed(goodbye, us)
 *      │                        ├─ Goodbye came ──▶ closed(goodbye, peer)
 *      │                        ├─ nothing heard for deadAfterMs ──▶ closed(dead), at that very moment
 *      │                        └─ the stream ended ──▶ closed(lost)
 *      ├─ handshakeMs passed ──▶ closed(dead)
 *      └─ all of the above from here too; a frame that can't be taken ──▶ closed(failed)
 *
 * Always true: `closed` is final, and told once through `ended`; a control
 * frame never waits behind bulk that has not been handed to the stream yet;
 * bulk is pulled from its source only when the stream has room, so nothing is
 * read from disk, or held, for a peer that does not take it.
 */
import { AppError, toError, type Clock, type Logger } from '@longshore/base';

import type { FrameDuplex } from './duplex.ts';
import { UNREAD_FRAMES_LIMIT } from './link-limits.ts';
import { Goodbye_Reason, type AgentFrame, type ServerFrame } from './gen/longshore/link/v1/link.ts';

export interface SessionLimits {
  /** Between two pings of ours, milliseconds. */
  pingIntervalMs: number;
  /** Nothing heard for so long: the peer is dead. At least two ping intervals. */
  deadAfterMs: number;
  /** Hello to Welcome (and to the inventory's reply). */
  handshakeMs: number;
}

export type SessionEnd =
  | { kind: 'goodbye'; from: 'us' | 'peer'; reason: Goodbye_Reason; detail: string }
  /** Nothing was heard, for so long. */
  | { kind: 'dead'; detail: string; silentMs: number }
  /** The stream ended without a Goodbye. */
  | { kind: 'lost'; detail: string; error?: Error }
  /** A frame could not be taken: the peer broke the protocol (it was told so by a Goodbye), or a bug of ours. */
  | { kind: 'failed'; detail: string; error: Error };

export type SessionState = { kind: 'opening' } | { kind: 'open' } | { kind: 'closed'; end: SessionEnd };

type Frame = AgentFrame | ServerFrame;

/** A timer so late says that this process stood still; and so long it then reads before it judges its peer. */
const STALL_MS = 1_000;

/** Gives the next bulk frame, or nothing for now: then `wake` is called when there is one. */
export type BulkSource<Out> = () => Out | undefined;

export interface SessionOptions<Out extends Frame, In extends Frame> {
  duplex: FrameDuplex<Out, In>;
  clock: Clock;
  limits: SessionLimits;
  logger: Logger;
  /** Every frame but pings and Goodbye, in order. What it throws ends the session as `failed`. */
  receive: (frame: In) => void;
}

export class LinkSession<Out extends Frame, In extends Frame> {
  readonly #options: SessionOptions<Out, In>;
  readonly ended: Promise<SessionEnd>;
  #resolveEnded!: (end: SessionEnd) => void;
  #state: SessionState = { kind: 'opening' };
  #control: Out[] = [];
  #bulk: BulkSource<Out> | undefined;
  #heardAt: number;
  #heard = false;
  #pings = 0;
  /** Told of each answer to a ping. */
  readonly #probes = new Set<(n: number) => void>();
  readonly #stopPings: () => void;
  #stopJudging: () => void = () => undefined;
  #stopHandshake: () => void;

  constructor(options: SessionOptions<Out, In>) {
    this.#options = options;
    const { clock, limits, duplex } = options;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.#heardAt = clock.monotonic();
    this.#stopPings = clock.every(limits.pingIntervalMs, () => this.#beat());
    this.#judgeAfter(limits.deadAfterMs);
    this.#stopHandshake = clock.after(limits.handshakeMs, () => {
      const silentMs = clock.monotonic() - this.#heardAt;
      this.#end({ kind: 'dead', detail: `no handshake within ${limits.handshakeMs} ms`, silentMs });
    });
    void duplex.closed.then(({ reason, error }) =>
      this.#end({ kind: 'lost', detail: reason, ...(error && { error }) }),
    );
    // Not at once: what came before us is handed over in the call, and who makes us does not hold us yet.
    queueMicrotask(() => duplex.receive((frame) => this.#received(frame)));
  }

  get state(): SessionState {
    return this.#state;
  }

  get closed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** The handshake is done. */
  opened(): void {
    if (this.#state.kind !== 'opening') return;
    this.#stopHandshake();
    this.#state = { kind: 'open' };
  }

  /** Sends a control frame, ahead of all bulk. Nothing happens on a closed session. */
  send(frame: Out): void {
    if (this.closed) return;
    this.#control.push(frame);
    this.#pump();
    if (this.#control.length > UNREAD_FRAMES_LIMIT)
      this.fail(
        'sending',
        new AppError('tooMany', `the peer does not read: ${this.#control.length} frames wait`),
      );
  }

  /** Where bulk frames come from. */
  bulkFrom(source: BulkSource<Out>): void {
    this.#bulk = source;
  }

  /** The bulk source has something again. */
  wake(): void {
    this.#pump();
  }

  /** Whether the peer answers a ping of now, within so many milliseconds. */
  answers(withinMs: number): Promise<boolean> {
    const asked = ++this.#pings;
    return new Promise((resolve) => {
      const done = (answered: boolean): void => {
        stop();
        this.#probes.delete(heard);
        resolve(answered);
      };
      const heard = (n: number): void => {
        if (n >= asked) done(true);
      };
      const stop = this.#options.clock.after(withinMs, () => done(false));
      this.#probes.add(heard);
      void this.ended.then(() => done(false));
      this.send({ kind: { $case: 'ping', value: { n: asked } } } as Out);
    });
  }

  /** Says Goodbye and ends. Idempotent. */
  close(reason: Goodbye_Reason, detail: string): void {
    if (this.closed) return;
    this.#say(reason, detail);
    this.#end({ kind: 'goodbye', from: 'us', reason, detail });
  }

  /** Ends without a Goodbye: something is wrong that a Goodbye would hide. */
  fail(detail: string, error: Error): void {
    this.#end({ kind: 'failed', detail, error });
  }

  /** Ends it for what the peer sent, and says so: nothing it says is believed any more. */
  refuse(detail: string, error: AppError): void {
    if (this.closed) return;
    this.#say(Goodbye_Reason.PROTOCOL, error.message);
    this.#end({ kind: 'failed', detail, error });
  }

  #say(reason: Goodbye_Reason, detail: string): void {
    this.send({ kind: { $case: 'goodbye', value: { reason, detail } } } as Out);
    // What the stream had no room for is said now, in order: these are small, and the stream ends after them.
    for (const frame of this.#control) this.#options.duplex.send(frame).catch(() => undefined);
    this.#control = [];
  }

  #pump(): void {
    while (this.#hasRoom()) {
      const frame = this.#control.shift() ?? this.#bulk?.();
      if (frame === undefined) return;
      const sent = this.#options.duplex.send(frame);
      if (this.#hasRoom()) sent.catch(() => undefined);
      else
        sent.then(
          () => this.#pump(),
          () => undefined,
        );
    }
  }

  /** Before the first word of the peer, which may still be being dialled, the handshake's time-out judges. */
  get #unheard(): boolean {
    return this.#state.kind === 'opening' && !this.#heard;
  }

  #hasRoom(): boolean {
    return !this.closed && this.#options.duplex.writable;
  }

  #received(frame: In): void {
    if (this.closed) return;
    this.#heard = true;
    this.#heardAt = this.#options.clock.monotonic();
    const { kind } = frame;
    try {
      switch (kind?.$case) {
        case undefined: // A newer peer's frame: capabilities said that we don't know it.
          return;
        case 'ping': {
          this.send({ kind: { $case: 'pong', value: { n: kind.value.n } } } as Out);
          return;
        }
        case 'pong': {
          for (const heard of this.#probes) heard(kind.value.n);
          return;
        }
        case 'goodbye': {
          this.#end({
            kind: 'goodbye',
            from: 'peer',
            reason: kind.value.reason,
            detail: kind.value.detail,
          });
          return;
        }
        default:
          this.#options.receive(frame);
      }
    } catch (thrown) {
      const doing = `taking ${kind?.$case ?? 'a frame'}`;
      if (isBreach(thrown)) this.refuse(doing, thrown);
      else this.fail(doing, toError(thrown));
    }
  }

  #beat(): void {
    this.send({ kind: { $case: 'ping', value: { n: ++this.#pings } } } as Out);
  }

  /** Not at a beat: that could be a whole interval later than what `deadAfterMs` promises. */
  #judgeAfter(ms: number): void {
    const { clock, limits } = this.#options;
    const due = clock.monotonic() + ms;
    this.#stopJudging = clock.after(ms, () => {
      const now = clock.monotonic();
      const silentMs = now - this.#heardAt;
      const left = limits.deadAfterMs - silentMs;
      // After a stall of our own, what the peer said may still be unread: it gets a moment to be read.
      const stalled = now - due > STALL_MS;
      if (left > 0) this.#judgeAfter(left);
      else if (stalled || this.#unheard) this.#judgeAfter(STALL_MS);
      else this.#end({ kind: 'dead', detail: `nothing heard for ${Math.round(silentMs)} ms`, silentMs });
    });
  }

  #end(end: SessionEnd): void {
    if (this.closed) return;
    this.#state = { kind: 'closed', end };
    this.#stopPings();
    this.#stopJudging();
    this.#stopHandshake();
    this.#control = [];
    this.#bulk = undefined;
    this.#options.duplex.close(end.kind === 'goodbye' ? 'goodbye' : end.detail);
    this.#resolveEnded(end);
  }
}

/**
 * What a peer's frame may be: an error of these codes, thrown while it is taken, says that it must not have been sent.
 * Not `conflict` or `notFound`: the two sides may know different things for a while.
 */
const BREACHES: ReadonlySet<string> = new Set(['invalid', 'corrupt', 'forbidden', 'tooLarge', 'tooMany']);

export function isBreach(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && BREACHES.has(thrown.code);
}

const REASON_NAMES = new Map(Object.entries(Goodbye_Reason).map(([name, n]) => [n, name.toLowerCase()]));

/** For people: `goodbye from the peer: replaced (…)`. */
export function describeEnd(end: SessionEnd): string {
  if (end.kind !== 'goodbye') return `${end.kind}: ${end.detail}`;
  const who = end.from === 'us' ? 'our goodbye' : 'goodbye from the peer';
  return `${who}: ${REASON_NAMES.get(end.reason) ?? String(end.reason)}${end.detail === '' ? '' : ` (${end.detail})`}`;
}
