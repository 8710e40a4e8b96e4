import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  damagedRanges,
  decodeMarker,
  decodeRecords,
  encodedBytes,
  encodeMarker,
  encodeMissing,
  encodeRecords,
  goodRecordsWithin,
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
    for (const none of ['null', '{}', '{"missing":null}', '{"missing":{"from":-1,"to":1}}', '{"dropped":{}}'])
      expect(() => decodeMarker(Buffer.from(none))).toThrow('a marker of a spool is not right');
    expect(() => decodeMarker(Buffer.from('{'))).toThrow('a marker of a spool is not JSON');
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

describe('damage', () => {
  const parts = ['one\n', 'x'.repeat(70_000), 'three\n', 'y', 'five '.repeat(100)].map((text, i) =>
    encodeRecords(i % 2 === 0 ? 'stdout' : 'stderr', i, Buffer.from(text)),
  );
  const whole = Buffer.concat(parts);
  const bounds = (at: number): { from: number; to: number } => {
    let found = { from: 0, to: 0 };
    scanRecords(whole, (from, to) => {
      if (from <= at && at < to) found = { from, to };
    });
    return found;
  };

  test('there is none', () => {
    expect(damagedRanges(whole)).toEqual([]);
    expect(damagedRanges(Buffer.alloc(0))).toEqual([]);
    expect(goodRecordsWithin(whole, whole.length)).toBe(whole.length);
  });

  test('any one changed byte, also of a length, is one record', () => {
    for (let at = 0; at < whole.length; at += at % 65_560 < 40 ? 1 : 997) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x41, at);
      expect({ at, found: damagedRanges(damaged) }).toEqual({ at, found: [bounds(at)] });
      expect(goodRecordsWithin(damaged, damaged.length)).toBe(bounds(at).from);
    }
  });

  test('a run of zeros is the records that it touches', () => {
    const damaged = Buffer.from(whole);
    const [from, to] = [10, parts[0]!.length + 100];
    damaged.fill(0, from, to);
    expect(damagedRanges(damaged)).toEqual([{ from: 0, to: bounds(to).to }]);
  });

  test('a stump goes with the record before it', () => {
    expect(damagedRanges(Buffer.concat([whole, Buffer.from('stump')]))).toEqual([
      { from: bounds(whole.length - 1).from, to: whole.length + 5 },
    ]);
  });

  test('a marker of any length stands for exactly its bytes', () => {
    for (const bytes of [25, 26, 60, 80, 200]) {
      const target = Buffer.alloc(bytes + 2);
      encodeMissing(target, 1, { time: 1, from: 1000, bytes });
      const [record] = decodeRecords(target.subarray(1, bytes + 1));
      expect(decodeMarker(record!.payload, 1000)).toEqual({ missing: { from: 1000, to: 1000 + bytes } });
    }
  });
});
