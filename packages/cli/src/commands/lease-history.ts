import { formatDuration } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { at, printList } from '../print.ts';
import type { ListOf, PastLease } from '../shapes.ts';
import { addLimit } from './options.ts';

interface Options {
  task?: string;
  worker?: string;
  limit: number;
}

export function leaseHistory(noun: Command): void {
  addLimit(noun.command('history'))
    .description('list the leases that have ended, why each worker was chosen, and why each ended')
    .option('--task <id>', 'of this task only')
    .option('--worker <worker>', 'of this worker only: name or id')
    .action(async ({ task, worker, limit }: Options, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const leases = await body<ListOf<PastLease>>(
        api.GET('/api/v1/spaces/{space}/leases/history', {
          params: { path: cli.space, query: given({ task, worker, limit }) },
        }),
      );
      await printList(cli, leases, {
        columns: {
          GRANTED: (lease) => at(lease.grantedAt),
          HELD: (lease) => formatDuration(lease.releasedAt - lease.grantedAt),
          ON: ({ resource }) => (resource.kind === 'target' ? `target ${resource.name}` : resource.name),
          MODE: (lease) => lease.mode,
          TASK: (lease) => lease.taskName,
          CHOSEN: (lease) => lease.reason,
          ENDED: (lease) => lease.releaseReason,
        },
        empty: 'No lease has ended yet.',
      });
    });
}
