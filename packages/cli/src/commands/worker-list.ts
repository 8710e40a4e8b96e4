import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { ago, printList } from '../print.ts';
import type { ListOf, Worker } from '../shapes.ts';

export function workerList(noun: Command): void {
  noun
    .command('list')
    .alias('ls')
    .description('list workers; machines that are deployment targets only are in "longshore target list"')
    .option('--pool <pool>', 'of this pool only: name or id')
    .action(async ({ pool }: { pool?: string }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const workers = await body<ListOf<Worker>>(
        api.GET('/api/v1/spaces/{space}/workers', { params: { path: cli.space, query: given({ pool }) } }),
      );
      await printList(cli, workers, {
        columns: {
          NAME: (worker) => worker.name,
          MODE: (worker) => worker.mode,
          HEALTH: (worker) => worker.health,
          STATE: stateOf,
          POOLS: (worker) => worker.pools.map((p) => p.name).join(', '),
          LEASES: (worker) => `${worker.leases}/${worker.slots}`,
          VERSION: (worker) => worker.version,
          SEEN: (worker) => (worker.connected ? 'now' : ago(worker.lastSeenAt)),
        },
        empty: 'There is no worker. "longshore token create" makes a token with which one registers.',
      });
    });
}

/** What keeps it from new leases, the gravest first; else `ready`. */
export function stateOf(worker: Worker): string {
  if (worker.revoked) return 'revoked';
  if (worker.locked !== '') return 'locked';
  if (worker.quarantined !== '') return 'quarantined';
  if (!worker.enabled) return 'disabled';
  if (worker.upgrading !== '') return 'upgrading';
  if (worker.draining) return 'draining';
  return worker.connected ? 'ready' : 'not connected';
}
