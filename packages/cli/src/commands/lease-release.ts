import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';

export function leaseRelease(noun: Command): void {
  noun
    .command('release')
    .description('end a lease by hand; refused while a script may be running under it')
    .argument('<lease>', 'its id, as "longshore lease list" shows it')
    .action(async (lease: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      await body(
        api.DELETE('/api/v1/spaces/{space}/leases/{lease}', { params: { path: { ...cli.space, lease } } }),
      );
      printDone(cli, undefined, `Lease ${lease} is released.`);
    });
}
