import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SegmentHasher } from '@longshore/protocol/segments';
import { encodeRecords, RECORD_LIMIT_BYTES } from '@longshore/protocol/spool-record';

import { reclaimedFile, segmentFile, workspaceAt } from '../contract/workspace.ts';
import { closeBooks } from './interrupted.ts';
import { SpoolReader } from './spool-reader.ts';

const LIMIT = 256 * 1024;

describe('reading a spool', () => {
  let folder: string;
  let spool: Buffer;
  let ends: number[];

  /** Ten megabytes: two full segments and the beginning of a third. */
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spool-'));
    spool = Buffer.concat(
      Array.from({ length: 300 }, (_, i) =>
        encodeRecords('stdout', i, Buffer.alloc(1 + ((i * 7919) % 65_000), i)),
      ),
    );
    const hasher = new SegmentHasher();
    ends = [];
    let at = 0;
    for (const { index, bytes, digest } of hasher.add(spool)) {
      appendFileSync(segmentFile(folder, index), bytes);
      at += bytes.length;
      if (digest !== null) ends.push(at);
    }
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const readAll = (from: number): { bytes: Buffer; missing: [number, number][]; digests: number[] } => {
    const reader = new SpoolReader(folder);
    const parts: Buffer[] = [];
    const missing: [number, number][] = [];
    const digests: number[] = [];
    for (let at = from; at < spool.length;) {
      const chunk = reader.read(at, { length: spool.length, limit: LIMIT });
      if (chunk.kind === 'missing') {
        missing.push([at, at + chunk.bytes]);
        at += chunk.bytes;
        continue;
      }
      expect(chunk.records.length).toBeLessThanOrEqual(LIMIT);
      parts.push(chunk.records);
      at += chunk.records.length;
      if (chunk.segmentDigest === null) continue;
      digests.push(at);
      const start = ends[ends.indexOf(at) - 1] ?? 0;
      expect(chunk.segmentDigest).toEqual(createHash('sha256').update(spool.subarray(start, at)).digest());
    }
    reader.close();
    return { bytes: Buffer.concat(parts), missing, digests };
  };

  test('whole, with a digest exactly where a segment ends', () => {
    expect(ends.length).toBe(2);
    const { bytes, missing, digests } = readAll(0);
    expect(bytes.equals(spool)).toBe(true);
    expect([missing, digests]).toEqual([[], ends]);
  });

  test('taken up in the middle of a segment, the digest is that of the whole segment', () => {
    const from = encodeRecords('stdout', 0, Buffer.alloc(1)).length;
    const { bytes, digests } = readAll(from);
    expect(bytes.equals(spool.subarray(from))).toBe(true);
    expect(digests).toEqual(ends);
  });

  test('a limit below one record still gives one', () => {
    const chunk = new SpoolReader(folder).read(0, { length: spool.length, limit: 1 });
    expect(chunk).toMatchObject({ kind: 'records', records: encodeRecords('stdout', 0, Buffer.alloc(1)) });
    expect(RECORD_LIMIT_BYTES).toBeGreaterThan(1);
  });

  test('what was reclaimed is missing exactly, and the rest is there', () => {
    writeFileSync(reclaimedFile(folder), JSON.stringify({ segments: 1, bytes: ends[0], digests: ['00'] }));
    rmSync(segmentFile(folder, 0));
    const { bytes, missing } = readAll(0);
    expect(missing).toEqual([[0, ends[0]]]);
    expect(bytes.equals(spool.subarray(ends[0]))).toBe(true);
  });

  test('a tail that is gone is missing to the length that was promised', () => {
    const { root } = workspaceAt(folder);
    truncateSync(segmentFile(folder, 2), 10);
    const { bytes, missing } = readAll(0);
    expect(missing).toEqual([[ends[1], spool.length]]);
    expect([bytes.length, root]).toEqual([ends[1], folder]);
  });

  test('the books of an attempt without a host: a torn tail is cut, the rest is hashed', async () => {
    const root = mkdtempSync(join(tmpdir(), 'books-'));
    const paths = workspaceAt(root);
    mkdirSync(paths.spool);
    const whole = encodeRecords('stdout', 1, Buffer.from('whole'));
    writeFileSync(
      segmentFile(paths.spool, 0),
      Buffer.concat([whole, encodeRecords('stdout', 1, Buffer.from('torn')).subarray(0, 20)]),
    );
    const books = await closeBooks(paths, {
      outcome: { kind: 'interrupted', detail: 'x' },
      bestEffortCleanup: false,
      acked: 0,
      now: 7,
    });
    const digest = createHash('sha256').update(whole).digest();
    expect(books).toMatchObject({
      outcome: { kind: 'interrupted' },
      endedAtMs: 7,
      outputLength: whole.length,
      eventCount: 0,
      segmentDigests: [digest.toString('hex')],
      digest: createHash('sha256').update(digest).digest('hex'),
    });
    rmSync(root, { recursive: true });
  });

  test('the books of one whose note of what was given up is damaged: it ends, with what the server has', async () => {
    const root = mkdtempSync(join(tmpdir(), 'books-'));
    const paths = workspaceAt(root);
    mkdirSync(paths.spool);
    writeFileSync(segmentFile(paths.spool, 3), encodeRecords('stdout', 1, Buffer.from('left')));
    writeFileSync(reclaimedFile(paths.spool), '{"segments":3,"by');
    const books = await closeBooks(paths, {
      ...{ outcome: { kind: 'interrupted', detail: 'its host is gone' } as const, bestEffortCleanup: false },
      ...{ acked: 100, now: 7 },
    });
    expect(books).toMatchObject({ outputLength: 100, segmentDigests: [] });
    expect(books.outcome).toMatchObject({
      kind: 'interrupted',
      detail: expect.stringMatching(/^its host is gone; its output after byte 100 is lost: .* damaged$/),
    });
    rmSync(root, { recursive: true });
  });
});
