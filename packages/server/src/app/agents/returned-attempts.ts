/**
 * What was given up as `lost` may come back: its agent was only stopped, or
 * cut off for long. What it did is told by the audit trail, and its output
 * goes to the attempt's log, at its offsets.
 *
 * Always true: its task, its outcome, its variables and its artifacts stay as
 * they were when it was given up; its agent keeps its output until all of it
 * is durable here.
 */
import { isCode } from '@longshore/base';

import { isGivenUp } from '../../domain/attempt-transition.ts';
import type { Attempt, AttemptReport } from '../../domain/attempt.ts';
import { listed } from '../../domain/inventory.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { record } from '../kernel/audit.ts';
import type { Turn } from '../kernel/batch.ts';
import { saveAttempt, type Kernel } from '../kernel/kernel.ts';
import type { AttemptSummary, Verdict } from '../ports/agents.ts';
import { StorageOut, type Tx } from '../ports/store.ts';
import { endQuarantine } from '../tasks/quarantine.ts';

interface End {
  outcome: Outcome;
  report: AttemptReport;
}

/** Its agent lists it. One that runs on is cancelled, one that has ended is told with its outcome. */
export async function returned(kernel: Kernel, attempt: Attempt, seen: AttemptSummary): Promise<Verdict> {
  const { id: attemptId, eventCount, complete } = attempt;
  const { logs, store } = kernel.options;
  const meaning = listed(attempt, false, seen.phase);
  if (seen.outcome !== null && !complete && (await endedAfterAll(kernel, attempt, seen.outcome)))
    return { attemptId, kind: 'release' };
  if (meaning === 'cancel' && !complete)
    await store.write((tx) =>
      tell(kernel, tx, attempt, { action: 'attempt.returned', what: { phase: seen.phase } }),
    );
  if (meaning !== 'keep') return { attemptId, kind: meaning };
  const fromOffset = await logs.length(attemptId);
  return { attemptId, kind: 'keep', fromOffset, fromEvent: eventCount, artifactOffsets: [] };
}

/** Its real end, after all, which may be said more than once. @returns whether its agent may forget it */
export async function endedAfterAll(
  kernel: Kernel,
  { id, workerId }: Attempt,
  { outcome, report }: End,
): Promise<boolean> {
  const { outputLength } = report;
  const stored = await isStored(kernel, id, outputLength);
  await kernel.batch.add(async (turn) => {
    const attempt = await turn.tx.attempts.find(id);
    if (attempt === undefined || attempt.complete) return;
    if (attempt.report === null)
      await tell(kernel, turn.tx, attempt, {
        action: 'attempt.endedAfterLost',
        what: { outcome, outputLength },
      });
    const known = { ...attempt, report: attempt.report ?? report };
    await save(kernel, turn, stored ? { ...known, complete: true, outputLength } : known);
    await endQuarantine(kernel, turn, workerId);
  });
  return stored;
}

/**
 * What was given up on this worker and is not there any more is settled; with the end of the last of it the worker
 * takes leases again.
 */
export async function settleGivenUp(
  kernel: Kernel,
  workerId: string,
  isThere: (attemptId: string) => boolean,
): Promise<void> {
  const { logs, store } = kernel.options;
  const { open, worker } = await store.read(async (tx) => ({
    open: await tx.attempts.openOnWorker(workerId),
    worker: await tx.workers.find(workerId),
  }));
  const gone = open.filter((attempt) => isGivenUp(attempt) && !isThere(attempt.id));
  if (gone.length === 0 && worker?.quarantined === '') return;
  const settled = await Promise.all(
    gone.map(async (attempt) => ({
      ...attempt,
      complete: true,
      outputLength: await logs.length(attempt.id),
    })),
  );
  await kernel.batch.add(async (turn) => {
    for (const attempt of settled) await save(kernel, turn, attempt);
    await endQuarantine(kernel, turn, workerId);
  });
}

/** Whether the log has so much of it, durably. */
export async function isStored({ options }: Kernel, attemptId: string, length: number): Promise<boolean> {
  if (length === 0) return true;
  try {
    // Nothing, at its end: durable when all before it is, refused when something before it is missing.
    await options.logs.append(attemptId, length, NOTHING).durable;
    return true;
  } catch (thrown) {
    if (isCode(thrown, 'conflict') || thrown instanceof StorageOut) return false;
    throw thrown;
  }
}

const NOTHING = new Uint8Array(0);

/** Its task may still go on, without it. */
async function save(kernel: Kernel, turn: Turn, attempt: Attempt): Promise<void> {
  const live = kernel.runs.attempt(attempt.id);
  if (live === undefined) await turn.tx.attempts.update(attempt);
  else {
    const { report, complete, outputLength } = attempt;
    await saveAttempt(kernel, turn, { live, attempt: { ...live.attempt, report, complete, outputLength } });
  }
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
