/**
 * Closes the books of an attempt whose host went: what is whole on the disk is
 * counted and hashed, a torn tail is cut off, and `outcome.json` says
 * interrupted. Only for attempts of which nothing can run any more.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, truncate } from 'node:fs/promises';

import { isCode, isDiskFull } from '@longshore/base';
import { listDigest } from '@longshore/protocol/segments';
import { lastWholeRecord } from '@longshore/protocol/spool-record';

import { segmentFile, type OutcomeFile, type Reclaimed, type WorkspacePaths } from '../contract/workspace.ts';
import { EventsReader } from './events-reader.ts';
import { readReclaimed } from './reclaimed-file.ts';
import { writeOutcome } from '../machine/write-outcome.ts';

export type EarlyEnd = Extract<OutcomeFile['outcome'], { kind: 'interrupted' | 'refused' }>;

interface SpoolOnDisk {
  length: number;
  segmentDigests: Buffer[];
  /** What else there was can't be given: why. Empty: this is all. */
  lacks: string;
}

/**
 * Writes the outcome that the host did not, and returns it. A full disk does not hold it up: it may be told, for the
 * next start of the link finds the very same.
 *
 * @param acked what the server is known to have of the output: bytes from its beginning
 */
export async function closeBooks(
  paths: WorkspacePaths,
  of: { outcome: EarlyEnd; bestEffortCleanup: boolean; acked: number; now: number },
): Promise<OutcomeFile> {
  const { outcome, bestEffortCleanup, acked, now } = of;
  const spool = await mendSpool(paths.spool, acked);
  const detail = [outcome.detail, spool.lacks].filter((part) => part !== '').join('; ');
  const file: OutcomeFile = {
    version: 1,
    outcome: { ...outcome, detail },
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
async function mendSpool(folder: string, acked: number): Promise<SpoolOnDisk> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    if (!isDiskFull(thrown)) throw thrown;
    return { length: 0, segmentDigests: [], lacks: '' };
  }
  const before = reclaimedBefore(folder);
  // Where the segments that are left belong can't be told: what the server has is all that can be vouched for.
  if (before === undefined)
    return { length: acked, segmentDigests: [], lacks: `its output after byte ${acked} is lost: ${DAMAGED}` };
  const spool: SpoolOnDisk = {
    length: before.bytes,
    segmentDigests: before.digests.map((d) => Buffer.from(d, 'hex')),
    lacks: '',
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

const DAMAGED = 'what its agent had noted of the output that it gave up for room is damaged';

/** @returns undefined when what was noted is damaged */
function reclaimedBefore(folder: string): Reclaimed | undefined {
  try {
    return readReclaimed(folder) ?? { segments: 0, bytes: 0, digests: [] };
  } catch (thrown) {
    if (isCode(thrown, 'corrupt')) return undefined;
    throw thrown;
  }
}
