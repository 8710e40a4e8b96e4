import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body } from '../client.ts';
import { printJson } from '../print.ts';
import type { Attempt, ListOf, RunTree, TaskDetail, TaskLogEntry } from '../shapes.ts';
import { withExamples } from './examples.ts';

interface Options {
  follow?: boolean;
  quiet?: boolean;
}

export function taskLog(noun: Command): void {
  const log = noun
    .command('log')
    .description("show a task's log: the script's output on stdout and stderr, the server's lines on stderr")
    .argument('<task>', 'id')
    .option('-f, --follow', 'go on until the task has ended')
    .option('-q, --quiet', "leave the server's lines out")
    .action(async (task: string, options: Options, command: Command) => {
      const cli = cliOf(command);
      if (options.follow ?? false) await follow(cli, task, options);
      else await showSoFar(cli, task, options);
    });
  withExamples(
    log,
    ['What is it doing?', 'longshore task log -f 01J8Z…'],
    ["The script's output alone, byte for byte", 'longshore task log -q 01J8Z… > out 2> err'],
  );
}

async function follow(cli: Cli, taskId: string, { quiet = false }: Options): Promise<void> {
  const task = await taskOf(cli, taskId);
  if (task.target.kind === 'run') {
    const { followRuns } = await import('../follow/follow-runs.ts');
    await followRuns(cli, [task], { showOutput: true, quiet, cancels: false, plain: true });
    return;
  }
  const { followTask } = await import('../follow/follow-task.ts');
  const { createShow } = await import('../follow/show.ts');
  const show = createShow({ remarks: !quiet, prefixed: false });
  const connection = (state: 'lost' | 'back', why: string): void =>
    show.remark(state === 'lost' ? `connection lost (${why}); trying again` : 'connected again');
  for await (const event of followTask({
    settings: cli.settings,
    taskId,
    signal: new AbortController().signal,
    connection,
  })) {
    if (cli.flags.output === 'json') process.stdout.write(`${JSON.stringify(event)}\n`);
    else await show.event(event);
  }
}

async function showSoFar(cli: Cli, task: string, { quiet = false }: Options): Promise<void> {
  const api = await cli.api();
  const path = { ...cli.space, task };
  const entries: TaskLogEntry[] = [];
  for (;;) {
    const page = await body<ListOf<TaskLogEntry>>(
      api.GET('/api/v1/spaces/{space}/tasks/{task}/log', {
        params: { path, query: { after: entries.at(-1)?.n ?? 0 } },
      }),
    );
    if (page.items.length === 0) break;
    entries.push(...page.items);
  }
  if (cli.flags.output === 'json') {
    printJson({ items: entries });
    return;
  }
  const { logLine } = await import('../follow/show.ts');
  if (!quiet) for (const entry of entries) process.stderr.write(`${logLine(entry)}\n`);
  const attempts = await body<ListOf<Attempt>>(
    api.GET('/api/v1/spaces/{space}/tasks/{task}/attempts', { params: { path } }),
  );
  const isRun = (await taskOf(cli, task)).target.kind === 'run';
  const plan = isRun
    ? await body<RunTree>(api.GET('/api/v1/spaces/{space}/tasks/{task}/tree', { params: { path } }))
    : undefined;
  const { partOf, pathOf } = await import('../follow/run-state.ts');
  const { copyOutput } = await import('../follow/copy-output.ts');
  for (const attempt of attempts.items) {
    if (isRun && !quiet)
      process.stderr.write(
        `[${pathOf(plan, partOf(attempt.action).key).join(' › ')}] on ${attempt.workerName}:\n`,
      );
    await copyOutput(
      api,
      { space: cli.settings.space, attempt: attempt.id, stream: 'stdout' },
      process.stdout,
    );
    await copyOutput(
      api,
      { space: cli.settings.space, attempt: attempt.id, stream: 'stderr' },
      process.stderr,
    );
  }
}

async function taskOf(cli: Cli, task: string): Promise<TaskDetail> {
  const api = await cli.api();
  return body<TaskDetail>(
    api.GET('/api/v1/spaces/{space}/tasks/{task}', { params: { path: { ...cli.space, task } } }),
  );
}
