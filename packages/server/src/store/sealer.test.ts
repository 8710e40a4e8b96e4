import { randomBytes } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { createSealer } from './sealer.ts';

describe('sealer', () => {
  const sealer = createSealer(randomBytes(32));

  test('opens what it sealed, in its context only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (plain, context) => {
        const text = Buffer.from(plain).toString();
        const sealed = sealer.seal(text, context);
        expect(sealer.open(sealed, context)).toBe(text);
        expect(() => sealer.open(sealed, `${context}x`)).toThrow('does not open');
      }),
      { numRuns: 200 },
    );
  });

  test('never gives the same text twice', () => {
    expect(sealer.seal('a', 'b')).not.toBe(sealer.seal('a', 'b'));
  });

  test('refuses what was changed, cut, or sealed by another key', () => {
    const sealed = sealer.seal('secret', 'c');
    const changed = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const bad of [changed, sealed.slice(0, 20), 'v1.', '', 'v2.abc'])
      expect(() => sealer.open(bad, 'c')).toThrow('does not open');
    expect(() => createSealer(randomBytes(32)).open(sealed, 'c')).toThrow('does not open');
  });
});
