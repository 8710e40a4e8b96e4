import { expect, test } from '@jest/globals';

import { deletionBar, type PoolUse } from './pool.ts';

const use = (n: number): PoolUse => ({ kind: n % 2 === 0 ? 'worker' : 'task', id: String(n), name: `u${n}` });

test.each([
  ['the default pool', { name: 'p', isDefault: true }, [], /default pool and can't be deleted/],
  ['in use', { name: 'p', isDefault: false }, [use(0), use(1)], /in use by worker "u0", task "u1"$/],
  ['in much use', { name: 'p', isDefault: false }, [0, 1, 2, 3, 4, 5, 6].map(use), /u4" and 2 more$/],
])('a pool that can not be deleted: %s', (_name, pool, uses, why) => {
  expect(deletionBar(pool, uses)).toMatch(why);
});

test('a pool that nothing uses can be deleted', () => {
  expect(deletionBar({ name: 'p', isDefault: false }, [])).toBeUndefined();
});
