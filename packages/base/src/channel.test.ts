import { describe, expect, test } from '@jest/globals';

import { Channel } from './channel.ts';

async function all<T>(channel: Channel<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const item of channel) seen.push(item);
  return seen;
}

describe('a channel', () => {
  test('hands everything on in order, past its capacity', async () => {
    const channel = new Channel<number>(2);
    const consumed = all(channel);
    for (let i = 0; i < 10; i += 1) expect(await channel.push(i)).toBe(true);
    channel.end();
    expect(await consumed).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('makes the producer wait while it is full', async () => {
    const channel = new Channel<number>(1);
    await channel.push(1);
    let pushed = false;
    const waiting = channel.push(2).then(() => (pushed = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(pushed).toBe(false);
    const consumer = channel[Symbol.asyncIterator]();
    expect((await consumer.next()).value).toBe(1);
    await waiting;
    expect(pushed).toBe(true);
  });

  test('lets the consumer take what is queued, then throws the error it ended with', async () => {
    const channel = new Channel<number>(4);
    await channel.push(1);
    channel.end(new Error('cut'));
    const consumer = channel[Symbol.asyncIterator]();
    expect((await consumer.next()).value).toBe(1);
    await expect(consumer.next()).rejects.toThrow('cut');
  });

  test('refuses items once it has ended, also for a producer that waited', async () => {
    const channel = new Channel<number>(1);
    await channel.push(1);
    const waiting = channel.push(2);
    channel.end();
    expect(await waiting).toBe(false);
    expect(channel.offer(3)).toBe(false);
  });
});
