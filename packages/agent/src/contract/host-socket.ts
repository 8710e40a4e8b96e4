/**
 * The frames on the unix socket between the link process and the script host:
 * a 4-byte big-endian length, then one `ToHost` or `FromHost`.
 *
 * Always true: a frame is handed on whole or not at all; a length beyond the
 * limit means that the other end is not ours, and the connection must end.
 */
import { AppError } from '@longshore/base';
import { FromHost, ToHost } from '@longshore/protocol/gen/longshore/host/v1/host';

/** Raised when either side must know of the other's change. */
export const HOST_PROTOCOL = 1;

/** A start carries the script's files: this is their bound, with room. */
export const HOST_FRAME_LIMIT_BYTES = 256 * 1024 * 1024;

const LENGTH_BYTES = 4;

type ToHostKind = NonNullable<ToHost['kind']>;
type FromHostKind = NonNullable<FromHost['kind']>;

export function encodeToHost(kind: ToHostKind): Buffer {
  return frame(ToHost.encode({ kind }).finish());
}

export function encodeFromHost(kind: FromHostKind): Buffer {
  return frame(FromHost.encode({ kind }).finish());
}

/** Takes bytes as they come; `push` returns the kinds of the frames that became whole. Kinds that we don't know are left out. */
export class FrameReader<K> {
  readonly #decode: (bytes: Buffer) => { kind: K | undefined };
  #parts: Buffer[] = [];
  #held = 0;

  constructor(decode: (bytes: Buffer) => { kind: K | undefined }) {
    this.#decode = decode;
  }

  /** @throws AppError `corrupt` */
  push(bytes: Buffer): K[] {
    this.#parts.push(bytes);
    this.#held += bytes.length;
    const kinds: K[] = [];
    for (let size = this.#frameBytes(); size !== null && this.#held >= size; size = this.#frameBytes()) {
      const { kind } = this.#decode(this.#take(size).subarray(LENGTH_BYTES));
      if (kind !== undefined) kinds.push(kind);
    }
    return kinds;
  }

  #frameBytes(): number | null {
    if (this.#held < LENGTH_BYTES) return null;
    const length = this.#start(LENGTH_BYTES).readUInt32BE(0);
    if (length > HOST_FRAME_LIMIT_BYTES)
      throw new AppError(
        'corrupt',
        `a frame of ${length} bytes on the host's socket; at most ${HOST_FRAME_LIMIT_BYTES} are allowed`,
      );
    return LENGTH_BYTES + length;
  }

  #take(size: number): Buffer {
    const first = this.#start(size);
    const rest = first.subarray(size);
    this.#parts = rest.length > 0 ? [rest, ...this.#parts.slice(1)] : this.#parts.slice(1);
    this.#held -= size;
    return first.subarray(0, size);
  }

  /** The first part, made long enough: a big frame is joined once, when all of it is here. */
  #start(size: number): Buffer {
    const [first] = this.#parts;
    if (first !== undefined && first.length >= size) return first;
    const all = Buffer.concat(this.#parts);
    this.#parts = [all];
    return all;
  }
}

export function toHostReader(): FrameReader<ToHostKind> {
  return new FrameReader((bytes) => ToHost.decode(bytes));
}

export function fromHostReader(): FrameReader<FromHostKind> {
  return new FrameReader((bytes) => FromHost.decode(bytes));
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
  framed.writeUInt32BE(message.length, 0);
  framed.set(message, LENGTH_BYTES);
  return framed;
}
