/**
 * A bidirectional call of grpc-js as a FrameDuplex: client's or server's end,
 * control or data, polling or listening. The wrapper messages hide here.
 *
 * Always true: frames sent in one turn of the event loop leave as one message
 * (a message costs some ten times what a small frame in it does); grpc-js
 * buffers without bound, so no more than BUFFERED_BYTES are handed to it;
 * reading begins at once (an unread client stream buffers without bound too).
 */
import type { ClientDuplexStream, ServerDuplexStream } from '@grpc/grpc-js';
import { AppError, toError } from '@longshore/base';

import { Receiver, type DuplexEnd, type FrameDuplex } from './duplex.ts';
import { bulkBytes } from './frame-bytes.ts';
import type {
  AgentDataFrame,
  AgentFrame,
  DataRequest,
  DataResponse,
  LinkRequest,
  LinkResponse,
  ServerDataFrame,
  ServerFrame,
} from './gen/longshore/link/v1/link.ts';

/** Handed to grpc-js and not yet written to the socket: small, so that a heartbeat waits behind little. */
const BUFFERED_BYTES = 1024 * 1024;
/** Frames are gathered into a message up to this; far below MESSAGE_BYTES (link-limits.ts). */
const MESSAGE_TARGET_BYTES = 512 * 1024;
/** After our half has ended, the peer's must follow within this, or the call is cancelled. */
const END_GRACE_MS = 2_000;
/** What a frame without bulk is counted as. */
const SMALL_FRAME_BYTES = 256;

interface Frames<F> {
  frames: F[];
}

/** The part of both ends' calls that is used here. */
interface Call<Out, In> {
  write(message: Frames<Out>, callback: () => void): boolean;
  end(): unknown;
  on(event: 'data', listener: (message: Frames<In>) => void): unknown;
  on(event: 'end' | 'close' | 'cancelled', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Client's end only. */
  cancel?(): void;
  destroy(): unknown;
}

type LinkCall = ClientDuplexStream<LinkRequest, LinkResponse> | ServerDuplexStream<LinkResponse, LinkRequest>;
type LinkCallOfServer =
  ClientDuplexStream<LinkResponse, LinkRequest> | ServerDuplexStream<LinkRequest, LinkResponse>;
type DataCall = ClientDuplexStream<DataRequest, DataResponse> | ServerDuplexStream<DataResponse, DataRequest>;
type DataCallOfServer =
  ClientDuplexStream<DataResponse, DataRequest> | ServerDuplexStream<DataRequest, DataResponse>;

/** The agent's end of a control stream: it dialled (polling), or answered (listening). */
export function agentLinkDuplex(call: LinkCall): FrameDuplex<AgentFrame, ServerFrame> {
  return new GrpcDuplex(call);
}

/** The server's end of a control stream: it answered (polling), or dialled (listening). */
export function serverLinkDuplex(call: LinkCallOfServer): FrameDuplex<ServerFrame, AgentFrame> {
  return new GrpcDuplex(call);
}

/** The agent's end of a data connection. */
export function agentDataDuplex(call: DataCall): FrameDuplex<AgentDataFrame, ServerDataFrame> {
  return new GrpcDuplex(call);
}

/** The server's end of a data connection. */
export function serverDataDuplex(call: DataCallOfServer): FrameDuplex<ServerDataFrame, AgentDataFrame> {
  return new GrpcDuplex(call);
}

interface AnyFrame {
  kind: { $case: string; value: unknown } | undefined;
}

const DONE = Promise.resolve();

class GrpcDuplex<Out extends AnyFrame, In extends AnyFrame> implements FrameDuplex<Out, In> {
  readonly #call: Call<Out, In>;
  readonly #receiver = new Receiver<In>();
  readonly closed: Promise<DuplexEnd>;
  #resolveClosed!: (end: DuplexEnd) => void;
  #end: DuplexEnd | undefined;
  #gathered: Out[] = [];
  #gatheredBytes = 0;
  #flushAsked = false;
  #buffered = 0;
  #room: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(call: Call<Out, In>) {
    this.#call = call;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    call.on('data', (message) => this.#received(message));
    call.on('error', (error) => this.#ended({ reason: error.message, error }));
    call.on('cancelled', () =>
      this.#ended({
        reason: 'cancelled',
        error: new AppError('unavailable', 'the peer cancelled the stream'),
      }),
    );
    call.on('end', () => this.#peerEnded());
    call.on('close', () => this.#ended({ reason: 'closed' }));
  }

  get writable(): boolean {
    return this.#end === undefined && this.#room === undefined;
  }

  send(frame: Out): Promise<void> {
    if (this.#end !== undefined)
      return Promise.reject(
        new AppError('unavailable', `sending on a stream that ended: ${this.#end.reason}`),
      );
    const bytes = bulkBytes(frame) + SMALL_FRAME_BYTES;
    if (this.#gatheredBytes + bytes > MESSAGE_TARGET_BYTES) this.#flush();
    this.#gathered.push(frame);
    this.#gatheredBytes += bytes;
    if (!this.#flushAsked) {
      this.#flushAsked = true;
      setImmediate(() => {
        this.#flushAsked = false;
        this.#flush();
      });
    }
    if (this.#buffered + this.#gatheredBytes < BUFFERED_BYTES) return DONE;
    return this.#waitForRoom();
  }

  receive(listener: (frame: In) => void): void {
    this.#receiver.listen(listener);
  }

  close(reason: string): void {
    if (this.#end !== undefined) return;
    this.#flush();
    this.#ended({ reason });
  }

  #waitForRoom(): Promise<void> {
    if (this.#room === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      // A sender that looks at `writable` alone must not bring the process down.
      promise.catch(() => undefined);
      this.#room = { promise, resolve, reject };
    }
    return this.#room.promise;
  }

  #flush(): void {
    if (this.#gathered.length === 0 || this.#end !== undefined) return;
    const frames = this.#gathered;
    const bytes = this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#buffered += bytes;
    this.#call.write({ frames }, () => this.#written(bytes));
  }

  #written(bytes: number): void {
    this.#buffered -= bytes;
    if (this.#room === undefined || this.#buffered + this.#gatheredBytes >= BUFFERED_BYTES / 2) return;
    const { resolve } = this.#room;
    this.#room = undefined;
    resolve();
  }

  #received(message: Frames<In>): void {
    for (const frame of message.frames) {
      if (this.#end !== undefined) return;
      try {
        if (this.#receiver.deliver(frame)) continue;
        this.close('frames came before anybody received');
      } catch (thrown) {
        this.#ended({ reason: 'receiving a frame failed', error: toError(thrown) });
      }
    }
  }

  #peerEnded(): void {
    this.#ended({ reason: 'the peer ended the stream' });
  }

  #ended(end: DuplexEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#receiver.end();
    this.#gathered = [];
    this.#room?.reject(new AppError('unavailable', `the stream ended: ${end.reason}`));
    this.#room = undefined;
    this.#resolveClosed(end);
    this.#call.end();
    const grace = setTimeout(
      () => (this.#call.cancel === undefined ? this.#call.destroy() : this.#call.cancel()),
      END_GRACE_MS,
    );
    grace.unref();
    this.#call.on('close', () => clearTimeout(grace));
  }
}
