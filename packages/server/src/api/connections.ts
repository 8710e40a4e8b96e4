/**
 * The API's connections, as far as HTTP does not see to them: how many there
 * are, how many requests wait on each, and whether their peers read. What is
 * cut here is counted by its reason.
 */
import type { Clock, Logger } from '@longshore/base';
import { TurnedAway } from '@longshore/protocol/turned-away';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { DropArgument, Socket } from 'node:net';

import {
  HTTP_CONNECTIONS,
  HTTP_REQUESTS_UNANSWERED,
  STRANGER_BYTES,
  STRANGER_CONNECTION_MS,
  STRANGER_CONNECTIONS,
  STRANGER_LEAVES_AFTER_MS,
  STRANGER_LOOK_MS,
  UNREAD_MS,
} from '../limits.ts';
import type { Doorkeeper } from './app.ts';
import { Strangers, type StrangerEnd } from './strangers.ts';

export type HttpRefusal =
  | StrangerEnd
  /** More than HTTP_CONNECTIONS. */
  | 'tooManyConnections'
  /** Its head, or its body, did not come in time. */
  | 'tooSlow'
  | 'headTooLarge'
  /** It is no HTTP. */
  | 'malformed'
  /** More requests than HTTP_REQUESTS_UNANSWERED wait for their answers. */
  | 'pipelined'
  /** It reads nothing of what it asked for. */
  | 'notReading';

export interface ConnectionsOptions {
  clock: Clock;
  logger: Logger;
  /** Counts the connections that were turned away. */
  refused: ((reason: HttpRefusal) => void) | undefined;
}

/** By the code of Node's error. */
const BROKEN: Readonly<Record<string, { reason: HttpRefusal; status: string; text: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    reason: 'tooSlow',
    status: '408 Request Timeout',
    text: 'The request did not come in time',
  },
  HPE_HEADER_OVERFLOW: {
    reason: 'headTooLarge',
    status: '431 Request Header Fields Too Large',
    text: 'The head of the request is too large',
  },
};
const MALFORMED = { reason: 'malformed' as const, status: '400 Bad Request', text: 'This is not HTTP' };

export class Connections implements Doorkeeper {
  readonly #options: ConnectionsOptions;
  readonly #strangers: Strangers;
  readonly #turnedAway: TurnedAway;
  /** Answers that are not given yet. */
  readonly #unanswered = new WeakMap<Socket, Set<ServerResponse>>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#turnedAway = new TurnedAway({ message: 'an HTTP connection was turned away', clock, logger });
    const limits = {
      connections: STRANGER_CONNECTIONS,
      lifeMs: STRANGER_CONNECTION_MS,
      leavesAfterMs: STRANGER_LEAVES_AFTER_MS,
      bytes: STRANGER_BYTES,
      lookMs: STRANGER_LOOK_MS,
    };
    this.#strangers = new Strangers(clock, limits, (reason, address) => this.#count(reason, address));
  }

  watch(server: Server): void {
    server.maxConnections = HTTP_CONNECTIONS;
    server.on('drop', (dropped?: DropArgument) =>
      this.#count('tooManyConnections', dropped?.remoteAddress ?? ''),
    );
    server.on('connection', (socket) => this.#strangers.add(socket));
  }

  admits(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    // What was parsed of it already.
    if (socket.destroyed) return false;
    if (this.#asked(request, response) > HTTP_REQUESTS_UNANSWERED) {
      this.cut(socket, 'pipelined');
      return false;
    }
    if (this.#strangers.shouldLeave(socket)) response.setHeader('connection', 'close');
    response.setTimeout(UNREAD_MS, () => {
      // It may as well be the request, or its work, that takes long.
      if (socket.writableLength > 0) this.cut(socket, 'notReading');
    });
    return true;
  }

  /** A working key was shown on it. */
  known(socket: Socket): void {
    this.#strangers.known(socket);
  }

  /** Ends it at once, whatever waits to be read there. */
  cut(socket: Socket, reason: HttpRefusal): void {
    if (socket.destroyed) return;
    // Its address is gone when it is.
    this.#count(reason, socket.remoteAddress ?? '');
    // All is written, and its end is on its way: Node's reset fails then, and would leave the connection to nobody.
    const ending = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
    if (ending) socket.destroy();
    // Reset: what waits for a peer that does not read would stay in the kernel otherwise.
    else socket.resetAndDestroy();
  }

  /** What came can't be read as a request, or did not come in time: fastify's `clientErrorHandler`. */
  broken(error: { code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const { reason, status, text } = BROKEN[error.code ?? ''] ?? MALFORMED;
    const body = JSON.stringify({
      error: {
        code: reason === 'headTooLarge' ? 'tooLarge' : 'invalid',
        message: text,
        fields: [],
        detail: {},
      },
    });
    const [answer, ...more] = this.#unanswered.get(socket) ?? [];
    // It may be the rest of a request whose answer is under way.
    if (socket.writable && answer?.headersSent !== true && more.length === 0)
      socket.write(
        `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    this.#count(reason, socket.remoteAddress ?? '');
    socket.destroy();
  }

  close(): void {
    this.#turnedAway.close();
  }

  /** @returns how many answers wait on its connection */
  #asked({ socket }: IncomingMessage, response: ServerResponse): number {
    const unanswered = this.#unanswered.get(socket) ?? new Set();
    this.#unanswered.set(socket, unanswered.add(response));
    response.once('close', () => unanswered.delete(response));
    return unanswered.size;
  }

  #count(reason: HttpRefusal, address: string): void {
    this.#turnedAway.add(reason, address);
    this.#options.refused?.(reason);
  }
}
