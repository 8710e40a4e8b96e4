import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { at, printOne } from '../print.ts';
import type { WorkerPool } from '../shapes.ts';

export function poolShow(noun: Command): void {
  noun
    .command('show')
    .description('show one worker pool')
    .argument('<pool>', 'name or id')
    .action(async (pool: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const found = await body<WorkerPool>(
        api.GET('/api/v1/spaces/{space}/pools/{pool}', { params: { path: { ...cli.space, pool } } }),
      );
      printOne(cli, found, {
        name: found.name,
        id: found.id,
        description: found.description,
        default: found.isDefault,
        kind: found.kind,
        strategy: found.strategy,
        workers: `${found.workers} (${found.healthyWorkers} healthy)`,
        created: at(found.createdAt),
      });
    });
}
