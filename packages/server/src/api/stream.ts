/**
 * Server-sent events: a task's state, log, attempts, output and events as they
 * come. The connection is written to at once, and waited for when it is full;
 * an idle one gets a comment, so that both ends know that the other lives.
 */
import { toError } from '@longshore/base';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';

import type { TaskView as CoreTask } from '../app/ports/core-api.ts';
import { STREAM_HEARTBEAT_MS } from '../limits.ts';
import { beginning, parseCursor } from './cursor.ts';
import { TaskFollower, type EventSink } from './follow.ts';
import type { Unread } from './followers.ts';
import type { Held } from './held.ts';
import type { ApiConfig, ApiServices } from './services.ts';

export function wantsStream({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers.accept?.includes('text/event-stream') ?? false;
}

export interface StreamCall {
  request: FastifyRequest;
  reply: FastifyReply;
  services: ApiServices;
  config: Pick<ApiConfig, 'clock' | 'logger'>;
  held: Held;
}

/** After `held.follow`. @throws AppError `invalid` for a wrong cursor, before anything is written */
export function answerStream(
  { request, reply, services, config, held }: StreamCall,
  { task, cursor, status }: { task: CoreTask; cursor: string | null; status: 200 | 201 },
): void {
  const place = cursor === null || cursor === '' ? beginning() : parseCursor(cursor);
  request.releaseBody?.();
  reply.hijack();
  const response = reply.raw;
  response.writeHead(status, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies of the nginx family hold events back otherwise.
    'x-accel-buffering': 'no',
  });
  const sink = new ResponseSink(response, held);
  const follower = new TaskFollower(
    { ...services, logs: held.logs(request, services.logs) },
    { task, place },
    sink,
  );
  const stopBeat = config.clock.every(STREAM_HEARTBEAT_MS, () => sink.beat());
  response.once('close', () => follower.stop());
  follower
    .run()
    .catch((thrown: unknown) => {
      config.logger.error('a task stream failed', { taskId: task.id, error: toError(thrown) });
    })
    .finally(() => {
      stopBeat();
      response.end();
    })
    .catch(() => undefined);
}

class ResponseSink implements EventSink, Unread {
  readonly #response: ServerResponse;
  readonly #held: Held;
  #full: Promise<void> | undefined;

  constructor(response: ServerResponse, held: Held) {
    this.#response = response;
    this.#held = held;
  }

  get unreadBytes(): number {
    return this.#response.writableLength;
  }

  cut(): void {
    const { socket } = this.#response;
    if (socket !== null) this.#held.connections.cut(socket, 'notReading');
  }

  write(text: string): void {
    if (this.#response.write(text)) return;
    this.#full ??= new Promise<void>((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done);
        this.#response.off('close', done);
        this.#held.followers.drained(this);
        this.#full = undefined;
        resolve();
      };
      this.#response.once('drain', done);
      this.#response.once('close', done);
    });
    this.#held.followers.full(this);
  }

  room(): Promise<void> | undefined {
    return this.#full;
  }

  beat(): void {
    if (this.#full === undefined && !this.#response.writableEnded) this.#response.write(': alive\n\n');
  }
}
