import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { ago, printList } from '../print.ts';
import type { Lease, ListOf } from '../shapes.ts';

export function leaseList(noun: Command): void {
  noun
    .command('list')
    .alias('ls')
    .description('list the leases that are held, and why each worker or target was chosen')
    .action(async (_options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const leases = await body<ListOf<Lease>>(
        api.GET('/api/v1/spaces/{space}/leases', { params: { path: cli.space } }),
      );
      await printList(cli, leases, {
        columns: {
          ID: (lease) => lease.id,
          ON: ({ resource }) => (resource.kind === 'target' ? `target ${resource.name}` : resource.name),
          MODE: (lease) => lease.mode,
          TASK: (lease) => `${lease.taskId} ${lease.taskName}`,
          GRANTED: (lease) => ago(lease.grantedAt),
          REASON: (lease) =>
            lease.orphanedAt === null ? lease.reason : `orphaned ${ago(lease.orphanedAt)}; ${lease.reason}`,
        },
        empty: 'No lease is held.',
      });
    });
}
