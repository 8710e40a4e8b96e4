/**
 * Closes the books of an attempt whose host went: what is whole on the disk is
 * counted and hashed, a torn tail is cut off, and `outcome.json` says
 * interrupted. Only for attempts of which nothing can run any more.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, truncate } from 'node:fs/promises';

import { isDiskFull } from '@longshore/base';
import { listDigest } from '@longshore/protocol/segments';
import { lastWholeRecord } from '@longshore/protocol/spool-record';

import { segmentFile, type OutcomeFile, type WorkspacePaths } from '../contract/workspace.ts';
import { EventsReader } from './events-reader.ts';
import { readReclaimed } from './reclaimed-file.ts';
import { writeOutcome } from '../machine/write-outcome.ts';

export type EarlyEnd = Extract<OutcomeFile['outcome'], { kind: 'interrupted' | 'refused' }>;

export interface SpoolOnDisk {
  length: number;
  segmentDigests: Buffer[];
}

/**
 * Writes the outcome that the host did not, and returns it. A full disk does not hold it up: it may be told, for the
 * next start of the link finds the very same.
 */
export async function closeBooks(
  paths: WorkspacePaths,
  { outcome, bestEffortCleanup, now }: { outcome: EarlyEnd; bestEffortCleanup: boolean; now: number },
): Promise<OutcomeFile> {
  const spool = await mendSpool(paths.spool);
  const file: OutcomeFile = {
    version: 1,
    outcome,
    message: '',
    bestEffortCleanup,
    startedAtMs: 0,
    endedAtMs: now,
    outputLength: spool.length,
    eventCount: new EventsReader(paths.events).count(),
    artifactCount: 0,
    segmentDigests: spool.segmentDigests.map((digest) => digest.toString('hex')),
    digest: listDigest(spool.segmentDigests).toString('hex'),
  };
  try {
    writeOutcome(paths, file);
  } catch (thrown) {
    if (!isDiskFull(thrown)) throw thrown;
  }
  return file;
}

/** Cuts what a crash left torn at the end, and measures the rest. Segment by segment: memory stays at 4 MiB. */
export async function mendSpool(folder: string): Promise<SpoolOnDisk> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    if (!isDiskFull(thrown)) throw thrown;
    return { length: 0, segmentDigests: [] };
  }
  const before = readReclaimed(folder) ?? { segments: 0, bytes: 0, digests: [] };
  const spool: SpoolOnDisk = {
    length: before.bytes,
    segmentDigests: before.digests.map((d) => Buffer.from(d, 'hex')),
  };
  const indexes = (await readdir(folder)).filter((name) => /^\d{6,}$/.test(name)).map(Number);
  for (const index of indexes.filter((i) => i >= before.segments).sort((a, b) => a - b)) {
    const bytes = await readFile(segmentFile(folder, index));
    const whole = lastWholeRecord(bytes);
    if (whole < bytes.length) await truncate(segmentFile(folder, index), whole);
    if (whole === 0) break;
    spool.length += whole;
    spool.segmentDigests.push(createHash('sha256').update(bytes.subarray(0, whole)).digest());
    // Nothing after a torn record was ever part of the stream.
    if (whole < bytes.length) break;
  }
  return spool;
}
