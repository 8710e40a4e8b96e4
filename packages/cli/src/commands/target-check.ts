import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';
import type { Task } from '../shapes.ts';

export function targetCheck(noun: Command): void {
  noun
    .command('check')
    .description("check the health of a deployment target's machine now")
    .argument('<target>', 'name or id')
    .action(async (target: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const task = await body<Task>(
        api.POST('/api/v1/spaces/{space}/targets/{target}/health-check', {
          params: { path: { ...cli.space, target } },
          body: {},
        }),
      );
      printDone(
        cli,
        task,
        `Task ${task.id} checks it: "longshore task log -f ${task.id}" follows, "longshore target show ${target}" shows what came of it.`,
      );
    });
}
