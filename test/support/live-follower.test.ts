/** Against a small server of the same form: what the follower accepts, and what it must not. */
import { createServer, type Server, type ServerResponse } from 'node:http';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { LiveFollower } from './live-follower.ts';
import { expectedLine, type NumberedLines } from './log-oracle.ts';
import { until } from './until.ts';

const WANTED: NumberedLines = { lines: 4 };

let server: Server;
let url = '';
let listeners: { answer: ServerResponse; cursor: string }[] = [];
beforeEach(async () => {
  listeners = [];
  server = createServer((request, answer) => {
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    answer.flushHeaders();
    listeners.push({ answer, cursor: String(request.headers['last-event-id'] ?? '') });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  url = `http://127.0.0.1:${address.port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function output(answer: ServerResponse, from: number, to: number): void {
  const records = (['stdout', 'stderr'] as const).map((stream) => {
    let text = '';
    for (let n = from; n <= to; n++) text += `${expectedLine(stream, n, WANTED)}\n`;
    return { stream, time: 0, base64: Buffer.from(text).toString('base64') };
  });
  const data = { attemptId: 'a', from: from - 1, next: to, records };
  answer.write(`id: after-${to}\nevent: output\ndata: ${JSON.stringify(data)}\n\n`);
}

const end = (answer: ServerResponse): boolean => answer.write('id: end\nevent: end\ndata: {}\n\n');

async function connected(count: number): Promise<{ answer: ServerResponse; cursor: string }> {
  return until('the follower has come', () => listeners[count - 1]);
}

test('cut and back, it goes on from its cursor, and has seen all', async () => {
  const follower = new LiveFollower({ url, key: 'k' }, 't', WANTED);
  const first = await connected(1);
  output(first.answer, 1, 3);
  await until('three lines are seen', () => follower.seen === 6);
  follower.cut();
  const second = await connected(2);
  expect(second.cursor).toBe('after-3');
  output(second.answer, 4, 4);
  end(second.answer);
  await follower.expectAll();
  expect(follower.cuts).toBe(1);
});

test.each([
  ['a line that is told again', 3],
  ['a gap', 5],
])('%s is no pass', async (_, again) => {
  const follower = new LiveFollower({ url, key: 'k' }, 't', WANTED);
  const { answer } = await connected(1);
  output(answer, 1, 3);
  output(answer, again, 4);
  end(answer);
  await expect(follower.expectAll()).rejects.toThrow(`goes on at ${again - 1}, not at 3`);
});

test('an end before all lines is no pass', async () => {
  const follower = new LiveFollower({ url, key: 'k' }, 't', WANTED);
  const { answer } = await connected(1);
  output(answer, 1, 3);
  end(answer);
  await expect(follower.expectAll()).rejects.toThrow('it ends after line 3 of 4');
});
