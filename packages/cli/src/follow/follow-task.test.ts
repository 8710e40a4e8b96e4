import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { TaskEvent } from '../shapes.ts';
import { followTask } from './follow-task.ts';

/** A server whose answers are written down one by one: the far end of a real socket. */
describe('followTask', () => {
  let server: Server;
  let answers: ((response: ServerResponse) => void)[];
  let cursors: (string | undefined)[];

  beforeEach(async () => {
    [answers, cursors] = [[], []];
    server = createServer((request, response) => {
      cursors.push(request.headers['last-event-id'] as string | undefined);
      const answer = answers.shift();
      if (answer === undefined)
        response.writeHead(404).end('{"error":{"code":"notFound","message":"no more answers"}}');
      else answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const says = (response: ServerResponse, ...events: [id: string, event: string, data: unknown][]): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const [id, event, data] of events)
      response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const saysAndEnds = (
    response: ServerResponse,
    ...events: Parameters<typeof says> extends [unknown, ...infer Events] ? Events : never
  ): void => {
    says(response, ...events);
    response.end();
  };
  const follow = async (states: string[] = []): Promise<string[]> => {
    const settings = {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      apiKey: 'k',
      space: 'default',
    };
    const seen: string[] = [];
    const connection = (state: string): void => void states.push(state);
    for await (const event of followTask({
      settings,
      taskId: 't',
      signal: new AbortController().signal,
      connection,
    }))
      seen.push(keyOf(event));
    return seen;
  };
  const keyOf = (event: TaskEvent): string =>
    event.event === 'output' ? `output ${event.data.from}` : event.event;
  const output = (from: number): unknown => ({ attemptId: 'a', from, next: from + 1, records: [] });

  test('goes on after the last event that it was given, over cuts, refusals and half an event', async () => {
    answers = [
      (r) => {
        says(r, ['c1', 'output', output(1)], ['c2', 'output', output(2)]);
        r.write('id: c3\nevent: output\ndata: {"half');
        setTimeout(() => r.destroy(), 20);
      },
      (r) => void r.writeHead(503).end('starting'),
      (r) => void r.destroy(),
      (r) => saysAndEnds(r, ['c3', 'output', output(3)]),
      (r) => saysAndEnds(r, ['c4', 'end', { task: {}, attempts: [] }]),
    ];
    const states: string[] = [];
    expect(await follow(states)).toEqual(['output 1', 'output 2', 'output 3', 'end']);
    expect(cursors).toEqual([undefined, 'c2', 'c2', 'c2', 'c3']);
    expect(states).toEqual(['lost', 'back', 'lost', 'back']);
  });

  test('an answer that trying again does not change ends it', async () => {
    answers = [
      (r) => void r.writeHead(401).end('{"error":{"code":"unauthenticated","message":"no such key"}}'),
    ];
    await expect(follow()).rejects.toMatchObject({ code: 'unauthenticated', message: 'no such key' });
  });

  test('an event of many megabytes in small parts', async () => {
    const base64 = Buffer.alloc(6_000_000, 'x').toString('base64');
    answers = [
      (r) =>
        saysAndEnds(
          r,
          ['c1', 'output', { ...(output(1) as object), records: [{ stream: 'stdout', time: 1, base64 }] }],
          ['c2', 'end', { task: {}, attempts: [] }],
        ),
    ];
    expect(await follow()).toEqual(['output 1', 'end']);
  });
});
