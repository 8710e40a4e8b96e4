import { describe, expect, test } from '@jest/globals';

import { GroupSync } from './durability.ts';

/** A disk whose syncs end when the test says so. */
class Disk {
  readonly syncs: PromiseWithResolvers<void>[] = [];
  readonly failures: Error[] = [];
  readonly groups = new GroupSync(
    () => {
      const sync = Promise.withResolvers<void>();
      this.syncs.push(sync);
      return sync.promise;
    },
    { failed: (error) => this.failures.push(error) },
  );
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  await turn();
  return done;
}

describe('GroupSync', () => {
  test('a commit is not durable before the sync that began after it has ended', async () => {
    const { groups, syncs } = new Disk();
    const first = groups.committed();
    await turn();
    expect(syncs).toHaveLength(1);
    expect(await settled(first)).toBe(false);
    // It comes while the first sync is under way: that one does not cover it.
    const second = groups.committed();
    syncs[0]?.resolve();
    await first;
    expect(await settled(second)).toBe(false);
    expect(syncs).toHaveLength(2);
    syncs[1]?.resolve();
    await second;
    expect(groups.pending()).toBeUndefined();
  });

  test('all commits of one turn, and all that come during a sync, share one', async () => {
    const { groups, syncs } = new Disk();
    const first = [groups.committed(), groups.committed(), groups.committed()];
    await turn();
    const second = Array.from({ length: 20 }, () => groups.committed());
    syncs[0]?.resolve();
    await Promise.all(first);
    await turn();
    syncs[1]?.resolve();
    await Promise.all(second);
    expect(syncs).toHaveLength(2);
  });

  test('waiters are resolved in order', async () => {
    const { groups, syncs } = new Disk();
    const order: number[] = [];
    const note = (n: number) => groups.committed().then(() => order.push(n));
    const all = [note(1), note(2)];
    await turn();
    all.push(note(3), note(4));
    syncs[0]?.resolve();
    await all[1];
    await turn();
    syncs[1]?.resolve();
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test('after a failed sync nothing is durable any more, and the process is told to end', async () => {
    const { groups, syncs, failures } = new Disk();
    const first = groups.committed();
    await turn();
    syncs[0]?.reject(new Error('EIO'));
    await turn();
    expect(failures.map((error) => error.message)).toEqual(['EIO']);
    expect(await settled(first)).toBe(false);
    expect(await settled(groups.committed())).toBe(false);
    expect(syncs).toHaveLength(1);
  });
});
