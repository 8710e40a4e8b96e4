/** `outcome.json` as the wire's Outcome: the host wrote it, or the link for an attempt that was interrupted (`machine/write-outcome.ts`). */
import { readFileSync } from 'node:fs';

import { isErrno } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';
import type { Outcome } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import type { OutcomeFile } from '../contract/workspace.ts';

const OUTCOME: Shape<OutcomeFile> = shape.fields({
  version: shape.only(1),
  outcome: shape.oneOf('kind', {
    exited: shape.fields({ code: shape.whole }),
    signalled: shape.fields({ name: shape.text }),
    cancelled: shape.fields({}),
    timedOut: shape.fields({}),
    refused: shape.fields({ reason: shape.small, detail: shape.text }),
    interrupted: shape.fields({ detail: shape.text }),
  }),
  message: shape.text,
  bestEffortCleanup: shape.flag,
  startedAtMs: shape.count,
  endedAtMs: shape.count,
  outputLength: shape.count,
  eventCount: shape.small,
  artifactCount: shape.small,
  segmentDigests: shape.list(shape.hex),
  digest: shape.hex,
});

/** @returns undefined when the attempt has not ended. @throws AppError `corrupt` */
export function readOutcome(file: string): Outcome | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  return toWire(readJson(text, OUTCOME, file));
}

export function toWire(file: OutcomeFile): Outcome {
  return {
    kind: kindOf(file.outcome),
    message: file.message,
    bestEffortCleanup: file.bestEffortCleanup,
    startedAtMs: file.startedAtMs,
    endedAtMs: file.endedAtMs,
    outputLength: file.outputLength,
    eventCount: file.eventCount,
    artifactCount: file.artifactCount,
    segmentDigests: file.segmentDigests.map((digest) => Buffer.from(digest, 'hex')),
    digest: Buffer.from(file.digest, 'hex'),
  };
}

function kindOf(outcome: OutcomeFile['outcome']): Outcome['kind'] {
  switch (outcome.kind) {
    case 'exited':
      return { $case: 'exited', value: { code: outcome.code } };
    case 'signalled':
      return { $case: 'signalled', value: { name: outcome.name } };
    case 'cancelled':
      return { $case: 'cancelled', value: {} };
    case 'timedOut':
      return { $case: 'timedOut', value: {} };
    case 'refused':
      // The file may be an older program's: what it says is passed on as it stands.
      return { $case: 'refused', value: { reason: outcome.reason, detail: outcome.detail } };
    case 'interrupted':
      return { $case: 'interrupted', value: { detail: outcome.detail } };
  }
}
