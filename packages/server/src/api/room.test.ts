import { expect, test } from '@jest/globals';

import { Room, type Release } from './room.ts';

const never = new AbortController().signal;

/** Whose turn has come. */
function asking(room: Room): { ask: (key: string, amount: number) => void; got: Map<string, Release>[] } {
  const got: Map<string, Release>[] = [];
  return {
    got,
    ask: (key, amount) =>
      void room.take(key, amount, never).then((release) => got.push(new Map([[key, release]]))),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('one key gets its share, and another one gets its own meanwhile', async () => {
  const room = new Room({ total: 10, ofAKey: 4, waiting: 10 });
  const { ask, got } = asking(room);
  for (const key of ['a', 'a', 'a', 'b']) ask(key, 2);
  await turn();
  expect(got.flatMap((one) => [...one.keys()])).toEqual(['a', 'a', 'b']);
  got[0]?.get('a')?.();
  await turn();
  expect(got.flatMap((one) => [...one.keys()])).toEqual(['a', 'a', 'b', 'a']);
});

test('a large one that waits for all is not overtaken for ever', async () => {
  const room = new Room({ total: 4, ofAKey: 4, waiting: 10 });
  const { ask, got } = asking(room);
  ask('a', 3);
  ask('b', 4);
  await turn();
  ask('c', 1);
  await turn();
  // There was room for it, and nobody had been refused it yet.
  expect(got.flatMap((one) => [...one.keys()])).toEqual(['a', 'c']);
  ask('d', 1);
  got[1]?.get('c')?.();
  await turn();
  got[0]?.get('a')?.();
  await turn();
  expect(got.flatMap((one) => [...one.keys()])).toEqual(['a', 'c', 'b']);
});

test('giving back twice gives back once; who goes away leaves the queue; too many are refused', async () => {
  const room = new Room({ total: 1, ofAKey: 1, waiting: 1 });
  const release = await room.take('a', 1, never);
  const gone = new AbortController();
  const waits = room.take('b', 1, gone.signal);
  await expect(room.take('c', 1, never)).rejects.toMatchObject({ code: 'tooMany' });
  gone.abort();
  await expect(waits).rejects.toMatchObject({ code: 'cancelled' });
  release();
  release();
  const second = await room.take('d', 1, never);
  const third = room.take('e', 1, never);
  await turn();
  second();
  await expect(third).resolves.toBeInstanceOf(Function);
});
