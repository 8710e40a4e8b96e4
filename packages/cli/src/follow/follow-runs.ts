/**
 * Follows runs (deployments, runbooks) to their ends: as live trees in a
 * terminal, as plain lines elsewhere, as events with `--output json`.
 */
import { toError } from '@longshore/base';
import pc from 'picocolors';

import type { Cli } from '../cli.ts';
import { body } from '../client.ts';
import { EXIT, exitCodeOfRuns } from '../exit-codes.ts';
import { watchInterrupts } from '../run/interrupts.ts';
import type { Task, TaskEvent } from '../shapes.ts';
import { write } from '../write.ts';
import { answerQuestion } from './answer.ts';
import { followTask } from './follow-task.ts';
import { InlineAnswers } from './inline-answers.ts';
import { RunLive } from './run-live.ts';
import { RunPlain } from './run-plain.ts';
import { RunState } from './run-state.ts';

export interface FollowRuns {
  /** Lines of scripts are kept above the trees; without a terminal they always come. */
  showOutput: boolean;
  quiet: boolean;
  /** The first Ctrl-C asks for their end; else it only leaves them. */
  cancels: boolean;
  /** Plain lines, wherever they go. */
  plain?: boolean;
}

/** @returns the exit code */
export async function followRuns(cli: Cli, tasks: readonly Task[], options: FollowRuns): Promise<number> {
  const states = tasks.map((task) => new RunState(task));
  const json = cli.flags.output === 'json';
  const isLive = process.stdout.isTTY && !json && options.plain !== true && !options.quiet;
  // Whatever ends it, the terminal is given back.
  using live = isLive ? new RunLive(states, process.stdout) : undefined;
  const answers = live === undefined || !process.stdin.isTTY ? undefined : answersIn(cli, live);
  const several = states.length > 1;
  const ids = tasks.map(({ id }) => id);
  const say = (text: string): void => {
    if (live !== undefined) live.keep([pc.dim(text)]);
    else if (!options.quiet) process.stderr.write(`${text}\n`);
  };
  const interrupts = options.cancels
    ? watchInterrupts(() => {
        say('longshore: asking for the end of what runs; Ctrl-C again leaves it to the server');
        for (const { task, ended } of states) if (!ended) void cancel(cli, task.id, say);
      })
    : undefined;
  const signal = interrupts?.leave ?? new AbortController().signal;
  const follow = async (state: RunState): Promise<void> => {
    const shown = new RunPlain(state, {
      prefix: several ? state.task.name : '',
      verbose: cli.flags.verbose === true,
      quiet: options.quiet || live !== undefined,
    });
    for await (const event of followTask({
      settings: cli.settings,
      taskId: state.task.id,
      signal,
      connection: (to, why) => say(connectionLine(to, why)),
    })) {
      state.take(event);
      // Of several, each event says whose it is.
      if (json)
        await write(
          process.stdout,
          `${JSON.stringify(several ? { taskId: state.task.id, ...event } : event)}\n`,
        );
      else await show(event, { shown, live, showOutput: options.showOutput });
      if (event.event === 'interruption') answers?.heard(event.data);
    }
  };
  try {
    await Promise.all(states.map(follow));
  } catch (thrown) {
    if (interrupts?.leave.aborted !== true) throw thrown;
    say(`longshore: left; "longshore task tree --follow ${ids[0] ?? ''}" follows it`);
    return EXIT.cancelled;
  } finally {
    answers?.close();
    interrupts?.[Symbol.dispose]();
  }
  return exitCodeOfRuns(states.map(({ task }) => task.state));
}

async function show(
  event: TaskEvent,
  to: { shown: RunPlain; live: RunLive | undefined; showOutput: boolean },
): Promise<void> {
  const lines = to.shown.lines(event);
  if (lines.length === 0) return;
  if (to.live === undefined) await write(process.stdout, `${lines.join('\n')}\n`);
  else if (to.showOutput) to.live.keep(lines);
}

function answersIn(cli: Cli, live: RunLive): InlineAnswers {
  return new InlineAnswers({
    input: process.stdin,
    output: process.stdout,
    answer: (interruption, answer, notes) => answerQuestion(cli, { interruption, answer, notes }),
    began: () => live.pause(),
    over: () => live.resume(),
  });
}

/** A cancel is asked for once: what can't be done is said, and the run goes on. */
async function cancel(cli: Cli, task: string, say: (text: string) => void): Promise<void> {
  try {
    const api = await cli.api();
    await body(
      api.POST('/api/v1/spaces/{space}/tasks/{task}/cancel', {
        params: { path: { ...cli.space, task } },
        body: { reason: 'Ctrl-C at the terminal that follows it' },
      }),
    );
  } catch (thrown) {
    say(`longshore: cancelling ${task}: ${toError(thrown).message}`);
  }
}

function connectionLine(state: 'lost' | 'back', why: string): string {
  return state === 'lost' ? `connection lost (${why}); the run goes on, trying again` : 'connected again';
}
