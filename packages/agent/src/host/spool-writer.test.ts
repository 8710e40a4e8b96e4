import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ManualClock } from '@longshore/base';
import { SegmentHasher } from '@longshore/protocol/segments';
import { decodeRecords } from '@longshore/protocol/spool-record';

import { type Reclaimed, reclaimedFile, segmentFile } from '../contract/workspace.ts';
import { Room, type RoomState } from './room.ts';
import { SpoolWriter } from './spool-writer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const MB = 1024 ** 2;

function stored(): Buffer {
  const names = readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .sort();
  return Buffer.concat(names.map((name) => readFileSync(join(folder, name))));
}

describe('the spool', () => {
  test('what is appended stands on disk, in order, under the digests that are told', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom('stdout' as const, 'stderr' as const),
            fc.integer({ min: 1, max: 300_000 }),
            fc.boolean(),
          ),
          { maxLength: 20 },
        ),
        (pieces) => {
          rmSync(folder, { recursive: true, force: true });
          folder = mkdtempSync(join(tmpdir(), 'longshore-spool-'));
          const writer = new SpoolWriter(folder);
          const expected: Record<string, Buffer[]> = { stdout: [], stderr: [], marker: [] };
          pieces.forEach(([stream, length, flush], i) => {
            const bytes = Buffer.alloc(length, i + 1);
            expected[stream]!.push(bytes);
            writer.append(stream, i, bytes);
            if (flush) expect(writer.flush()).toBe(true);
            expect(writer.written).toBeLessThanOrEqual(writer.length);
          });
          writer.flush();
          const summary = writer.finish();
          const bytes = stored();
          expect(bytes.length).toBe(summary.length);
          const hasher = new SegmentHasher();
          hasher.add(bytes);
          expect(hasher.finish()).toEqual(summary);
          const found: Record<string, Buffer[]> = { stdout: [], stderr: [], marker: [] };
          for (const { stream, payload } of decodeRecords(bytes)) found[stream]!.push(payload);
          for (const stream of ['stdout', 'stderr'])
            expect(Buffer.concat(found[stream]!).equals(Buffer.concat(expected[stream]!))).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('acknowledged segments go only above the quota, oldest first, and it is said before', () => {
    const writer = new SpoolWriter(folder);
    for (let i = 0; i < 200; i += 1) writer.append('stdout', i, Buffer.alloc(65_536));
    writer.flush();
    const first = readFileSync(segmentFile(folder, 0)).length;
    writer.reclaim(writer.length, 100 * MB);
    expect(readdirSync(folder)).toContain('000000');
    writer.reclaim(first + 1, 0);
    expect(readdirSync(folder)).not.toContain('000000');
    expect(readdirSync(folder)).toContain('000001');
    expect(JSON.parse(readFileSync(reclaimedFile(folder), 'utf8')) as Reclaimed).toMatchObject({
      segments: 1,
      bytes: first,
    });
    expect(writer.kept).toBe(writer.length - first);
    writer.close();
  });
});

describe('room', () => {
  test('waits at the quota until enough is acknowledged, and for the disk until there is space', () => {
    const clock = new ManualClock();
    const spool = new SpoolWriter(folder);
    const states: RoomState[] = [];
    let free = 1000 * MB;
    const room = new Room({
      folder,
      quotaBytes: 8 * MB,
      clock,
      spool,
      retry: () => spool.flush(),
      changed: (state) => states.push(state),
      freeBytes: () => free,
      floorBytes: 100 * MB,
    });
    const write = (bytes: number): void => {
      for (let i = 0; i < bytes; i += 65_536) spool.append('stdout', 0, Buffer.alloc(65_536));
      spool.flush();
      room.grown();
    };
    write(7 * MB);
    expect(states).toEqual([]);
    write(2 * MB);
    expect(states).toEqual(['overQuota']);
    room.acknowledged(1);
    expect(states).toEqual(['overQuota']);
    room.acknowledged(spool.length);
    expect(states).toEqual(['overQuota', 'free']);
    free = 10 * MB;
    for (let i = 0; i < 3; i += 1) {
      write(6 * MB);
      room.acknowledged(spool.length);
    }
    expect(states.at(-1)).toBe('diskFull');
    clock.advance(5000);
    expect(states.at(-1)).toBe('diskFull');
    free = 1000 * MB;
    clock.advance(1000);
    expect(states.at(-1)).toBe('free');
    room.close();
    spool.close();
  });
});
