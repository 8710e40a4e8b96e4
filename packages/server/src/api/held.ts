/** What the requests of all callers hold at once: made with the API, and bounded. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';

import {
  DOWNLOADS,
  DOWNLOADS_OF_A_KEY,
  LOG_READS,
  LOG_READS_OF_A_KEY,
  PACKAGE_UPLOADS,
  REQUESTS_WAITING,
} from '../limits.ts';
import { callerOf } from './app.ts';
import type { Connections } from './connections.ts';
import { Followers } from './followers.ts';
import { Room } from './room.ts';
import type { ApiServices } from './services.ts';

const NEVER = new AbortController().signal;

export class Held {
  readonly connections: Connections;
  readonly followers = new Followers();
  readonly #downloads = new Room({ total: DOWNLOADS, ofAKey: DOWNLOADS_OF_A_KEY, waiting: REQUESTS_WAITING });
  readonly #uploads = new Room({
    total: PACKAGE_UPLOADS,
    ofAKey: PACKAGE_UPLOADS,
    waiting: REQUESTS_WAITING,
  });

  readonly #reads = new Room({
    total: LOG_READS,
    ofAKey: LOG_READS_OF_A_KEY,
    // As many as there are followers and downloads.
    waiting: Number.POSITIVE_INFINITY,
  });

  constructor(connections: Connections) {
    this.connections = connections;
  }

  /** One more follower, to the answer's end. @throws AppError `tooMany` */
  follow(request: FastifyRequest, { raw }: FastifyReply): void {
    raw.once('close', this.followers.enter(callerOf(request).keyId));
  }

  /** The logs as this caller reads them: by turns with all others. */
  logs(request: FastifyRequest, logs: ApiServices['logs']): ApiServices['logs'] {
    const { keyId } = callerOf(request);
    return {
      length: (attemptId) => logs.length(attemptId),
      follow: (attemptId, grown) => logs.follow(attemptId, grown),
      read: async (attemptId, from, limit) => {
        // Not given up when its caller goes: it is over in a moment.
        const release = await this.#reads.take(keyId, 1, NEVER);
        try {
          return await logs.read(attemptId, from, limit);
        } finally {
          release();
        }
      },
    };
  }

  /**
   * Content for `reply.send`, when it has its turn: it is given back when the answer has gone out, or its peer has.
   *
   * @throws AppError `tooMany`
   */
  async download(
    request: FastifyRequest,
    reply: FastifyReply,
    content: AsyncIterable<Buffer>,
  ): Promise<Readable> {
    await this.#turn(this.#downloads, request, reply);
    return Readable.from(content, { objectMode: false });
  }

  /** A turn to upload a package, to the answer's end. @throws AppError `tooMany` */
  async upload(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.#turn(this.#uploads, request, reply);
  }

  async #turn(room: Room, request: FastifyRequest, { raw }: FastifyReply): Promise<void> {
    const gone = new AbortController();
    raw.once('close', () => gone.abort());
    const release = await room.take(callerOf(request).keyId, 1, gone.signal);
    if (raw.closed) release();
    else raw.once('close', release);
  }
}
