import { expect, test } from '@jest/globals';

import type { Lease } from './lease.ts';
import { deletionBar, idleSince } from './worker-change.ts';

const lease = (taskId: string): Lease => ({ taskId }) as Lease;

test('a leased worker is not deleted, and the tasks are named once each', () => {
  expect(deletionBar({ name: 'w' }, [lease('t1'), lease('t2'), lease('t1')])).toMatch(/tasks t1, t2; force/);
  expect(deletionBar({ name: 'w' }, [])).toBeUndefined();
});

test.each([
  ['leased', { held: 1, lastReleasedAt: 5 }, null],
  ['after its last lease', { held: 0, lastReleasedAt: 5 }, 5],
  ['never leased', { held: 0, lastReleasedAt: null }, 1],
])('idle since, %s', (_name, leases, since) => {
  expect(idleSince({ createdAt: 1 }, leases)).toBe(since);
});
