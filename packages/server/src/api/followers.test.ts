import { expect, test } from '@jest/globals';

import { STREAMS, STREAMS_OF_A_KEY, STREAMS_UNREAD_BYTES } from '../limits.ts';
import { Followers, type Unread } from './followers.ts';

class Stream implements Unread {
  wasCut = false;
  unreadBytes: number;

  constructor(unreadBytes: number) {
    this.unreadBytes = unreadBytes;
  }

  cut(): void {
    this.wasCut = true;
  }
}

test('where too much is unread, who has not read for longest is cut', () => {
  const followers = new Followers();
  const third = Math.floor(STREAMS_UNREAD_BYTES / 3);
  const [honest, first, second] = [new Stream(third), new Stream(third), new Stream(third)];
  for (const one of [honest, first, second]) followers.full(one);
  followers.drained(honest);
  const last = new Stream(third + 3);
  followers.full(last);
  expect([honest, first, second, last].map(({ wasCut }) => wasCut)).toEqual([false, true, false, false]);
});

test('one key has its share of streams, and what ends gives it back', () => {
  const followers = new Followers();
  const ends = Array.from({ length: STREAMS_OF_A_KEY }, () => followers.enter('a'));
  expect(() => followers.enter('a')).toThrow(expect.objectContaining({ code: 'tooMany' }));
  for (let n = STREAMS_OF_A_KEY; n < STREAMS; n += 1) followers.enter(`b${n % 3}`);
  expect(() => followers.enter('c')).toThrow(expect.objectContaining({ code: 'tooMany' }));
  ends[0]?.();
  followers.enter('c');
});
