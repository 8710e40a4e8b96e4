import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';

export function poolDelete(noun: Command): void {
  noun
    .command('delete')
    .description('delete a worker pool that nothing uses and that is not the default')
    .argument('<pool>', 'name or id')
    .action(async (pool: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      await body(
        api.DELETE('/api/v1/spaces/{space}/pools/{pool}', { params: { path: { ...cli.space, pool } } }),
      );
      printDone(cli, undefined, `Pool "${pool}" is deleted.`);
    });
}
