import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { prefixLines } from './prefix-lines.ts';

describe('prefixLines', () => {
  test('a line that comes in parts is prefixed once', () => {
    const add = prefixLines('w | ');
    expect(['a', 'b\nc', '\n', '\nd'].map((part) => add(Buffer.from(part)).toString()).join('')).toBe(
      'w | ab\nw | c\nw | \nw | d',
    );
  });

  test('however the bytes are split, the result is the same, and taking the prefixes away gives the bytes back', () => {
    const line = fc.uint8Array({ maxLength: 20 });
    fc.assert(
      fc.property(fc.array(line), (parts) => {
        const add = prefixLines('>');
        const split = Buffer.concat(parts.map((part) => add(part)));
        const whole = Buffer.concat(parts);
        expect(split).toEqual(prefixLines('>')(whole));
        expect(split.toString('latin1').replaceAll(/(^|(?<=\n))>/g, '')).toBe(whole.toString('latin1'));
      }),
    );
  });
});
