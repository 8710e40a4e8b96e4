import { createHash } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { listDigest, SEGMENT_LIMIT_BYTES, SegmentHasher, segmentIsFull, verifySegment } from './segments.ts';
import { encodeRecords, recordsWithin, scanRecords } from './spool-record.ts';

const sha = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** Some 9 MB of records of mixed lengths. */
const spool = Buffer.concat(
  Array.from({ length: 400 }, (_, i) =>
    encodeRecords(i % 3 === 0 ? 'stderr' : 'stdout', i, Buffer.alloc(1 + ((i * 7919) % 65_536), i)),
  ),
);

/** Cut by hand, record by record. */
const segmentsByHand = (): Buffer[] => {
  const segments: Buffer[] = [];
  let start = 0;
  scanRecords(spool, (_at, end) => {
    if (segmentIsFull(end - start)) {
      segments.push(spool.subarray(start, end));
      start = end;
    }
  });
  if (start < spool.length) segments.push(spool.subarray(start));
  return segments;
};

describe('segments', () => {
  test('however the records arrive, the segments and digests are the same', () => {
    const expected = segmentsByHand();
    expect(expected.length).toBeGreaterThan(2);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3_000_000 }), { minLength: 1, maxLength: 6 }),
        (sizes) => {
          const hasher = new SegmentHasher();
          const files: Buffer[][] = [];
          for (let at = 0, i = 0; at < spool.length; i++) {
            const rest = spool.subarray(at);
            const take = recordsWithin(rest, sizes[i % sizes.length]!);
            for (const part of hasher.add(rest.subarray(0, take)))
              (files[part.index] ??= []).push(part.bytes);
            at += take;
          }
          const { length, segmentDigests, digest } = hasher.finish();
          expect(length).toBe(spool.length);
          expect(files.map((f) => Buffer.concat(f).length)).toEqual(expected.map((s) => s.length));
          expect(segmentDigests.map((d) => d.toString('hex'))).toEqual(
            expected.map((s) => sha(s).toString('hex')),
          );
          expect(digest.equals(listDigest(segmentDigests))).toBe(true);
        },
      ),
      { numRuns: 10 },
    );
  });

  test('a segment never exceeds its limit, and says at once that it is closed', () => {
    const hasher = new SegmentHasher();
    for (const part of hasher.add(spool)) {
      expect(part.bytes.length).toBeLessThanOrEqual(SEGMENT_LIMIT_BYTES);
      expect(part.digest !== null).toBe(segmentIsFull(part.at + part.bytes.length));
    }
  });

  test('no output: no segments, the digest of nothing', () => {
    expect(new SegmentHasher().finish()).toEqual({
      length: 0,
      segmentDigests: [],
      digest: sha(Buffer.alloc(0)),
    });
  });

  test('taken up again at the start of a segment', () => {
    const [first, second] = segmentsByHand();
    const hasher = new SegmentHasher({ length: first!.length, segmentDigests: [sha(first!)] });
    hasher.add(second!);
    expect(hasher.finish().digest.equals(listDigest([sha(first!), sha(second!)]))).toBe(true);
  });

  test('a digest that differs is corrupt', () => {
    verifySegment(Buffer.from('a'), sha(Buffer.from('a')), 'segment 0');
    expect(() => verifySegment(Buffer.from('b'), sha(Buffer.from('a')), 'segment 0 of x')).toThrow(
      'segment 0 of x',
    );
  });
});
