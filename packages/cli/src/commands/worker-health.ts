import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { at, printList } from '../print.ts';
import type { WorkerHealth } from '../shapes.ts';
import { addLimit } from './options.ts';

export function workerHealth(noun: Command): void {
  addLimit(noun.command('health'))
    .description("show a worker's health, its history and the reasons")
    .argument('<worker>', 'name or id')
    .action(async (worker: string, { limit }: { limit: number }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const health = await body<WorkerHealth>(
        api.GET('/api/v1/spaces/{space}/workers/{worker}/health', {
          params: { path: { ...cli.space, worker }, query: { limit } },
        }),
      );
      await printList(cli, health, {
        columns: {
          TIME: (record) => at(record.time),
          HEALTH: (record) => record.state,
          REASON: (record) => record.reason,
          TASK: (record) => record.taskId,
        },
        empty: `Nothing is known of the health of "${worker}" yet.`,
      });
    });
}
