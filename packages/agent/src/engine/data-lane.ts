/**
 * The data connection of one session, as the agent (which has the bytes) sees
 * it.
 *
 *   closed ──want()──▶ opening ──joined──▶ open ──idle for DATA_IDLE_MS──▶ closed
 *     ▲                   │ DATA_JOIN_MS     │ it ended, or no byte was acknowledged for DATA_PROGRESS_MS
 *     │                   ▼                  ▼
 *     └──back-off──── resting ◀──────────────┘        shut (the session's end, from anywhere)
 *
 * Always true: bytes sent and not acknowledged on a connection that ended are
 * sent again (`lost`); after three failures in a row the link is degraded,
 * until a byte is acknowledged on a data connection again.
 */
import { Backoff, type Clock, type Logger } from '@longshore/base';
import { dialData, type DataSource } from '@longshore/protocol/data-join';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import type { AgentDataFrame, ServerDataFrame } from '@longshore/protocol/gen/longshore/link/v1/link';

import {
  DATA_FAILURES_TO_DEGRADED,
  DATA_IDLE_MS,
  DATA_JOIN_MS,
  DATA_PROGRESS_MS,
  DATA_RETRY_FIRST_MS,
  DATA_RETRY_LONGEST_MS,
} from '../limits.ts';

type Duplex = FrameDuplex<AgentDataFrame, ServerDataFrame>;

type State =
  | { kind: 'closed' }
  | { kind: 'opening'; duplex: Duplex | undefined; stop: () => void }
  | { kind: 'open'; duplex: Duplex; stop: () => void }
  | { kind: 'resting'; stop: () => void }
  | { kind: 'shut' };

export interface DataLaneOptions {
  source: DataSource<AgentDataFrame, ServerDataFrame>;
  nonce: Buffer;
  /** Who the session's other end is: a data connection must come from the same. */
  peer: string;
  clock: Clock;
  logger: Logger;
  /** Asks the other side to dial (listening mode). */
  ask: () => void;
  /** The next frame for the connection. */
  pull: () => AgentDataFrame | undefined;
  /** Whether bytes are under way on it, unacknowledged. */
  underWay: () => boolean;
  opened: () => void;
  lost: () => void;
  degraded: (degraded: boolean, detail: string) => void;
}

export class DataLane {
  readonly #options: DataLaneOptions;
  readonly #backoff = new Backoff({ firstMs: DATA_RETRY_FIRST_MS, longestMs: DATA_RETRY_LONGEST_MS });
  #state: State = { kind: 'closed' };
  #failures = 0;
  #progressAt = 0;

  constructor(options: DataLaneOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#state.kind === 'open';
  }

  get degraded(): boolean {
    return this.#failures >= DATA_FAILURES_TO_DEGRADED;
  }

  /** Much waits: there should be a connection. */
  want(): void {
    if (this.#state.kind !== 'closed') return;
    const { clock, source, nonce, peer, ask } = this.#options;
    const late = clock.after(DATA_JOIN_MS, () => this.#failed('it was not joined in time'));
    if (source.kind === 'dial') {
      const duplex = dialData(source.open, nonce);
      this.#state = { kind: 'opening', duplex, stop: late };
      // The other side answers with its own DataOpen when it knows the nonce.
      duplex.receive(() => this.#joined(duplex));
      this.#watch(duplex);
    } else {
      const unexpect = source.join.expect({ nonce, peer }, (duplex) => {
        this.#joined(duplex);
        this.#watch(duplex);
      });
      this.#state = {
        kind: 'opening',
        duplex: undefined,
        stop: () => {
          late();
          unexpect();
        },
      };
      ask();
    }
  }

  /** There may be something to send. */
  pump(): void {
    for (let duplex = this.#withRoom(); duplex !== undefined; duplex = this.#withRoom()) {
      const frame = this.#options.pull();
      if (frame === undefined) return;
      const sent = duplex.send(frame);
      if (this.#withRoom() !== undefined) sent.catch(() => undefined);
      else
        sent.then(
          () => this.pump(),
          () => undefined,
        );
    }
  }

  /** Bytes that went by it were acknowledged. */
  progressed(): void {
    this.#progressAt = this.#options.clock.monotonic();
    if (this.degraded) this.#options.degraded(false, '');
    this.#failures = 0;
    this.#backoff.reset();
  }

  /** The other side could not dial. */
  unavailable(why: string): void {
    if (this.#state.kind === 'opening') this.#failed(why);
  }

  shut(): void {
    this.#leave({ kind: 'shut' }, 'the session ended');
  }

  #withRoom(): Duplex | undefined {
    return this.#state.kind === 'open' && this.#state.duplex.writable ? this.#state.duplex : undefined;
  }

  #joined(duplex: Duplex): void {
    if (this.#state.kind !== 'opening') return;
    this.#state.stop();
    const { clock } = this.#options;
    this.#progressAt = clock.monotonic();
    this.#state = { kind: 'open', duplex, stop: clock.every(DATA_IDLE_MS / 2, () => this.#check()) };
    duplex.receive(() => undefined);
    this.#options.opened();
    this.pump();
  }

  #watch(duplex: Duplex): void {
    void duplex.closed.then(({ reason }) => {
      if ((this.#state.kind === 'open' || this.#state.kind === 'opening') && this.#state.duplex === duplex)
        this.#failed(reason);
    });
  }

  #check(): void {
    const { clock, underWay } = this.#options;
    const still = clock.monotonic() - this.#progressAt;
    if (underWay()) {
      if (still >= DATA_PROGRESS_MS) this.#failed(`no byte was acknowledged for ${Math.round(still)} ms`);
    } else if (still >= DATA_IDLE_MS) {
      this.#leave({ kind: 'closed' }, 'idle');
      // Nothing is under way, but what came this moment must not wait for a connection that has gone.
      this.#options.lost();
    }
  }

  #failed(why: string): void {
    const { clock, logger, degraded, lost } = this.#options;
    const wait = this.#backoff.next();
    this.#leave({ kind: 'closed' }, why);
    this.#failures += 1;
    logger.warn('the data connection failed', { why, failures: this.#failures, retryInMs: Math.round(wait) });
    this.#state = {
      kind: 'resting',
      stop: clock.after(wait, () => {
        this.#state = { kind: 'closed' };
        lost();
      }),
    };
    if (this.#failures === DATA_FAILURES_TO_DEGRADED) degraded(true, why);
    lost();
  }

  #leave(next: State, why: string): void {
    const state = this.#state;
    this.#state = next;
    if (state.kind === 'closed' || state.kind === 'shut') return;
    state.stop();
    if (state.kind === 'open' || state.kind === 'opening') state.duplex?.close(why);
  }
}
