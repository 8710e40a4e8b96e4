import { expect, test } from '@jest/globals';
import { encodedBytes } from '@longshore/protocol/spool-record';

import { LogLimit } from './log-limit.ts';

test('without a bound all is recorded', () => {
  const limit = new LogLimit(0);
  expect(limit.take('stdout', Buffer.alloc(10_000_000), 2 ** 50).length).toBe(10_000_000);
  expect(limit.reached).toBe(false);
});

test('what is recorded fits, is the beginning, and what is dropped is counted by stream', () => {
  const largest = 1_000_000;
  const limit = new LogLimit(largest);
  let length = 0;
  const recorded = { stdout: 0, stderr: 0 };
  const given = { stdout: 0, stderr: 0 };
  for (let i = 0; i < 100; i += 1) {
    const stream = i % 3 === 0 ? 'stderr' : 'stdout';
    const bytes = Buffer.alloc(1 + ((i * 7919) % 70_000), i);
    given[stream] += bytes.length;
    const reached = limit.reached;
    const kept = limit.take(stream, bytes, length);
    if (reached) expect(kept.length).toBe(0);
    expect(kept.equals(bytes.subarray(0, kept.length))).toBe(true);
    recorded[stream] += kept.length;
    if (kept.length > 0) length += encodedBytes(kept.length);
  }
  expect(limit.reached).toBe(true);
  expect(length).toBeLessThanOrEqual(largest);
  expect(length).toBeGreaterThan(largest * 0.99);
  expect(limit.dropped).toEqual({
    stdout: given.stdout - recorded.stdout,
    stderr: given.stderr - recorded.stderr,
  });
});

test('a bound that not even a record fits into drops all', () => {
  const limit = new LogLimit(10);
  expect(limit.take('stdout', Buffer.from('x'), 0).length).toBe(0);
  expect(limit.dropped).toEqual({ stdout: 1, stderr: 0 });
});
