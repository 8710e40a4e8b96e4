import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  decodeMarker,
  decodeRecords,
  encodedBytes,
  encodeMarker,
  encodeRecords,
  lastWholeRecord,
  RECORD_HEADER_BYTES,
  RECORD_LIMIT_BYTES,
  RECORD_PAYLOAD_LIMIT_BYTES,
  recordsWithin,
  scanRecords,
  type RecordStream,
} from './spool-record.ts';

const streams = fc.constantFrom<RecordStream>('stdout', 'stderr', 'marker');
const parts = fc.array(
  fc.record({ stream: streams, time: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  { maxLength: 12 },
);

describe('spool records', () => {
  test('the layout is the one written down', () => {
    const record = encodeRecords('stderr', 1_700_000_000_000.5, Buffer.from('abc'));
    expect(record.length).toBe(27);
    expect(record.readUInt32BE(0)).toBe(3);
    expect([...record.subarray(8, 12)]).toEqual([2, 1, 0, 0]);
    expect(record.readDoubleBE(12)).toBe(1_700_000_000_000.5);
    expect(record.readUInt32BE(20)).toBe(0);
    expect(record.subarray(24).toString()).toBe('abc');
  });

  test('what was encoded is decoded', () => {
    fc.assert(
      fc.property(parts, (list) => {
        const decoded = decodeRecords(
          Buffer.concat(list.map((p) => encodeRecords(p.stream, p.time, p.bytes))),
        );
        expect(decoded.map((r) => [r.stream, r.time, [...r.payload]])).toEqual(
          list.map((p) => [p.stream, p.time, [...p.bytes]]),
        );
      }),
    );
  });

  test('long bytes become several records', () => {
    const bytes = Buffer.alloc(RECORD_PAYLOAD_LIMIT_BYTES * 2 + 5, 7);
    const encoded = encodeRecords('stdout', 1, bytes);
    expect(encoded.length).toBe(encodedBytes(bytes.length));
    const records = decodeRecords(encoded);
    expect(records.map((r) => r.payload.length)).toEqual([
      RECORD_PAYLOAD_LIMIT_BYTES,
      RECORD_PAYLOAD_LIMIT_BYTES,
      5,
    ]);
    expect(Buffer.concat(records.map((r) => r.payload)).equals(bytes)).toBe(true);
  });

  test('wherever a write is torn, the last whole record is found', () => {
    fc.assert(
      fc.property(parts, fc.nat(), (list, cut) => {
        const encoded = list.map((p) => encodeRecords(p.stream, p.time, p.bytes));
        const all = Buffer.concat(encoded);
        const at = all.length === 0 ? 0 : cut % (all.length + 1);
        let whole = 0;
        for (const record of encoded)
          if (whole + record.length <= at) whole += record.length;
          else break;
        expect(lastWholeRecord(all.subarray(0, at))).toBe(whole);
        expect(scanRecords(all.subarray(0, at)).rest).toBe(whole === at ? 'none' : 'torn');
      }),
    );
  });

  test('any changed byte is noticed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, flip) => {
          const record = encodeRecords('stdout', 5, bytes);
          const position = at % record.length;
          record[position] = record[position]! ^ flip;
          expect(lastWholeRecord(record)).toBe(0);
        },
      ),
    );
  });

  test('recordsWithin ends at a boundary, and gives at least one record', () => {
    const all = Buffer.concat([
      encodeRecords('stdout', 1, Buffer.alloc(10)),
      encodeRecords('stdout', 1, Buffer.alloc(20)),
    ]);
    const first = RECORD_HEADER_BYTES + 10;
    expect(recordsWithin(all, all.length)).toBe(all.length);
    expect(recordsWithin(all, all.length - 1)).toBe(first);
    expect(recordsWithin(all, 1)).toBe(first);
    expect(recordsWithin(all.subarray(0, 12), 100)).toBe(0);
  });

  test('a marker says what is missing', () => {
    const [record] = decodeRecords(encodeMarker(9, { missing: { from: 10, to: 90 } }));
    expect(record?.stream).toBe('marker');
    expect(decodeMarker(record!.payload)).toEqual({ missing: { from: 10, to: 90 } });
    expect(() => decodeMarker(Buffer.from('{'))).toThrow('reading a marker');
  });

  test('a scan of 100 MB takes well under 0.2 s', () => {
    const encoded = encodeRecords('stdout', 1, Buffer.alloc(100_000_000, 65));
    const fastest = Math.min(
      ...[1, 2, 3].map(() => {
        const before = performance.now();
        expect(scanRecords(encoded)).toEqual({ whole: encoded.length, rest: 'none' });
        return performance.now() - before;
      }),
    );
    expect(fastest).toBeLessThan(200);
    expect(RECORD_LIMIT_BYTES).toBe(65_560);
  });
});
