import { expect, test } from '@jest/globals';

import { agreeOnProtocol, commonCapabilities } from './versions.ts';

test.each([
  [{ min: 1, max: 1 }, { min: 1, max: 1 }, 1],
  [{ min: 1, max: 3 }, { min: 2, max: 5 }, 3],
  [{ min: 4, max: 6 }, { min: 2, max: 5 }, 5],
  [{ min: 1, max: 1 }, { min: 2, max: 5 }, null],
  [{ min: 6, max: 7 }, { min: 2, max: 5 }, null],
])('theirs %j, ours %j: %j', (theirs, ours, agreed) => {
  expect(agreeOnProtocol(theirs, ours)).toBe(agreed);
});

test('capabilities that both have', () => {
  expect(commonCapabilities(['artifacts', 'of the future'])).toEqual(['artifacts']);
});
