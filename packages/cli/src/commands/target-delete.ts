import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';

export function targetDelete(noun: Command): void {
  noun
    .command('delete')
    .description('delete a deployment target that no run needs, and its machine unless that is in a pool')
    .argument('<target>', 'name or id')
    .action(async (target: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      await body(
        api.DELETE('/api/v1/spaces/{space}/targets/{target}', { params: { path: { ...cli.space, target } } }),
      );
      printDone(cli, undefined, `Deployment target "${target}" is deleted.`);
    });
}
