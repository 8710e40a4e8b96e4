/** Submits a script, shows it as it goes, and gives the exit code to end with. */
import { toError } from '@longshore/base';

import type { Cli } from '../cli.ts';
import { body } from '../client.ts';
import { EXIT, exitCodeOfOutcome } from '../exit-codes.ts';
import { followTask } from '../follow/follow-task.ts';
import { createShow, type Show } from '../follow/show.ts';
import type { Attempt, CreateTask, Outcome, Task } from '../shapes.ts';
import { describeOutcome } from '../commands/task-show.ts';
import { watchInterrupts } from './interrupts.ts';

export interface RunOptions {
  detach: boolean;
  quiet: boolean;
}

export async function runTask(cli: Cli, request: CreateTask, options: RunOptions): Promise<number> {
  const api = await cli.api();
  const task = await body<Task>(
    api.POST('/api/v1/spaces/{space}/tasks', { params: { path: cli.space }, body: request }),
  );
  if (options.detach) {
    process.stdout.write(cli.flags.output === 'json' ? `${JSON.stringify(task, null, 2)}\n` : `${task.id}\n`);
    return EXIT.ok;
  }
  const remarks = !options.quiet && (process.stderr.isTTY || cli.flags.verbose === true);
  const show = createShow({ remarks, prefixed: (request.workers?.length ?? 0) > 1 });
  show.remark(`task ${task.id}`);
  return followToEnd(cli, task.id, show);
}

/** What a task does as it comes, to its end. @returns the exit code */
export async function followToEnd(cli: Cli, taskId: string, show: Show): Promise<number> {
  const json = cli.flags.output === 'json';
  using interrupts = watchInterrupts(() => {
    process.stderr.write('longshore: asking for the end of the task; Ctrl-C again leaves it to the server\n');
    void cancel(cli, taskId);
  });
  const connection = (state: 'lost' | 'back', why: string): void =>
    show.remark(
      state === 'lost' ? `connection lost (${why}); the script goes on, trying again` : 'connected again',
    );
  try {
    for await (const event of followTask({
      settings: cli.settings,
      taskId,
      signal: interrupts.leave,
      connection,
    })) {
      if (json) process.stdout.write(`${JSON.stringify(event)}\n`);
      await show.event(event);
    }
  } catch (thrown) {
    if (!interrupts.leave.aborted) throw thrown;
    process.stderr.write(`longshore: left; "longshore task log -f ${taskId}" follows it\n`);
    return EXIT.cancelled;
  }
  return show.ended === undefined ? EXIT.noExitCode : exitCodeOf(show.ended);
}

/** A cancel is asked for once: what can't be done is said, and the task goes on. */
async function cancel(cli: Cli, task: string): Promise<void> {
  try {
    const api = await cli.api();
    await body(
      api.POST('/api/v1/spaces/{space}/tasks/{task}/cancel', {
        params: { path: { ...cli.space, task } },
        body: { reason: 'Ctrl-C at the terminal that follows it' },
      }),
    );
  } catch (thrown) {
    process.stderr.write(`longshore: cancelling ${task}: ${toError(thrown).message}\n`);
  }
}

/** Of several workers, the first that did not succeed. Says on stderr what no exit code can say. */
export function exitCodeOf({ task, attempts }: { task: Task; attempts: Attempt[] }): number {
  const outcomes = lastTries(attempts).flatMap(({ outcome }) => outcome ?? []);
  const failed = outcomes.find((outcome) => outcome.kind !== 'exited' || outcome.code !== 0);
  if (task.state === 'success') return EXIT.ok;
  if (failed?.kind === 'exited' && task.state === 'failed') return failed.code;
  process.stderr.write(`longshore: ${reasonOf(task, failed)}\n`);
  if (task.state === 'timedOut') return EXIT.timedOut;
  if (task.state === 'cancelled') return EXIT.cancelled;
  return failed === undefined ? EXIT.noExitCode : exitCodeOfOutcome(failed);
}

function reasonOf(task: Task, failed: Outcome | undefined): string {
  const said = task.message === '' ? task.state : `${task.state}: ${task.message}`;
  return failed === undefined || task.message !== '' ? said : `${said} (${describeOutcome(failed)})`;
}

/** An action that was denied on one worker and run on another counts by its last try. */
function lastTries(attempts: Attempt[]): Attempt[] {
  return [
    ...new Map(
      attempts.toSorted((a, b) => a.try - b.try).map((attempt) => [attempt.action, attempt]),
    ).values(),
  ];
}
