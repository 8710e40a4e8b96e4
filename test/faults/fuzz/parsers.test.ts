/**
 * Every parser of what comes from outside, near to right inputs. YAML is not
 * among them: no program of Longshore reads any yet.
 */
import { expect, test } from '@jest/globals';

import { parseAddress, formatAddress } from '@longshore/protocol/address';
import { createKey, createRequest, requestKey } from '@longshore/protocol/certificates';
import { LinkRequest, LinkResponse } from '@longshore/protocol/gen/longshore/link/v1/link';
import { encodePairing, parsePairing } from '@longshore/protocol/pairing';
import { encodeRecords, scanRecords } from '@longshore/protocol/spool-record';
import { encodeToken, parseToken } from '@longshore/protocol/token';
import { encodeCursor, parseCursor } from '@longshore/server/api/cursor';
import { readEntries, writeEntry, entryBytes } from '@longshore/server/logs/journal-format';

import {
  createServiceMessages,
  type ServiceMessages,
} from '../../../packages/agent/src/host/service-messages.ts';
import { fuzz, type FuzzTarget } from './target.ts';

const ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const text = (...lines: string[]): Buffer[] => lines.map((line) => Buffer.from(line));

/** protobuf's reader tells of malformed bytes with plain errors; gRPC turns each into the end of the stream. */
const malformed = (error: Error): boolean =>
  error.stack?.includes('@bufbuild/protobuf') === true || error.message.includes('SAFE_INTEGER');

const frames = LinkRequest.encode({
  frames: [
    { kind: { $case: 'ping', value: { n: 7 } } },
    {
      kind: {
        $case: 'output',
        value: {
          attemptId: ID,
          offset: 5,
          records: Buffer.from('abc'),
          segmentDigest: Buffer.alloc(0),
          missingBytes: 0,
        },
      },
    },
    { kind: { $case: 'phaseChanged', value: { attemptId: '../../etc', phase: 3 } } },
  ],
}).finish();

const journal = (() => {
  const entry = { kind: 'append' as const, attemptId: ID, offset: 10, bytes: Buffer.from('hello') };
  const target = Buffer.alloc(entryBytes(entry) * 2);
  writeEntry(target, writeEntry(target, 0, { entry, epoch: 3 }), { entry, epoch: 3 });
  return target;
})();

const token = {
  id: ID,
  secret: Buffer.alloc(32, 1),
  authorityFingerprint: 'ab'.repeat(32),
  server: 'a.example:10943',
};
const pairing = { address: '[::1]:10933', keyFingerprint: 'cd'.repeat(32), secret: Buffer.alloc(32, 2) };

function messagesOf(pieces: readonly Buffer[]): { text: string; masks: string[]; events: unknown[] } {
  const seen = { text: '', masks: [] as string[], events: [] as unknown[] };
  const sink: Parameters<ServiceMessages['push']>[1] = {
    text: (bytes) => (seen.text += bytes.toString('latin1')),
    mask: (value) => void seen.masks.push(value),
    event: (event) => void seen.events.push(event),
  };
  const messages = createServiceMessages('stdout');
  for (const piece of pieces) messages.push(piece, sink);
  messages.end(sink);
  return seen;
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
      const { whole, rest } = scanRecords(input, (start, end) => {
        expect(start).toBe(ends.at(-1) ?? 0);
        ends.push(end);
        return true;
      });
      // Whole records only, from the start on, and what is left is named.
      expect(whole).toBe(ends.at(-1) ?? 0);
      expect(rest === 'none').toBe(whole === input.length);
      expect(scanRecords(input.subarray(0, whole)).rest).toBe('none');
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
    name: 'frames of agents',
    corpus: [Buffer.from(frames)],
    read(input) {
      const once = LinkRequest.encode(LinkRequest.decode(input)).finish();
      expect(Buffer.from(LinkRequest.encode(LinkRequest.decode(once)).finish())).toEqual(Buffer.from(once));
    },
    mayThrow: malformed,
  },
  {
    name: 'frames of servers',
    corpus: [
      Buffer.from(
        LinkResponse.encode({
          frames: [
            { kind: { $case: 'ack', value: { attemptId: ID, offset: 2 ** 40, event: 3 } } },
            { kind: { $case: 'goodbye', value: { reason: 5, detail: 'no' } } },
          ],
        }).finish(),
      ),
    ],
    read(input) {
      const once = LinkResponse.encode(LinkResponse.decode(input)).finish();
      expect(Buffer.from(LinkResponse.encode(LinkResponse.decode(once)).finish())).toEqual(Buffer.from(once));
    },
    mayThrow: malformed,
  },
  {
    name: 'tokens',
    corpus: text(encodeToken(token), 'lst_', 'lst_AAAA'),
    // What is taken is written again as one that reads the same.
    read: (input) =>
      expect(parseToken(encodeToken(parseToken(input.toString())))).toEqual(parseToken(input.toString())),
  },
  {
    name: 'pairing strings',
    corpus: text(encodePairing(pairing), 'lsp_'),
    read: (input) =>
      expect(parsePairing(encodePairing(parsePairing(input.toString())))).toEqual(
        parsePairing(input.toString()),
      ),
  },
  {
    name: 'addresses',
    corpus: text('localhost:80', '[::1]:10943', '10.0.0.1', 'a.example:65535'),
    read(input) {
      const parsed = parseAddress(input.toString(), 'address', 1);
      expect(parsed.port).toBeLessThanOrEqual(65_535);
      expect(parseAddress(formatAddress(parsed), 'address')).toEqual(parsed);
    },
  },
  {
    name: 'cursors',
    corpus: text('1.0', `1.12~${ID}.400.3`, `1.12~${ID}.400.3~${ID}.1.1`),
    read(input) {
      const place = parseCursor(input.toString());
      for (const { offset, event } of place.attempts.values())
        expect(Number.isSafeInteger(offset) && Number.isSafeInteger(event)).toBe(true);
      expect(parseCursor(encodeCursor(place)).log).toBe(place.log);
    },
  },
  {
    name: 'service messages',
    corpus: text(
      "a ##octopus[setVariable name='Zm9v' value='YmFy' sensitive='VHJ1ZQ=='] b\n",
      "##octopus[createArtifact path='L3RtcC8uLi9h' name='YQ==' length='MQ==']\n##octopus[progress percentage='NTA=' message='aGk=']",
      '##octopus[##octopus[stderr-warning]\nplain',
    ),
    // How the stream is cut into reads changes nothing.
    read: (input) =>
      expect(messagesOf([...input].map((byte) => Buffer.of(byte)))).toEqual(messagesOf([input])),
  },
  {
    name: 'certificate requests',
    corpus: [createRequest(createKey())],
    // Taken only if it is signed by the key that it names: a change that is taken changed nothing that counts.
    read: (input) => expect(requestKey(input).type).toBe('public'),
  },
];

test.each(TARGETS.map((target) => [target.name, target] as const))(
  '%s',
  (_name, target) => {
    const { taken, refused } = fuzz(target);
    expect(taken).toBeGreaterThan(0);
    expect(taken + refused).toBeGreaterThan(100);
  },
  120_000,
);
