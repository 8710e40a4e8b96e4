import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';

export function poolSetDefault(noun: Command): void {
  noun
    .command('set-default')
    .description('make a pool the one that is used where none is named')
    .argument('<pool>', 'name or id')
    .action(async (pool: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const answer = await body(
        api.POST('/api/v1/spaces/{space}/pools/{pool}/default', {
          params: { path: { ...cli.space, pool } },
          body: {},
        }),
      );
      printDone(cli, answer, `Pool "${pool}" is the default.`);
    });
}
