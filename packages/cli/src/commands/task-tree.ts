import pc from 'picocolors';
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body } from '../client.ts';
import { printJson } from '../print.ts';
import type { Attempt, ListOf, RunTree, TaskDetail } from '../shapes.ts';
import { withExamples } from './examples.ts';

export function taskTree(noun: Command): void {
  const tree = noun
    .command('tree')
    .description(
      'show a deployment or a runbook run as a tree: steps, targets and actions, and how each goes',
    )
    .argument('<task>', 'id')
    .option('-f, --follow', 'go on until the task has ended; Ctrl-C leaves it alone')
    .action(async (task: string, { follow = false }: { follow?: boolean }, command: Command) => {
      const cli = cliOf(command);
      if (follow) process.exitCode = await followTree(cli, task);
      else await showTree(cli, task);
    });
  withExamples(
    tree,
    ['Where is it?', 'longshore task tree 01J8Z…'],
    ['See it go', 'longshore task tree -f 01J8Z…'],
  );
}

async function followTree(cli: Cli, id: string): Promise<number> {
  const { followRuns } = await import('../follow/follow-runs.ts');
  const api = await cli.api();
  const task = await body<TaskDetail>(
    api.GET('/api/v1/spaces/{space}/tasks/{task}', { params: { path: { ...cli.space, task: id } } }),
  );
  return followRuns(cli, [task], { showOutput: false, quiet: false, cancels: false });
}

async function showTree(cli: Cli, id: string): Promise<void> {
  const api = await cli.api();
  const params = { params: { path: { ...cli.space, task: id } } };
  const [task, tree] = await Promise.all([
    body<TaskDetail>(api.GET('/api/v1/spaces/{space}/tasks/{task}', params)),
    body<RunTree>(api.GET('/api/v1/spaces/{space}/tasks/{task}/tree', params)),
  ]);
  if (cli.flags.output === 'json') {
    printJson({ task, tree });
    return;
  }
  const attempts = await body<ListOf<Attempt>>(
    api.GET('/api/v1/spaces/{space}/tasks/{task}/attempts', params),
  );
  const { RunState } = await import('../follow/run-state.ts');
  const { runTree } = await import('../follow/run-tree.ts');
  const { treeLines } = await import('../follow/tree-lines.ts');
  const state = new RunState(task);
  if (tree.steps.length > 0) state.take({ event: 'plan', data: tree });
  for (const data of tree.activities) state.take({ event: 'activity', data });
  for (const data of tree.interruptions) state.take({ event: 'interruption', data });
  for (const data of attempts.items) state.take({ event: 'attempt', data });
  const lines = treeLines([runTree(state)], {
    width: process.stdout.isTTY ? process.stdout.columns || 80 : Infinity,
    height: Infinity,
    now: Date.now(),
    colour: process.stdout.isTTY && pc.isColorSupported,
    unfold: true,
  });
  process.stdout.write(`${lines.join('\n')}\n`);
}
