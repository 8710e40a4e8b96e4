import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { ago, printList } from '../print.ts';
import type { LeaseRequest, ListOf } from '../shapes.ts';

export function leaseQueue(noun: Command): void {
  noun
    .command('queue')
    .description('list who waits for a lease, in order, and for what')
    .action(async (_options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const queue = await body<ListOf<LeaseRequest>>(
        api.GET('/api/v1/spaces/{space}/leases/queue', { params: { path: cli.space } }),
      );
      await printList(cli, queue, {
        columns: {
          PLACE: (request) => request.place,
          TASK: (request) => `${request.taskId} ${request.taskName}`,
          MODE: (request) => request.mode,
          WANTS: (request) => request.wants,
          SINCE: (request) => ago(request.createdAt),
          REASON: (request) => request.reason,
        },
        empty: 'Nobody waits for a lease.',
      });
    });
}
