import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { beginning, encodeCursor, parseCursor, tellOver, toldOver } from './cursor.ts';

test('a cursor says where a follower stands, and nothing is lost on the way', () => {
  const count = fc.integer({ min: 0, max: 2 ** 49 });
  const attempts = fc.dictionary(
    fc.stringMatching(/^[0-9A-Z]{26}$/),
    fc.record({ offset: count, event: count }),
  );
  fc.assert(
    fc.property(count, attempts, (log, places) => {
      const place = { ...beginning(), log, attempts: new Map(Object.entries(places)) };
      const read = parseCursor(encodeCursor(place));
      expect(read.log).toBe(log);
      for (const [id, at] of place.attempts)
        expect(read.attempts.get(id) ?? { offset: 0, event: 0 }).toEqual(at);
    }),
  );
});

test('attempts that were told to their end are counted, and recognised again', () => {
  const place = beginning();
  const ids = Array.from({ length: 1000 }, (_, n) => `A${String(n).padStart(25, '0')}`);
  for (const id of ids) place.attempts.set(id, { offset: 100, event: 1 });
  for (const id of ids.slice(2)) tellOver(place, id);
  place.attempts.set('A0000000000000000000000000', { offset: 0, event: 0 });
  const text = encodeCursor(place);
  expect(text.length).toBeLessThan(150);
  const read = parseCursor(text);
  const rows = ids.map((id) => ({ id, complete: true }));
  expect([...read.attempts.keys()]).toEqual(ids.slice(0, 2));
  expect([...toldOver(read, rows)]).toEqual(ids.slice(2));
  expect(encodeCursor(read)).toBe(text);
  // One below the highest that the follower never knew: all are told again.
  const grown = parseCursor(text);
  expect(toldOver(grown, [...rows, { id: 'A0000000000000000000000500X', complete: true }]).size).toBe(0);
  expect(grown.told.count).toBe(0);
  // Cursors that name all of them are read as ever.
  expect(toldOver(parseCursor('1.3~a.1.1'), [{ id: 'a', complete: true }]).size).toBe(0);
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
    '1.0.1',
    '1.0.x.a',
    '1.0.1.../etc',
    '1.0.1.a.b',
    '1.0~',
    '1.0~a.1',
    '1.0~../etc.1.1',
    '1.0~a.1.1.1',
    '1.9999999999999999',
  ])('%s', (text) => {
    expect(() => parseCursor(text)).toThrow(/cursor/);
  });
});
