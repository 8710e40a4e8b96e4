/**
 * One script through a script host of this version, in a scratch folder with
 * nothing of the agent's own in it.
 *
 * @throws AppError with what came of it instead of its output
 */
import { AppError, createIds, silentLogger, systemClock } from '@longshore/base';
import { Interpreter, ScriptSpec } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import { decodeRecords } from '@longshore/protocol/spool-record';

import { workspacePaths, type WorkspaceState } from '../contract/workspace.ts';
import { LocalAttempt } from '../engine/local-attempt.ts';
import { createWorkspace, listWorkspaces } from '../engine/workspace-files.ts';
import { WorkspacePool } from '../engine/workspace-pool.ts';
import { createHostPort } from '../hostlink/host-port.ts';
import { stopHosts } from '../hostlink/stop.ts';
import { HOST_STOP_MS, SELF_TEST_SCRIPT_MS } from '../limits.ts';
import { bootId } from '../machine/processes.ts';

const SAID = 'self-test';

export async function runOneScript(scratch: string): Promise<void> {
  const clock = systemClock;
  const host = createHostPort({ dataDir: scratch, clock, logger: silentLogger });
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const failed = (why: string): void => reject(new AppError('unavailable', `its script host: ${why}`));
  try {
    await host.connect({
      connected: () => undefined,
      state: (state) => (state.ended ? resolve() : undefined),
      startFailed: ({ detail }) => failed(detail),
      hostGone: async () => failed('it ended'),
    });
    const attempt = lay(scratch, host.hostId);
    host.start({ attemptId: attempt.id, workspace: attempt.paths.root, spec: SPEC });
    const stop = clock.after(SELF_TEST_SCRIPT_MS, () =>
      failed(`no end of a script in ${SELF_TEST_SCRIPT_MS} ms`),
    );
    await ended.finally(stop);
    expectItsOutput(attempt);
  } finally {
    await host.close();
    await stopHosts(scratch, { clock, withinMs: HOST_STOP_MS });
  }
}

const SPEC = ScriptSpec.fromPartial({
  interpreter: Interpreter.SH,
  body: Buffer.from(`echo ${SAID}\n`),
  timeoutMs: SELF_TEST_SCRIPT_MS,
});

function lay(scratch: string, handedTo: string): LocalAttempt {
  listWorkspaces(scratch);
  const id = createIds()();
  const state: WorkspaceState = {
    attemptId: id,
    taskId: id,
    fence: { generation: 1, n: 1 },
    handedTo,
    bootId: bootId(),
    ackedOffset: 0,
    ackedEvent: 0,
    cancelRequested: false,
  };
  createWorkspace(workspacePaths(scratch, id), new WorkspacePool(scratch), { spec: SPEC, state });
  return new LocalAttempt(scratch, state);
}

function expectItsOutput(attempt: LocalAttempt): void {
  attempt.readOutcome();
  const kind = attempt.outcome?.kind;
  if (kind?.$case !== 'exited' || kind.value.code !== 0)
    throw new AppError('unavailable', `a script that ends with 0 ended otherwise: ${JSON.stringify(kind)}`);
  const chunk = attempt.spool.read(0, { length: attempt.outputLength, limit: attempt.outputLength });
  attempt.spool.close();
  const said =
    chunk.kind === 'records'
      ? Buffer.concat(decodeRecords(chunk.records).map(({ payload }) => Buffer.from(payload))).toString()
      : '';
  if (said !== `${SAID}\n`)
    throw new AppError('corrupt', `a script's output came back as ${JSON.stringify(said)}`);
}
