/**
 * One direction of an HTTP/2 connection (RFC 9113), as far as gRPC needs to be
 * understood: which stream calls which path, and the bytes of each stream.
 */
import { pathOf } from './header-path.ts';

export type Http2Part =
  { kind: 'path'; stream: number; path: string } | { kind: 'data'; stream: number; bytes: Buffer };

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const FRAME_HEADER_BYTES = 9;
const TYPE = { data: 0, headers: 1, continuation: 9 };
const FLAG = { endHeaders: 4, padded: 8, priority: 32 };
const PRIORITY_BYTES = 5;
const NOTHING = Buffer.alloc(0);

export class Http2Frames {
  /** What the client's bytes begin with, as far as it has not come yet. */
  #preface: string;
  /** Only a request has a path. */
  readonly #requests: boolean;
  #rest: Buffer = NOTHING;
  #headers: Buffer = NOTHING;

  constructor(from: 'client' | 'server') {
    this.#requests = from === 'client';
    this.#preface = this.#requests ? PREFACE : '';
  }

  /** @throws Error when it is not HTTP/2 */
  push(bytes: Buffer): Http2Part[] {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    rest = this.#prefaceOf(rest);
    const parts: Http2Part[] = [];
    while (rest.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      const [type = 0, flags = 0] = rest.subarray(3, 5);
      const stream = rest.readUInt32BE(5) & 0x7fffffff;
      const part = this.#frame({ type, flags, stream }, rest.subarray(FRAME_HEADER_BYTES, end));
      if (part !== undefined) parts.push(part);
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    return parts;
  }

  #prefaceOf(bytes: Buffer): Buffer {
    const begin = bytes.toString('latin1', 0, this.#preface.length);
    if (!this.#preface.startsWith(begin)) throw new Error(`no HTTP/2: ${JSON.stringify(begin)}`);
    this.#preface = this.#preface.slice(begin.length);
    return bytes.subarray(begin.length);
  }

  #frame(
    { type, flags, stream }: { type: number; flags: number; stream: number },
    payload: Buffer,
  ): Http2Part | undefined {
    if (type === TYPE.data) return { kind: 'data', stream, bytes: unpadded(payload, flags) };
    if (type !== TYPE.headers && type !== TYPE.continuation) return undefined;
    const fragment = type === TYPE.headers ? headersOf(payload, flags) : payload;
    this.#headers = Buffer.concat([this.#headers, fragment]);
    if ((flags & FLAG.endHeaders) === 0) return undefined;
    const block = this.#headers;
    this.#headers = NOTHING;
    if (!this.#requests) return undefined;
    const path = pathOf(block);
    return path === undefined ? undefined : { kind: 'path', stream, path };
  }
}

function headersOf(payload: Buffer, flags: number): Buffer {
  const fragment = unpadded(payload, flags);
  return (flags & FLAG.priority) === 0 ? fragment : fragment.subarray(PRIORITY_BYTES);
}

function unpadded(payload: Buffer, flags: number): Buffer {
  if ((flags & FLAG.padded) === 0) return payload;
  return payload.subarray(1, payload.length - payload.readUInt8(0));
}
