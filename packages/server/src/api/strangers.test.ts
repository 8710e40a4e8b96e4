import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

import { ManualClock } from '@longshore/base';
import { beforeEach, expect, test } from '@jest/globals';

import { Strangers } from './strangers.ts';

const LIMITS = { connections: 3, lifeMs: 60_000, leavesAfterMs: 30_000, bytes: 1000, lookMs: 100 };

class FakeSocket extends EventEmitter {
  bytesRead = 0;
  destroyed = false;
  readonly remoteAddress: string;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

let clock: ManualClock;
let strangers: Strangers;
let ends: string[];

beforeEach(() => {
  clock = new ManualClock();
  ends = [];
  strangers = new Strangers(clock, LIMITS, (reason, address) => ends.push(`${address} ${reason}`));
});

function comes(address: string): FakeSocket & Socket {
  const socket = new FakeSocket(address) as unknown as FakeSocket & Socket;
  strangers.add(socket);
  return socket;
}

test('one too many: the oldest of the address that has most goes', () => {
  const honest = comes('10.0.0.1');
  const first = comes('10.0.0.2');
  const second = comes('10.0.0.2');
  const third = comes('10.0.0.2');
  expect([honest, first, second, third].map(({ destroyed }) => destroyed)).toEqual([
    false,
    true,
    false,
    false,
  ]);
  expect(ends).toEqual(['10.0.0.2 tooManyStrangers']);
});

test('who shows a key, or leaves, makes room and is not looked at any more', () => {
  const known = comes('a');
  const gone = comes('a');
  strangers.known(known);
  gone.destroy();
  expect(strangers.size).toBe(0);
  known.bytesRead = 5000;
  clock.advance(120_000);
  expect(known.destroyed).toBe(false);
  expect(ends).toEqual([]);
});

test('bytes and seconds are bounded, and it is told to leave before', () => {
  const loud = comes('a');
  const long = comes('b');
  expect(strangers.shouldLeave(long)).toBe(false);
  loud.bytesRead = 500;
  expect(strangers.shouldLeave(loud)).toBe(true);
  loud.bytesRead = 1001;
  clock.advance(100);
  expect(ends).toEqual(['a strangerTooMuch']);
  clock.advance(30_000);
  expect(strangers.shouldLeave(long)).toBe(true);
  expect(long.destroyed).toBe(false);
  clock.advance(30_100);
  expect(ends).toEqual(['a strangerTooMuch', 'b strangerTooLong']);
});
