import { StreamDecoder } from '@grpc/grpc-js/build/src/stream-decoder.js';
import { expect, test } from '@jest/globals';

import './fragments.ts';

const inside = (decoder: StreamDecoder): Buffer[] =>
  (decoder as unknown as { readPartialMessage: Buffer[] }).readPartialMessage;

function message(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length, Buffer.from('longshore'));
  bytes[0] = 0;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

test.each([1, 3, 700, 16_384])(
  'a message by fragments of %i bytes comes whole, and costs little more than it has',
  (size) => {
    const whole = message(1_000_000);
    const decoder = new StreamDecoder(-1);
    let held = 0;
    const got: Buffer[] = [];
    for (let at = 0; at < whole.length; at += size) {
      got.push(...decoder.write(whole.subarray(at, at + size)));
      held = Math.max(held, inside(decoder).length);
    }
    expect(got).toHaveLength(1);
    expect(got[0]?.equals(whole)).toBe(true);
    expect(held).toBeLessThan(1_000_000 / 8_192 + 20);
  },
);

test('fragments of an honest size are not copied', () => {
  const decoder = new StreamDecoder(-1);
  const whole = message(100_000);
  const first = whole.subarray(0, 16_384);
  decoder.write(first);
  decoder.write(whole.subarray(16_384, 32_768));
  expect(inside(decoder)[0]?.buffer).toBe(first.buffer);
  expect(inside(decoder)).toHaveLength(2);
});
