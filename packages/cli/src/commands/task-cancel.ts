import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone } from '../print.ts';
import type { Task } from '../shapes.ts';

export function taskCancel(noun: Command): void {
  noun
    .command('cancel')
    .description('cancel a task: its script gets TERM, and KILL after a grace')
    .argument('<task>', 'id')
    .option('--reason <text>', 'said in its log')
    .action(async (task: string, { reason }: { reason?: string }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const answer = await body<Task>(
        api.POST('/api/v1/spaces/{space}/tasks/{task}/cancel', {
          params: { path: { ...cli.space, task } },
          body: given({ reason }),
        }),
      );
      printDone(cli, answer, `Task ${task} is asked to end.`);
    });
}

export function taskDidNotRun(noun: Command): void {
  noun
    .command('did-not-run')
    .description(
      "give your word that a script did not run on a worker that can't be reached; the task goes on without it",
    )
    .argument('<task>', 'id')
    .option('--attempt <id>', 'this attempt only')
    .action(async (task: string, { attempt }: { attempt?: string }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const answer = await body(
        api.POST('/api/v1/spaces/{space}/tasks/{task}/did-not-run', {
          params: { path: { ...cli.space, task } },
          body: given({ attempt }),
        }),
      );
      printDone(cli, answer, `Task ${task} goes on.`);
    });
}
