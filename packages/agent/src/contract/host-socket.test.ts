import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ScriptSpec } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { encodeToHost, HOST_FRAME_LIMIT_BYTES, toHostReader } from './host-socket.ts';

describe('frames of the host’s socket', () => {
  test('come out whole and in order, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.uint8Array({ maxLength: 2000 })), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 }),
        (starts, cuts) => {
          const bytes = Buffer.concat(
            starts.map(([attemptId, body]) =>
              encodeToHost({
                $case: 'start',
                value: {
                  attemptId,
                  workspace: '/w',
                  spec: ScriptSpec.fromPartial({ body: Buffer.from(body) }),
                },
              }),
            ),
          );
          const reader = toHostReader();
          const seen: [string, Uint8Array][] = [];
          for (let at = 0, i = 0; at < bytes.length; i += 1) {
            const size = cuts[i % cuts.length]!;
            for (const frame of reader.push(bytes.subarray(at, at + size))) {
              if (frame.$case === 'start')
                seen.push([frame.value.attemptId, new Uint8Array(frame.value.spec!.body)]);
            }
            at += size;
          }
          expect(seen).toEqual(starts.map(([id, body]) => [id, new Uint8Array(body)]));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a big frame costs about what it has bytes, however it is cut', () => {
    const start = {
      attemptId: 'a',
      workspace: '/w',
      spec: ScriptSpec.fromPartial({ body: Buffer.alloc(2 ** 25) }),
    };
    const bytes = encodeToHost({ $case: 'start', value: start });
    const reader = toHostReader();
    const began = process.cpuUsage();
    let frames = 0;
    for (let at = 0; at < bytes.length; at += 16_384)
      frames += reader.push(bytes.subarray(at, at + 16_384)).length;
    expect(frames).toBe(1);
    // Joined at each read it would be 32 GB.
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(1000);
  });

  test('a length that can’t be is refused at once', () => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(HOST_FRAME_LIMIT_BYTES + 1);
    expect(() => toHostReader().push(length)).toThrow(expect.objectContaining({ code: 'corrupt' }));
  });
});
