/** `spool/reclaimed`: which segments were given up for room; the host writes it before it unlinks them. */
import { readFileSync } from 'node:fs';

import { isErrno } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

import { reclaimedFile, type Reclaimed } from '../contract/workspace.ts';

const RECLAIMED: Shape<Reclaimed> = shape.fields({
  segments: shape.count,
  bytes: shape.count,
  digests: shape.list(shape.hex),
});

/** @returns undefined when all segments are there. @throws AppError `corrupt` */
export function readReclaimed(spool: string): Reclaimed | undefined {
  const file = reclaimedFile(spool);
  try {
    return readJson(readFileSync(file, 'utf8'), RECLAIMED, file);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
