/**
 * Joins data connections to sessions by nonce, on the side that did not dial:
 * a session says which nonce it waits for, the port offers each connection
 * that comes in, whose first frame must name one.
 */
import { AppError, type Clock } from '@longshore/base';

import type { FrameDuplex } from './duplex.ts';
import type { AgentDataFrame, ServerDataFrame } from './gen/longshore/link/v1/link.ts';

/** Data connections as the server's side sees them. */
export type ServerDataJoin = DataJoin<ServerDataFrame, AgentDataFrame>;
/** Data connections as the agent's side sees them. */
export type AgentDataJoin = DataJoin<AgentDataFrame, ServerDataFrame>;

type DataFrame = AgentDataFrame | ServerDataFrame;

/** A connection must name its session within this. */
const OPEN_MS = 5_000;

export class DataJoin<Out extends DataFrame, In extends DataFrame> {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, { peer: string; joined: (duplex: FrameDuplex<Out, In>) => void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * From now on connections of this nonce go to `joined`, if they come from the same peer.
   *
   * @param peer who the session's other end is, as TLS proved it
   * @returns what ends it
   */
  expect(
    { nonce, peer }: { nonce: Uint8Array; peer: string },
    joined: (duplex: FrameDuplex<Out, In>) => void,
  ): () => void {
    const key = Buffer.from(nonce).toString('hex');
    this.#waiting.set(key, { peer, joined });
    return () => this.#waiting.delete(key);
  }

  /** A data connection came in from this peer. */
  offer({ duplex, peer }: { duplex: FrameDuplex<Out, In>; peer: string }): void {
    const late = this.#clock.after(OPEN_MS, () => duplex.close('no nonce came'));
    void duplex.closed.then(late);
    duplex.receive((frame) => {
      late();
      const waiting =
        frame.kind?.$case === 'open' ? this.#waiting.get(frame.kind.value.nonce.toString('hex')) : undefined;
      if (waiting === undefined || waiting.peer !== peer) duplex.close('no session has this nonce');
      else waiting.joined(duplex);
    });
  }
}

/** How a session comes by its data connection: it dials, or waits for the other side's. */
export type DataSource<Out extends DataFrame, In extends DataFrame> =
  { kind: 'dial'; open: () => FrameDuplex<Out, In> } | { kind: 'await'; join: DataJoin<Out, In> };

/** Dials, and names the session. */
export function dialData<Out extends DataFrame, In extends DataFrame>(
  open: () => FrameDuplex<Out, In>,
  nonce: Buffer,
): FrameDuplex<Out, In> {
  const duplex = open();
  duplex.send({ kind: { $case: 'open', value: { nonce } } } as Out).catch(() => undefined);
  return duplex;
}

export function unexpectedDataFrame(kind: string | undefined): AppError {
  return new AppError('corrupt', `a data connection brought ${kind ?? 'nothing known'}`);
}
