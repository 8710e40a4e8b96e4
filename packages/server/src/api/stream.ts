/**
 * Server-sent events: a task's state, log, attempts, output and events as they
 * come. The connection is written to at once, and waited for when it is full;
 * an idle one gets a comment, so that both ends know that the other lives.
 */
import { toError } from '@longshore/base';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';

import type { TaskView as CoreTask } from '../app/core-api.ts';
import { STREAM_HEARTBEAT_MS } from '../limits.ts';
import { beginning, parseCursor } from './cursor.ts';
import { TaskFollower, type EventSink } from './follow.ts';
import type { ApiConfig, ApiServices } from './services.ts';

export function wantsStream({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers.accept?.includes('text/event-stream') ?? false;
}

export interface StreamCall {
  request: FastifyRequest;
  reply: FastifyReply;
  services: ApiServices;
  config: Pick<ApiConfig, 'clock' | 'logger'>;
}

/** @throws AppError `invalid` for a wrong cursor, before anything is written */
export function answerStream(
  { reply, services, config }: StreamCall,
  { task, cursor, status }: { task: CoreTask; cursor: string | null; status: 200 | 201 },
): void {
  const place = cursor === null || cursor === '' ? beginning() : parseCursor(cursor);
  reply.hijack();
  const response = reply.raw;
  response.writeHead(status, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies of the nginx family hold events back otherwise.
    'x-accel-buffering': 'no',
  });
  const sink = new ResponseSink(response);
  const follower = new TaskFollower(services, { task, place }, sink);
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

class ResponseSink implements EventSink {
  readonly #response: ServerResponse;
  #full: Promise<void> | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  write(text: string): void {
    if (this.#response.write(text)) return;
    this.#full ??= new Promise<void>((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done);
        this.#response.off('close', done);
        this.#full = undefined;
        resolve();
      };
      this.#response.once('drain', done);
      this.#response.once('close', done);
    });
  }

  room(): Promise<void> | undefined {
    return this.#full;
  }

  beat(): void {
    if (this.#full === undefined && !this.#response.writableEnded) this.#response.write(': alive\n\n');
  }
}
