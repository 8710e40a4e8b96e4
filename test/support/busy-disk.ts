/**
 * What full disks and links that are cut are tried with: a script that uses all that is stored of an
 * attempt (output on both streams, variables, an artifact), and the check that
 * all of it is there, exactly, with the script's own exit code.
 */
import { expect } from '@jest/globals';

import { sha256 } from './digest.ts';
import { checkLog, numberedLines, type NumberedLines } from './log-oracle.ts';
import type { AttemptBody, TaskBody } from './rest.ts';
import type { RunCounter } from './run-counter.ts';
import { POOL, type Stage } from './stage.ts';

export const EXIT_CODE = 7;
const ARTIFACT_BYTES = 600_000;

export interface BusyScript {
  taskId: string;
  lines: NumberedLines;
}

/** Its own end, as it is stored. */
const EXITED = { state: 'failed', outcome: { kind: 'exited', code: EXIT_CODE } };

/** @param on where it runs */
export async function startBusy(
  stage: Stage,
  {
    counter,
    name,
    lines,
    on = { pool: POOL },
  }: {
    counter: RunCounter;
    name: string;
    lines: NumberedLines;
    on?: { pool: string } | { workers: string[] };
  },
): Promise<BusyScript> {
  const body = [
    `head -c ${ARTIFACT_BYTES} /dev/zero > big.bin`,
    'new_artifact big.bin',
    `set_variable Of '${name}'`,
    numberedLines({ ...lines, exitCode: EXIT_CODE }),
  ].join('\n');
  const { id } = await stage.rest.script(counter.counted(name, body), on);
  return { taskId: id, lines };
}

/** The task ended with the script's exit code, or as told, and all that the script gave is stored as it was given. */
export async function expectAllThere(
  stage: Stage,
  { taskId, lines }: BusyScript,
  { timeoutMs = 60_000, end = EXITED }: { timeoutMs?: number; end?: { state: string; outcome: object } } = {},
): Promise<{ task: TaskBody; attempt: AttemptBody }> {
  const { task, attempt } = await stage.rest.ended(taskId, { timeoutMs });
  expect({ state: task.state, outcome: attempt.outcome }).toEqual(end);
  const [stdout, stderr] = await Promise.all(
    ['stdout', 'stderr'].map((stream) => stage.rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`)),
  );
  checkLog({ stdout: stdout ?? Buffer.alloc(0), stderr: stderr ?? Buffer.alloc(0) }, lines);
  const { items: variables } = await stage.rest.get<{ items: { name: string }[] }>(
    `/tasks/${taskId}/variables`,
  );
  expect(variables.map(({ name }) => name)).toEqual(['Of']);
  const { items: artifacts } = await stage.rest.get<{
    items: { id: string; length: number; digest: string; error: string }[];
  }>(`/tasks/${taskId}/artifacts`);
  expect(artifacts.map(({ length, digest, error }) => ({ length, digest, error }))).toEqual([
    { length: ARTIFACT_BYTES, digest: sha256(Buffer.alloc(ARTIFACT_BYTES)), error: '' },
  ]);
  return { task, attempt };
}

/** The words of the task's log. */
export async function wordsOf(stage: Stage, taskId: string): Promise<string[]> {
  const { items } = await stage.rest.get<{ items: { text: string }[] }>(`/tasks/${taskId}/log?limit=1000`);
  return items.map(({ text }) => text);
}
