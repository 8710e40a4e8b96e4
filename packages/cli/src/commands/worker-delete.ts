import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';

export function workerDelete(noun: Command): void {
  noun
    .command('delete')
    .description('delete a worker and revoke its identity; refused while it is leased, unless forced')
    .argument('<worker>', 'name or id')
    .option('--force', 'cancel what runs on it')
    .action(async (worker: string, { force = false }: { force?: boolean }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      await body(
        api.DELETE('/api/v1/spaces/{space}/workers/{worker}', {
          params: { path: { ...cli.space, worker }, query: { force: force ? 'true' : 'false' } },
        }),
      );
      printDone(cli, undefined, `Worker "${worker}" is deleted.`);
    });
}
