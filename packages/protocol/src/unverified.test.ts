import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

import { ManualClock } from '@longshore/base';
import { beforeEach, expect, test } from '@jest/globals';

import {
  UNVERIFIED_BYTES,
  UNVERIFIED_CONNECTION_MS,
  UNVERIFIED_CONNECTIONS,
  UNVERIFIED_CONNECTIONS_PER_ADDRESS,
  UNVERIFIED_LOOK_MS,
  UNVERIFIED_MAKES_ROOM_AFTER_MS,
} from './link-limits.ts';
import { Unverified } from './unverified.ts';

class FakeSocket extends EventEmitter {
  bytesRead = 0;
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

let clock: ManualClock;
let unverified: Unverified;
let ends: string[];

beforeEach(() => {
  clock = new ManualClock();
  ends = [];
  unverified = new Unverified(clock, (reason, address) => ends.push(`${address} ${reason}`));
});

/** @returns undefined when there was no room */
function comes(address: string): FakeSocket | undefined {
  const socket = new FakeSocket();
  return unverified.add(socket as unknown as Socket, address) ? socket : undefined;
}

test('an address has so many; who holds them for long makes room, who has just come does not', () => {
  const held = Array.from({ length: UNVERIFIED_CONNECTIONS_PER_ADDRESS }, () => comes('a'));
  expect(comes('a')).toBeUndefined();
  expect(comes('b')).toBeDefined();
  clock.advance(UNVERIFIED_MAKES_ROOM_AFTER_MS);
  expect(comes('a')).toBeDefined();
  expect(held.map((one) => one?.destroyed)).toEqual([true, ...held.slice(1).map(() => false)]);
  expect(ends).toEqual(['a tooManyUnverified', 'a tooManyUnverified']);
});

test('where all places are taken, the address that has most makes room for a newcomer', () => {
  const addresses = UNVERIFIED_CONNECTIONS / UNVERIFIED_CONNECTIONS_PER_ADDRESS;
  for (let n = 0; n < UNVERIFIED_CONNECTIONS; n += 1) comes(`x${n % addresses}`);
  expect(comes('honest')).toBeUndefined();
  clock.advance(UNVERIFIED_MAKES_ROOM_AFTER_MS);
  expect(comes('honest')).toBeDefined();
  expect(ends.at(-1)).toBe('x0 tooManyUnverified');
});

test('bytes and seconds are bounded; each is counted once', () => {
  const loud = comes('a');
  const long = comes('b');
  if (loud !== undefined) loud.bytesRead = UNVERIFIED_BYTES + 1;
  clock.advance(UNVERIFIED_LOOK_MS);
  clock.advance(UNVERIFIED_CONNECTION_MS);
  expect(ends).toEqual(['a unverifiedTooMuch', 'b unverifiedTooLong']);
  expect([loud?.destroyed, long?.destroyed]).toEqual([true, true]);
});
