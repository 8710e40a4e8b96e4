/** Answers for output that a server wants once more, from the spool as it stands: nothing of the feed's own reading changes. */
import type { AgentFrame, OutputWanted } from '@longshore/protocol/gen/longshore/link/v1/link';

import { OUTPUT_CHUNK_BYTES } from '../limits.ts';
import type { LocalAttempt } from './local-attempt.ts';
import { SpoolReader } from './spool-reader.ts';

const NOTHING = Buffer.alloc(0);

/** @param attempt undefined when this agent does not have it (any more) */
export function outputAgain(attempt: LocalAttempt | undefined, wanted: OutputWanted): AgentFrame {
  const { attemptId, from } = wanted;
  const records = attempt === undefined ? undefined : recordsOf(attempt, wanted);
  return {
    kind: {
      $case: 'outputAgain',
      value: { attemptId, offset: from, records: records ?? NOTHING, gone: records === undefined },
    },
  };
}

function recordsOf(attempt: LocalAttempt, { from, to }: OutputWanted): Buffer | undefined {
  const length = Math.min(to, attempt.outputLength);
  if (from >= length) return undefined;
  const reader = new SpoolReader(attempt.paths.spool);
  try {
    const chunk = reader.read(from, { length, limit: OUTPUT_CHUNK_BYTES });
    return chunk.kind === 'records' ? chunk.records : undefined;
  } finally {
    reader.close();
  }
}
