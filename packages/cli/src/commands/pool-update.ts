import { Option, type Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone } from '../print.ts';
import type { WorkerPool } from '../shapes.ts';
import { STRATEGIES } from './pool-create.ts';

interface Options {
  name?: string;
  description?: string;
  strategy?: (typeof STRATEGIES)[number];
}

export function poolUpdate(noun: Command): void {
  noun
    .command('update')
    .description('rename or describe a worker pool, or change how it chooses')
    .argument('<pool>', 'name or id')
    .option('--name <name>', 'new name')
    .option('--description <text>', 'what it is for')
    .addOption(
      new Option('--strategy <strategy>', 'how one of several free workers is chosen').choices(STRATEGIES),
    )
    .action(async (pool: string, { name, description, strategy }: Options, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const changed = await body<WorkerPool>(
        api.PATCH('/api/v1/spaces/{space}/pools/{pool}', {
          params: { path: { ...cli.space, pool } },
          body: given({ name, description, strategy }),
        }),
      );
      printDone(cli, changed, `Pool "${changed.name}" is changed.`);
    });
}
