/** The segments of an attempt's stored output: what can be checked, and fetched again, by itself. */
import type { Attempt } from './attempt.ts';

export interface Segment {
  from: number;
  to: number;
  /** SHA-256 of its bytes as they should be stored, hex; null: its records' own check sums are all there is. */
  digest: string | null;
}

/**
 * Those that were verified, and of a complete attempt its last one too. Output that an earlier version stored has
 * none: nobody kept where they begin.
 */
export function segmentsOf(attempt: Attempt): Segment[] {
  const { segmentRanges, segmentDigests, complete, outputLength } = attempt;
  const segments = segmentRanges.map(([from, to, digest], i): Segment => ({
    from,
    to,
    digest: digest ?? segmentDigests[i] ?? null,
  }));
  if (segmentRanges.length < segmentDigests.length) return segments;
  const from = Math.max(segments.at(-1)?.to ?? 0, attempt.verifiedLength);
  if (complete && from < outputLength) segments.push({ from, to: outputLength, digest: lastDigest(attempt) });
  return segments;
}

/** The agent's, of the segment that the end of the attempt closed; with a gap before it, none can be told to be that. */
function lastDigest({ report, segmentRanges, segmentDigests, verifiedLength }: Attempt): string | null {
  let end = 0;
  for (const [from, to] of segmentRanges) {
    if (from !== end) return null;
    end = to;
  }
  if (report === null || end !== verifiedLength) return null;
  return report.segmentDigests.length === segmentDigests.length + 1
    ? (report.segmentDigests.at(-1) ?? null)
    : null;
}
