/**
 * Reads along one connection of a link: the frames of its control stream, or
 * of a data connection, as the programs at both ends send and receive them.
 * Other calls (enrolment, pairing, health) are passed over.
 */
import {
  AgentGatewayService,
  AgentHostService,
  type AgentDataFrame,
  type AgentFrame,
  type ServerDataFrame,
  type ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';

import type { Direction } from './fault-proxy.ts';
import { Http2Frames } from './http2-frames.ts';
import type { KeyLog } from './key-log.ts';
import { TlsTap, type TlsSide } from './tls-tap.ts';

export type LinkEnd = 'agent' | 'server';
export type LinkStream = 'control' | 'data';

type Frame = AgentFrame | ServerFrame | AgentDataFrame | ServerDataFrame;
type Kind<F extends Frame> = NonNullable<F['kind']>['$case'];

/** A frame's kind as the protocol names it, with who sends it and on what: `server control.start`. */
export type FrameName =
  | `agent control.${Kind<AgentFrame>}`
  | `server control.${Kind<ServerFrame>}`
  | `agent data.${Kind<AgentDataFrame>}`
  | `server data.${Kind<ServerDataFrame>}`;

export interface LinkFrame {
  name: FrameName;
  value: Readonly<Record<string, unknown>>;
}

interface Call {
  on: LinkStream;
  dialler: LinkEnd;
  decode: Record<TlsSide, (message: Buffer) => { frames: Frame[] }>;
}

const CALLS = new Map(
  [
    { on: 'control', dialler: 'agent', method: AgentGatewayService.link } as const,
    { on: 'data', dialler: 'agent', method: AgentGatewayService.data } as const,
    { on: 'control', dialler: 'server', method: AgentHostService.link } as const,
    { on: 'data', dialler: 'server', method: AgentHostService.data } as const,
  ].map(({ on, dialler, method }): [string, Call] => [
    method.path,
    { on, dialler, decode: { client: method.requestDeserialize, server: method.responseDeserialize } },
  ]),
);
/** Before each message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;
const NOTHING = Buffer.alloc(0);

export class LinkTap {
  readonly #tls: TlsTap;
  readonly #http = { client: new Http2Frames('client'), server: new Http2Frames('server') };
  readonly #calls = new Map<number, Call>();
  /** What has come of messages that are not whole yet, by side and stream. */
  readonly #begun = new Map<string, Buffer>();

  constructor(keys: KeyLog) {
    this.#tls = new TlsTap(keys);
  }

  end(): void {
    this.#tls.end();
  }

  /**
   * @param record a whole one, the direction's next
   * @returns the frames whose last byte it holds
   * @throws Error when it can't be understood
   */
  async read(direction: Direction, record: Buffer): Promise<LinkFrame[]> {
    const side = direction === 'toListener' ? 'client' : 'server';
    const bytes = await this.#tls.read(side, record);
    if (bytes === undefined || bytes.length === 0) return [];
    return this.#http[side].push(bytes).flatMap((part) => {
      if (part.kind === 'data') return this.#data(side, part);
      const call = CALLS.get(part.path);
      if (call !== undefined) this.#calls.set(part.stream, call);
      return [];
    });
  }

  #data(side: TlsSide, { stream, bytes }: { stream: number; bytes: Buffer }): LinkFrame[] {
    const call = this.#calls.get(stream);
    if (call === undefined) return [];
    const key = `${side} ${stream}`;
    let rest = Buffer.concat([this.#begun.get(key) ?? NOTHING, bytes]);
    const frames: LinkFrame[] = [];
    while (rest.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + rest.readUInt32BE(1);
      if (rest.length < end) break;
      if (rest[0] !== 0) throw new Error('a compressed message: this tap knows none');
      frames.push(...framesOf(call, side, rest.subarray(PREFIX_BYTES, end)));
      rest = rest.subarray(end);
    }
    this.#begun.set(key, rest);
    return frames;
  }
}

function framesOf({ on, dialler, decode }: Call, side: TlsSide, message: Buffer): LinkFrame[] {
  const listener = dialler === 'agent' ? 'server' : 'agent';
  const from = side === 'client' ? dialler : listener;
  return decode[side](message).frames.flatMap(({ kind }) =>
    kind === undefined
      ? []
      : [{ name: `${from} ${on}.${kind.$case}` as FrameName, value: { ...kind.value } }],
  );
}
