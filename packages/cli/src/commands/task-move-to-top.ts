import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';

export function taskMoveToTop(noun: Command): void {
  noun
    .command('move-to-top')
    .description('let a task that queues go before all others')
    .argument('<task>', 'id')
    .action(async (task: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      await body(
        api.POST('/api/v1/spaces/{space}/tasks/{task}/move-to-top', {
          params: { path: { ...cli.space, task } },
          body: {},
        }),
      );
      printDone(cli, undefined, `Task ${task} is before all others in the queue.`);
    });
}
