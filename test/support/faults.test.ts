import { expect, test } from '@jest/globals';

import { faultForm, faultNumbers, schedule } from './faults.ts';

const draw = (name: string, seed: number): number[] => {
  const source = schedule(name, seed);
  return Array.from({ length: 50 }, () => source.between(1, 1_000_000));
};

test('the same seed and name give the same choices, another of either gives others', () => {
  expect(draw('kills', 7)).toEqual(draw('kills', 7));
  expect(draw('kills', 8)).not.toEqual(draw('kills', 7));
  expect(draw('cuts', 7)).not.toEqual(draw('kills', 7));
});

test('choices are spread evenly over their range, ends included', () => {
  const source = schedule('spread', 1);
  const seen = [0, 0, 0, 0];
  for (let n = 0; n < 4_000; n++) seen[source.between(0, 3)]! += 1;
  for (const count of seen) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test('points are as many as asked for, different and in order', () => {
  const points = schedule('points', 3).points(100, 1, 120);
  expect(new Set(points).size).toBe(100);
  expect(points).toEqual([...points].sort((one, other) => one - other));
  expect(points[0]).toBeGreaterThanOrEqual(1);
  expect(points.at(-1)).toBeLessThanOrEqual(120);
  expect(() => schedule('points', 3).points(3, 1, 2)).toThrow('no 3 points');
});

test('shuffled has all that it was given', () => {
  const given = Array.from({ length: 40 }, (_, n) => n);
  const shuffled = schedule('shuffle', 5).shuffled(given);
  expect(shuffled).not.toEqual(given);
  expect(shuffled.sort((one, other) => one - other)).toEqual(given);
});

test('numbers are the short ones unless the full form is asked for', () => {
  expect(faultForm({})).toBe('short');
  expect(faultForm({ LONGSHORE_FAULTS: 'full' })).toBe('full');
  expect(faultNumbers({ short: { kills: 6 }, full: { kills: 100 } }, 'full')).toEqual({ kills: 100 });
});
