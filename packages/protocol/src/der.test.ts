import { describe, expect, test } from '@jest/globals';
import { isCode } from '@longshore/base';
import fc from 'fast-check';

import { element, integer, oid, readAll, readInside, sequence, TAG, time } from './der.ts';

describe('what is written', () => {
  test('is read again, whatever its length', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 6 }), (parts) => {
        const whole = sequence(...parts.map((part) => element(TAG.octetString, part)));
        expect(readInside(whole, TAG.sequence).map(({ content }) => [...content])).toEqual(
          parts.map((part) => [...part]),
        );
      }),
    );
  });

  test.each([
    [[0], '020100'],
    [[0, 0, 5], '020105'],
    [[0x80], '02020080'],
    [[0, 0x7f, 1], '02027f01'],
    [[], '020100'],
  ])('an unsigned integer %j', (bytes, hex) => {
    expect(integer(Uint8Array.from(bytes)).toString('hex')).toBe(hex);
  });

  test('object identifiers with long arcs', () => {
    expect(oid('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
    expect(oid('2.5.29.17').toString('hex')).toBe('0603551d11');
  });

  test('times on both sides of 2050', () => {
    expect(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1')).toBe('\x17\x0d491231235959Z');
    expect(time(Date.UTC(2050, 0, 1)).toString('latin1')).toBe('\x18\x0f20500101000000Z');
  });
});

describe('what is not canonical is refused', () => {
  test.each([
    ['nothing inside', ''],
    ['a tag alone', '30'],
    ['longer than it is', '3003020100ff'.slice(0, 8)],
    ['something after it', '300302010000'],
    ['an indefinite length', '30800201000000'],
    ['a long length for a short one', '308103020100'],
    ['three bytes of length', '3083000003020100'],
    ['two bytes where one would do', '308200803000'],
    ['a tag of more bytes', '3f8101020100'],
    ['another element', '3103020100'],
  ])('%s', (_, hex) => {
    expect(refused(() => readInside(Buffer.from(hex, 'hex'), TAG.sequence))).toBe(true);
  });

  test('no bytes make it throw anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          readAll(Buffer.from(bytes));
        } catch (thrown) {
          expect(isCode(thrown, 'corrupt')).toBe(true);
        }
      }),
    );
  });
});

function refused(reading: () => unknown): boolean {
  try {
    reading();
    return false;
  } catch (thrown) {
    return isCode(thrown, 'corrupt');
  }
}
