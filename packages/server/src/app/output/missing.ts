/** Output that can't be had any more, as markers in the log: piece by piece, for it may be larger than memory. */
import { MISSING_PIECE_BYTES } from '../../limits.ts';
import type { Appending, LogStore } from '../ports/log-store.ts';

/** Each piece but the last is durable when this resolves. The range is at least one record long. */
export async function appendMissing(
  logs: Pick<LogStore, 'appendMissing'>,
  attemptId: string,
  { from, to }: { from: number; to: number },
): Promise<Appending> {
  let at = from;
  // What is left stays longer than a piece, so that it holds a marker.
  for (; to - at > 2 * MISSING_PIECE_BYTES; at += MISSING_PIECE_BYTES)
    await logs.appendMissing(attemptId, at, MISSING_PIECE_BYTES).durable;
  return logs.appendMissing(attemptId, at, to - at);
}
