import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printList } from '../print.ts';
import type { ListOf, WorkerPool } from '../shapes.ts';

export function poolList(noun: Command): void {
  noun
    .command('list')
    .alias('ls')
    .description('list worker pools')
    .action(async (_options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const pools = await body<ListOf<WorkerPool>>(
        api.GET('/api/v1/spaces/{space}/pools', { params: { path: cli.space } }),
      );
      await printList(cli, pools, {
        columns: {
          NAME: (pool) => pool.name,
          DEFAULT: (pool) => pool.isDefault,
          WORKERS: (pool) => pool.workers,
          HEALTHY: (pool) => pool.healthyWorkers,
          STRATEGY: (pool) => pool.strategy,
          DESCRIPTION: (pool) => pool.description,
        },
        empty: 'There is no worker pool.',
      });
    });
}
