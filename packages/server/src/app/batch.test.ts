import { describe, expect, test } from '@jest/globals';

import { silentLogger } from '@longshore/base';

import { Batch } from './batch.ts';
import type { Store, Tx } from './ports/store.ts';

/** A store that counts commits, and whose durability the test gives. */
function stage() {
  const commits: number[] = [];
  let durable = Promise.resolve();
  const store = {
    commit: async <T>(body: (tx: Tx) => Promise<T>) => {
      const value = await body({} as Tx);
      commits.push(commits.length + 1);
      return { value, durable };
    },
  } as unknown as Store;
  const batch = new Batch({ store, logger: silentLogger, nextTurn: queueMicrotask });
  const holdBack = (until: Promise<void>): void => void (durable = until);
  return { batch, commits, holdBack };
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
});
