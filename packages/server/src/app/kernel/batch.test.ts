import { setImmediate } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';

import { silentLogger } from '@longshore/base';

import { StorageOut, type Store, type Tx } from '../ports/store.ts';
import { Batch } from './batch.ts';

/** A store that counts commits, whose durability the test gives, and which it may fill up. */
function stage() {
  const commits: number[] = [];
  let durable = Promise.resolve();
  let outage: PromiseWithResolvers<void> | undefined;
  const store = {
    commit: async <T>(body: (tx: Tx) => Promise<T>) => {
      const value = await body({} as Tx);
      if (outage !== undefined) throw new StorageOut('noSpace', 'full');
      commits.push(commits.length + 1);
      return { value, durable };
    },
    recovered: () => outage?.promise ?? Promise.resolve(),
  } as unknown as Store;
  const batch = new Batch({ store, logger: silentLogger, nextTurn: queueMicrotask });
  const holdBack = (until: Promise<void>): void => void (durable = until);
  const fill = (): void => void (outage = Promise.withResolvers<void>());
  const makeRoom = (): void => {
    const before = outage;
    outage = undefined;
    before?.resolve();
  };
  return { batch, commits, holdBack, fill, makeRoom };
}

describe('a batch', () => {
  test('what comes in one turn shares one commit, in order', async () => {
    const { batch, commits } = stage();
    const seen: number[] = [];
    await Promise.all([1, 2, 3].map((n) => batch.add(async () => seen.push(n))));
    expect(seen).toEqual([1, 2, 3]);
    expect(commits).toHaveLength(1);
  });

  test('effects and answers wait until it is durable', async () => {
    const { batch, commits, holdBack } = stage();
    const durable = Promise.withResolvers<void>();
    holdBack(durable.promise);
    const seen: string[] = [];
    const done = batch
      .add(async (turn) => turn.after(() => seen.push('effect')))
      .then(() => seen.push('answer'));
    await batch.idle();
    expect(commits).toHaveLength(1);
    expect(seen).toEqual([]);
    durable.resolve();
    await done;
    expect(seen).toEqual(['effect', 'answer']);
  });

  test('one bad change fails only itself, and what it did to memory is undone', async () => {
    const { batch } = stage();
    let value = 0;
    const add = (n: number, bad = false): Promise<number> =>
      batch.add(async (turn) => {
        const before = value;
        value += n;
        turn.undo(() => (value = before));
        if (bad) throw new Error('bad');
        return n;
      });
    const results = await Promise.allSettled([add(1), add(10, true), add(100)]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(value).toBe(101);
  });

  test('the end of a turn comes once for each key, and may ask for more', async () => {
    const { batch } = stage();
    const seen: string[] = [];
    await Promise.all(
      [1, 2].map(() =>
        batch.add(async (turn) => {
          turn.atEnd('a', async () => {
            seen.push('a');
            turn.atEnd('b', async () => void seen.push('b'));
          });
        }),
      ),
    );
    expect(seen).toEqual(['a', 'b']);
  });

  test('while the store is out, what people ask for is refused at once and all else waits, in order', async () => {
    const { batch, commits, fill, makeRoom } = stage();
    const seen: string[] = [];
    let value = 0;
    const say = (word: string, options = {}): Promise<unknown> =>
      batch.add(async (turn) => {
        value += 1;
        turn.undo(() => (value -= 1));
        turn.after(() => seen.push(word));
      }, options);
    fill();
    const held = [say('one'), say('two')];
    await expect(say('refused with the others', { hurried: true })).rejects.toMatchObject({
      code: 'noSpace',
    });
    await expect(say('refused while others wait', { hurried: true })).rejects.toMatchObject({
      code: 'noSpace',
    });
    held.push(say('three'));
    expect({ value, commits, seen }).toEqual({ value: 0, commits: [], seen: [] });
    makeRoom();
    await Promise.all(held);
    await say('four', { hurried: true });
    expect({ value, seen }).toEqual({ value: 4, seen: ['one', 'two', 'three', 'four'] });
  });

  test('one of a failed group that is held holds those that came after it too', async () => {
    const { batch, fill, makeRoom } = stage();
    const seen: string[] = [];
    let tries = 0;
    const bad = batch.add(() => Promise.reject(new Error('bad')));
    const one = batch.add(async (turn) => {
      tries += 1;
      // Alone: with the bad one it was not reached.
      if (tries === 1) {
        fill();
        void setImmediate().then(makeRoom);
      }
      turn.after(() => seen.push('one'));
    });
    const two = batch.add(async (turn) => turn.after(() => seen.push('two')));
    await expect(bad).rejects.toThrow('bad');
    await Promise.all([one, two]);
    expect({ tries, seen }).toEqual({ tries: 2, seen: ['one', 'two'] });
  });

  test('a node that stops holds nothing', async () => {
    const { batch, fill } = stage();
    fill();
    const held = batch.add(async () => undefined);
    const late = batch.add(async () => undefined);
    batch.stopHolding();
    await expect(held).rejects.toMatchObject({ code: 'noSpace' });
    await expect(late).rejects.toMatchObject({ code: 'noSpace' });
    await batch.idle();
  });
});
