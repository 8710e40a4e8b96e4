import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AttemptEvent } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { encodeEvent, EventsReader } from './events-reader.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-events-'));
  file = join(folder, 'events');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const record = (n: number): Buffer =>
  encodeEvent({ n, atOffset: n, timeMs: 1, kind: { $case: 'resultMessage', value: { text: `event ${n}` } } });

const told = (events: readonly AttemptEvent[]): [number, string][] =>
  events.map(({ n, kind }) => [
    n,
    kind?.$case === 'resultMessage' || kind?.$case === 'note' ? kind.value.text : '?',
  ]);

const ALL = { count: 100, bytes: 1_000_000 };

test('a torn last record is left until it is whole', () => {
  const reader = new EventsReader(file);
  writeFileSync(file, Buffer.concat([record(1), record(2).subarray(0, 12)]));
  expect(told(reader.next(0, ALL))).toEqual([[1, 'event 1']]);
  appendFileSync(file, record(2).subarray(12));
  expect(told(reader.next(1, ALL))).toEqual([[2, 'event 2']]);
  expect(reader.count()).toBe(2);
});

test('a damaged event that was whole once is a warning in its place, and those after it go on', () => {
  const bytes = Buffer.concat([record(1), record(2), record(3)]);
  const at = record(1).length + 12;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  expect(told(new EventsReader(file).next(0, { ...ALL, known: 3 }))).toEqual([
    [1, 'event 1'],
    [2, expect.stringContaining('Event 2 of the script was damaged')],
    [3, 'event 3'],
  ]);
  // Nobody vouches for it: what a crash left torn is not counted.
  expect(new EventsReader(file).count()).toBe(1);
});

test('a damaged length takes no memory, and every event is told of once', () => {
  const bytes = Buffer.concat([record(1), record(2), record(3)]);
  bytes.writeUInt32BE(0xffff_ffff, record(1).length);
  writeFileSync(file, bytes);
  const before = process.memoryUsage().arrayBuffers;
  const reader = new EventsReader(file);
  const events = reader.next(0, { ...ALL, known: 3 });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  expect(events.map(({ n }) => n)).toEqual([1, 2, 3]);
  expect(reader.next(3, { ...ALL, known: 3 })).toEqual([]);
});

test('a file that is gone is told of too, once its events were counted', () => {
  expect(new EventsReader(file).next(0, ALL)).toEqual([]);
  expect(new EventsReader(file).next(0, { ...ALL, known: 2 }).map(({ n }) => n)).toEqual([1, 2]);
});
