/**
 * One connection to a server-sent event stream, as an async iterable. The
 * socket is read only as fast as the events are taken. Ends when the server
 * closes it, throws when it breaks.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';

import { systemClock } from '@longshore/base';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

import { errorOf, requireType, unreachable } from '../client.ts';
import { limits } from '../limits.ts';

export interface StreamRequest {
  url: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}

/** @throws AppError as the server's error answer says, or `unavailable` */
export async function* eventStream(wanted: StreamRequest): AsyncGenerator<EventSourceMessage, void, void> {
  const response = await open(wanted);
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const silence = watchSilence(response);
  try {
    for await (const text of response as AsyncIterable<string>) {
      silence.heard();
      parser.feed(text);
      yield* events.splice(0);
      silence.listening();
    }
  } catch (thrown) {
    throw wanted.signal.aborted ? wanted.signal.reason : unreachable(new URL(wanted.url).origin, thrown);
  } finally {
    silence.stop();
    response.destroy();
  }
}

async function open({ url, headers, signal }: StreamRequest): Promise<IncomingMessage> {
  const { request } = url.startsWith('https:') ? await import('node:https') : { request: httpRequest };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { headers: { accept: 'text/event-stream', ...headers }, signal, agent: false })
      .on('response', resolve)
      .on('error', (error) =>
        reject(signal.aborted ? (signal.reason as Error) : unreachable(new URL(url).origin, error)),
      )
      .end();
  });
  response.setEncoding('utf8');
  if (response.statusCode === 200) {
    requireType(response.headers['content-type'] ?? null, 'event-stream', new URL(url).origin);
    return response;
  }
  let text = '';
  for await (const part of response as AsyncIterable<string>) text += part;
  throw errorOf(response.statusCode ?? 0, text, new URL(url).origin);
}

/** A server that was cut off says nothing more, not even goodbye. Time spent in the consumer does not count. */
function watchSilence(response: IncomingMessage): { heard(): void; listening(): void; stop(): void } {
  let since: number | undefined = systemClock.monotonic();
  const stop = systemClock.every(limits.streamSilenceMs / 10, () => {
    if (since !== undefined && systemClock.monotonic() - since > limits.streamSilenceMs) {
      response.destroy(new Error('the stream has gone silent'));
    }
  });
  return {
    heard: () => (since = undefined),
    listening: () => (since = systemClock.monotonic()),
    stop,
  };
}
