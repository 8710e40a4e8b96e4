/**
 * What was given up as `lost` may come back: its agent was only stopped, or
 * cut off for long. What it did is told by the audit trail, and its output
 * goes to the attempt's log, at its offsets.
 *
 * Always true: the task, its outcome, its variables and its artifacts stay as
 * they were when it was given up.
 */
import type { Attempt } from '../domain/attempt.ts';
import type { Outcome } from '../domain/outcome.ts';
import { record } from './audit.ts';
import type { Kernel } from './kernel.ts';
import type { AttemptSummary } from './ports/agents.ts';
import type { Tx } from './ports/store.ts';

/** Its agent lists it. One that runs on is cancelled, one that has ended is told with its outcome. */
export async function returned(kernel: Kernel, attempt: Attempt, seen: AttemptSummary): Promise<void> {
  if (attempt.outcome?.kind !== 'lost' || attempt.complete) return;
  await kernel.options.store.write((tx) => {
    if (seen.outcome === null)
      return tell(kernel, tx, attempt, { action: 'attempt.returned', what: { phase: seen.phase } });
    const { outcome, report } = seen.outcome;
    return endedAfterAll(kernel, tx, { attempt, outcome, outputLength: report.outputLength });
  });
}

/** Its real end, after all. */
export async function endedAfterAll(
  kernel: Kernel,
  tx: Tx,
  { attempt, outcome, outputLength }: { attempt: Attempt; outcome: Outcome; outputLength: number },
): Promise<void> {
  const stored = attempt.outputLength;
  const what = { outcome, outputLength, outputLengthWhenLost: stored };
  await tell(kernel, tx, attempt, { action: 'attempt.endedAfterLost', what });
}

async function tell(
  { options }: Kernel,
  tx: Tx,
  attempt: Attempt,
  { action, what }: { action: string; what: Record<string, unknown> },
): Promise<void> {
  const { spaceId, id, taskId, workerId } = attempt;
  const by = { spaceId, actor: `agent ${workerId}`, clock: options.clock };
  await record(tx, by, { action, subject: id, detail: { taskId, workerId, ...what } });
}
