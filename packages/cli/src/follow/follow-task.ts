/**
 * A task's events from its first (or from a cursor) to its end, whatever
 * happens to the connection: a stream that breaks is taken up again after the
 * last event that the consumer was given, so nothing is missed or repeated.
 *
 *   connecting ──▶ streaming ──▶ ended        (the `end` event)
 *       ▲             │
 *       └── waiting ◀─┘                       (broken; a server that restarts answers again by and by)
 */
import { AppError, Backoff, sleep, systemClock } from '@longshore/base';

import type { EventSourceMessage } from 'eventsource-parser';

import { authorization } from '../client.ts';
import { limits } from '../limits.ts';
import type { Settings } from '../settings.ts';
import { eventStream } from './event-stream.ts';
import type { TaskEvent } from '../shapes.ts';

export interface FollowRequest {
  settings: Settings;
  taskId: string;
  signal: AbortSignal;
  /** Told when the connection broke, and when it is back. */
  connection?: (state: 'lost' | 'back', why: string) => void;
}

/** @throws AppError when the server answers that the stream is not to be had (unknown task, wrong key) */
export async function* followTask(follow: FollowRequest): AsyncGenerator<TaskEvent, void, void> {
  const { settings, taskId, signal } = follow;
  const url = `${settings.server}/api/v1/spaces/${encodeURIComponent(settings.space)}/tasks/${encodeURIComponent(taskId)}/stream`;
  const backoff = new Backoff({ firstMs: limits.reconnectFirstMs, longestMs: limits.reconnectLongestMs });
  let cursor = '';
  let lost = false;
  for (;;) {
    let why = 'the server closed the stream';
    try {
      const headers = { ...authorization(settings), ...(cursor === '' ? {} : { 'last-event-id': cursor }) };
      for await (const message of eventStream({ url, headers, signal })) {
        if (lost) follow.connection?.('back', '');
        lost = false;
        backoff.reset();
        const event = eventOf(message);
        yield event;
        cursor = message.id ?? cursor;
        if (event.event === 'end') return;
      }
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof AppError) || thrown.code !== 'unavailable') throw thrown;
      why = thrown.message;
    }
    if (!lost) follow.connection?.('lost', why);
    lost = true;
    await sleep(systemClock, backoff.next(), { signal });
  }
}

/** @throws AppError `corrupt` */
export function eventOf({ event, data }: Pick<EventSourceMessage, 'event' | 'data'>): TaskEvent {
  try {
    return { event, data: JSON.parse(data) as unknown } as TaskEvent;
  } catch {
    throw new AppError('corrupt', `The server sent an event "${event ?? ''}" that can not be read`);
  }
}
