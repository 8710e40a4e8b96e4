/** Starts runs one after another, and follows them together. */
import { EXIT } from '../exit-codes.ts';
import type { Cli } from '../cli.ts';
import { followRuns } from '../follow/follow-runs.ts';
import { printJson } from '../print.ts';
import type { Task } from '../shapes.ts';

export interface StartOptions {
  wait: boolean;
  showOutput: boolean;
  quiet: boolean;
}

/** @returns the exit code */
export async function startRuns(
  cli: Cli,
  starts: readonly (() => Promise<Task>)[],
  { wait, showOutput, quiet }: StartOptions,
): Promise<number> {
  const tasks: Task[] = [];
  try {
    for (const start of starts) tasks.push(await start());
  } catch (thrown) {
    // What was started goes on: it is not undone because the next one can't be.
    for (const { id, name } of tasks)
      process.stderr.write(`longshore: was started before that: ${name} (task ${id})\n`);
    throw thrown;
  }
  if (!wait) {
    if (cli.flags.output === 'json') printJson(tasks.length === 1 ? tasks[0] : { items: tasks });
    else for (const { id } of tasks) process.stdout.write(`${id}\n`);
    return EXIT.ok;
  }
  if (!quiet && cli.flags.output !== 'json')
    for (const { id, name } of tasks) process.stderr.write(`${name}: task ${id}\n`);
  return followRuns(cli, tasks, { showOutput, quiet, cancels: true });
}
