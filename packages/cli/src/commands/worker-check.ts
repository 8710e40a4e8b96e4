import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';
import type { Task } from '../shapes.ts';

export function workerCheck(noun: Command): void {
  noun
    .command('check')
    .description('check the health of a worker now')
    .argument('<worker>', 'name or id')
    .action(async (worker: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const task = await body<Task>(
        api.POST('/api/v1/spaces/{space}/workers/{worker}/health-check', {
          params: { path: { ...cli.space, worker } },
          body: {},
        }),
      );
      printDone(
        cli,
        task,
        `Task ${task.id} checks it: "longshore task log -f ${task.id}" follows, "longshore worker health ${worker}" shows what came of it.`,
      );
    });
}
