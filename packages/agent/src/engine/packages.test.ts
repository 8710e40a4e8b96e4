import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AgentFrame, PackageChunk } from '@longshore/protocol/gen/longshore/link/v1/link';

import { Packages } from './packages.ts';

const BYTES = Buffer.from(Array.from({ length: 1000 }, (_, n) => n % 251));
const DIGEST = createHash('sha256').update(BYTES).digest();
const PIECE = 300;

let dataDir: string;
let packages: Packages;
let wanted: number[];
let came: string[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'longshore-packages-'));
  packages = new Packages(dataDir);
  wanted = [];
  came = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const session = {
  send: ({ kind }: AgentFrame): void => {
    if (kind?.$case === 'packageWanted') wanted.push(kind.value.offset);
  },
};

function fetch(attemptId = 'a'): void {
  packages.fetch(session, {
    ...{ attemptId, digest: DIGEST, length: BYTES.length },
    here: (file) => came.push(readFileSync(file).equals(BYTES) ? 'whole' : 'other bytes'),
    failed: (why) => came.push(why),
  });
}

function give(offset: number, change: Partial<PackageChunk> = {}): void {
  const content = BYTES.subarray(offset, offset + PIECE);
  packages.take({ digest: DIGEST, offset, content, error: '', ...change });
}

test('piece by piece, one at a time, until it is whole', () => {
  fetch();
  for (let offset = 0; offset < BYTES.length; offset += PIECE) {
    expect(wanted.at(-1)).toBe(offset);
    expect(came).toEqual([]);
    give(offset);
  }
  expect(came).toEqual(['whole']);
  expect(wanted).toEqual([0, 300, 600, 900]);
});

test('a fetch that was cut goes on where it stood, also after a restart', () => {
  fetch();
  give(0);
  packages = new Packages(dataDir);
  fetch();
  expect(wanted.at(-1)).toBe(300);
  for (const offset of [300, 600, 900]) give(offset);
  expect(came).toEqual(['whole']);
  // It is here: nothing is asked for again.
  wanted = [];
  fetch();
  expect([came.at(-1), wanted]).toEqual(['whole', []]);
});

test('what came twice, or is another’s, is left out', () => {
  fetch();
  give(0);
  give(0);
  give(300, { digest: Buffer.alloc(32) });
  give(600);
  expect(wanted).toEqual([0, 300]);
  for (const offset of [300, 600, 900]) give(offset);
  expect(came).toEqual(['whole']);
});

test('other bytes than its digest says are thrown away', () => {
  fetch();
  give(0, { content: Buffer.alloc(PIECE) });
  for (const offset of [300, 600, 900]) give(offset);
  expect(came).toEqual([expect.stringContaining('has SHA-256')]);
  expect(readdirSync(join(dataDir, 'packages'))).toEqual([]);
});

test.each<[string, Partial<PackageChunk>]>([
  ['the server has it no more', { error: 'no such agent package' }],
  ['an empty piece', { content: Buffer.alloc(0) }],
  ['too large a piece', { content: Buffer.alloc(1024 * 1024) }],
])('%s: it fails, once', (_, change) => {
  fetch();
  give(0, change);
  give(0);
  expect(came).toEqual([expect.stringContaining('could not be fetched')]);
});

test('a cancelled attempt’s fetch is forgotten', () => {
  fetch('a');
  packages.forget('another');
  give(0);
  packages.forget('a');
  give(300);
  expect([wanted, came]).toEqual([[0, 300], []]);
});

test.each([
  ['an empty digest, which would name the folder', Buffer.alloc(0), 4_096],
  ['a digest that is none', Buffer.alloc(1_000), 10],
  ['a package that would fill the disk', DIGEST, 2 ** 50],
  ['a package without a byte', DIGEST, 0],
])('what can be no package is not asked for: %s', (_what, digest, length) => {
  packages.fetch(session, {
    ...{ attemptId: 'a', digest, length },
    here: () => came.push('here'),
    failed: () => came.push('refused'),
  });
  expect(came).toEqual(['refused']);
  expect(wanted).toEqual([]);
});

test('parts of fetches that were given up do not pile up', () => {
  for (let n = 0; n < 5; n += 1) {
    const digest = Buffer.alloc(32, n);
    packages.fetch(session, {
      ...{ attemptId: `a${n}`, digest, length: 1_000 },
      here: () => undefined,
      failed: () => undefined,
    });
    packages.take({ digest, offset: 0, content: Buffer.alloc(10), error: '' });
  }
  expect(readdirSync(join(dataDir, 'packages'))).toEqual([`${'04'.repeat(32)}.part`]);
});
