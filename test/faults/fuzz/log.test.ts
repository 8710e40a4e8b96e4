/** A script's output on its way: spool records, markers, service messages, events, the server's journal. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect } from '@jest/globals';

import type { AttemptEvent } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import {
  damagedRanges,
  decodeMarker,
  encodeRecords,
  goodRecordsWithin,
  scanRecords,
} from '@longshore/protocol/spool-record';
import { entryBytes, readEntries, writeEntry } from '@longshore/server/logs/journal-format';

import { encodeEvent, EventsReader } from '../../../packages/agent/src/engine/events-reader.ts';
import {
  createServiceMessages,
  type ServiceMessages,
} from '../../../packages/agent/src/host/service-messages.ts';
import { describeMarker } from '../../../packages/cli/src/follow/show.ts';
import { fuzzEach, type FuzzTarget, texts } from './target.ts';

const ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

const folder = mkdtempSync(join(tmpdir(), 'longshore-fuzz-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const journal = (() => {
  const entry = { kind: 'append' as const, attemptId: ID, offset: 10, bytes: Buffer.from('hello') };
  const target = Buffer.alloc(entryBytes(entry) * 2);
  writeEntry(target, writeEntry(target, 0, { entry, epoch: 3 }), { entry, epoch: 3 });
  return target;
})();

const event = (n: number): Buffer =>
  encodeEvent({ n, atOffset: n, timeMs: 1, kind: { $case: 'resultMessage', value: { text: `event ${n}` } } });

function messagesOf(pieces: readonly Buffer[]): { text: string; masks: string[]; events: unknown[] } {
  const seen = { text: '', masks: [] as string[], events: [] as unknown[] };
  const sink: Parameters<ServiceMessages['push']>[1] = {
    text: (bytes) => (seen.text += bytes.toString('latin1')),
    mask: (value) => void seen.masks.push(value),
    event: (told) => void seen.events.push(told),
  };
  const messages = createServiceMessages('stdout');
  for (const piece of pieces) messages.push(piece, sink);
  messages.end(sink);
  return seen;
}

/** All of them, by pages. */
function eventsIn(reader: EventsReader, known: number): AttemptEvent[] {
  const events: AttemptEvent[] = [];
  for (;;) {
    const page = reader.next(events.length, { count: 2, bytes: 1_000_000, known });
    if (page.length === 0) return events;
    events.push(...page);
  }
}

const TARGETS: FuzzTarget[] = [
  {
    name: 'spool records',
    corpus: [
      encodeRecords('stdout', 1, Buffer.from('one')),
      encodeRecords('stderr', 2, Buffer.alloc(3000, 'x')),
      Buffer.alloc(0),
    ],
    read(input) {
      const ends: number[] = [];
      const { whole, rest } = scanRecords(input, (begin, end) => {
        expect(begin).toBe(ends.at(-1) ?? 0);
        ends.push(end);
        return true;
      });
      // Whole records only, from the start on, and what is left is named.
      expect(whole).toBe(ends.at(-1) ?? 0);
      expect(rest === 'none').toBe(whole === input.length);
      expect(scanRecords(input.subarray(0, whole)).rest).toBe('none');
      expect(goodRecordsWithin(input, whole)).toBe(whole);
      return rest;
    },
  },
  {
    name: 'damaged spool records',
    corpus: [Buffer.concat([1, 2, 3].map((n) => encodeRecords('stdout', n, Buffer.alloc(n * 40, 'x'))))],
    read(input) {
      // The damaged parts and the whole records are all there is, and no part of one is taken for the other.
      let at = 0;
      for (const { from, to } of damagedRanges(input)) {
        expect(from).toBeGreaterThanOrEqual(at);
        expect(to).toBeGreaterThan(from);
        expect(scanRecords(input.subarray(at, from)).whole).toBe(from - at);
        at = to;
      }
      expect(scanRecords(input.subarray(at)).whole).toBe(input.length - at);
    },
  },
  {
    name: 'markers',
    corpus: texts('{"missing":{"from":1,"to":9}}', '{"dropped":{"stdout":1,"stderr":9}}', '   '),
    json: true,
    read(input) {
      expect(describeMarker(input.toString())).toMatch(/^(the log|output) /);
      const marker = decodeMarker(input, 7);
      const numbers = Object.values('missing' in marker ? marker.missing : marker.dropped);
      expect(numbers.slice(0, 2).every((n: unknown) => Number.isSafeInteger(n))).toBe(true);
    },
  },
  {
    name: 'journal entries',
    corpus: [journal, Buffer.alloc(64)],
    read(input) {
      const { entries, end } = readEntries(input);
      expect(end).toBeLessThanOrEqual(input.length);
      expect(entries.reduce((sum, entry) => sum + entryBytes(entry), 0)).toBe(end);
    },
  },
  {
    name: 'events files',
    corpus: [Buffer.concat([1, 2, 3].map(event)), Buffer.alloc(0)],
    cost: 4,
    read(input) {
      const file = join(folder, 'events');
      writeFileSync(file, input);
      const count = new EventsReader(file).count();
      const whole = eventsIn(new EventsReader(file), 0);
      expect(whole.map(({ n }) => n)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
      // Of those that were written each is told of, by itself or by a word that it is lost.
      const all = eventsIn(new EventsReader(file), 3);
      expect(all.map(({ n }) => n)).toEqual(Array.from({ length: Math.max(3, count) }, (_, i) => i + 1));
      expect(all.slice(0, count)).toEqual(whole);
      return String(count);
    },
  },
  {
    name: 'service messages',
    corpus: texts(
      "a ##octopus[setVariable name='Zm9v' value='YmFy' sensitive='VHJ1ZQ=='] b\n",
      "##octopus[createArtifact path='L3RtcC8uLi9h' name='YQ==' length='MQ==']\n##octopus[progress percentage='NTA=' message='aGk=']",
      '##octopus[##octopus[stderr-warning]\nplain',
    ),
    words: ['##octopus[', '##longshore[', "name='", "value='", ']', 'stdout-', 'setVariable '],
    cost: 4,
    // How the stream is cut into reads changes nothing.
    read(input) {
      const size = input.length > 5000 ? 1000 : 1;
      const cut = Array.from({ length: Math.ceil(input.length / size) }, (_, i) =>
        input.subarray(i * size, (i + 1) * size),
      );
      const whole = messagesOf([input]);
      expect(messagesOf(cut)).toEqual(whole);
      return String(whole.events.length);
    },
  },
];

fuzzEach(TARGETS);
