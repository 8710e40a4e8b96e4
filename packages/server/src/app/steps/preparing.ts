/** Writes an attempt as `sending` with the agent's incarnation, and sends it once that is durable. */
import { transition } from '../../domain/attempt-transition.ts';
import type { Attempt } from '../../domain/attempt.ts';
import type { Lease } from '../../domain/lease.ts';
import type { ScriptSpec } from '../../domain/script.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, placeOf, type Kernel } from '../kernel/kernel.ts';
import type { Run } from '../kernel/runs.ts';
import { sealed, sealedScript, sendStart } from './starting.ts';

export async function prepare(
  kernel: Kernel,
  turn: Turn,
  of: {
    run: Run;
    lease: Lease;
    action: string;
    /** Of a run of a process: what this attempt does, in clear. */
    script?: ScriptSpec;
  },
): Promise<void> {
  const { run, lease, action } = of;
  const { task } = run;
  const workerId = lease.resource.id;
  const tries = [...run.attempts.values()].filter(
    (live) => live.attempt.action === action && live.attempt.workerId === workerId,
  );
  const planned: Attempt = {
    spaceId: task.spaceId,
    id: kernel.options.ids(),
    taskId: task.id,
    action,
    workerId,
    try: tries.length + 1,
    leaseId: lease.id,
    fence: task.fence,
    state: 'planned',
    incarnation: null,
    outputLength: 0,
    eventCount: 0,
    verifiedLength: 0,
    segmentDigests: [],
    segmentRanges: [],
    outcome: null,
    report: null,
    complete: false,
    createdAt: kernel.options.clock.now(),
    startedAt: null,
    endedAt: null,
  };
  const session = kernel.sessions.get(workerId);
  const attempt =
    session === undefined
      ? planned
      : transition(planned, { kind: 'sending', incarnation: session.incarnation }, planned.createdAt);
  await turn.tx.attempts.insert(attempt);
  const live = kernel.runs.addAttempt(run, attempt);
  turn.undo(() => kernel.runs.removeAttempt(live));
  if (of.script !== undefined) {
    live.script = sealed(kernel.options.sealer, task.id, of.script);
    await turn.tx.attempts.putScript(attempt, sealedScript(kernel.options.sealer, attempt.id, of.script));
  }
  const text = `Leased ${placeOf(kernel, run, attempt)} (${lease.mode}), ${lease.reason}`;
  await note(kernel, turn, { task, level: 'info', text, attemptId: attempt.id });
  turn.after(() => {
    kernel.watching.tell(task.id, { kind: 'attempt', attempt });
    sendStart(kernel, live, kernel.sessions.get(workerId));
  });
}
