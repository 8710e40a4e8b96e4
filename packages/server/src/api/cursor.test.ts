import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { beginning, encodeCursor, parseCursor } from './cursor.ts';

test('a cursor says where a follower stands, and nothing is lost on the way', () => {
  const count = fc.integer({ min: 0, max: 2 ** 49 });
  const attempts = fc.dictionary(
    fc.stringMatching(/^[0-9A-Z]{26}$/),
    fc.record({ offset: count, event: count }),
  );
  fc.assert(
    fc.property(count, attempts, (log, places) => {
      const place = { log, attempts: new Map(Object.entries(places)) };
      const read = parseCursor(encodeCursor(place));
      expect(read.log).toBe(log);
      for (const [id, at] of place.attempts)
        expect(read.attempts.get(id) ?? { offset: 0, event: 0 }).toEqual(at);
    }),
  );
});

test('the beginning', () => {
  expect(parseCursor(encodeCursor(beginning()))).toEqual(beginning());
});

describe('what is no cursor is refused', () => {
  test.each([
    '',
    'x',
    '1',
    '2.0',
    '1.-1',
    '1.0~',
    '1.0~a.1',
    '1.0~../etc.1.1',
    '1.0~a.1.1.1',
    '1.9999999999999999',
  ])('%s', (text) => {
    expect(() => parseCursor(text)).toThrow(/cursor/);
  });
});
