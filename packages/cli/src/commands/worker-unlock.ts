import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';

export function workerUnlock(noun: Command): void {
  noun
    .command('unlock')
    .description(
      'let a worker back in whose identity was locked or that was quarantined, after you have looked into it; of two copies the one that connects first goes on (stop the agent of the other one before), and the other is turned away',
    )
    .argument('<worker>', 'name or id')
    .action(async (worker: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const answer = await body(
        api.POST('/api/v1/spaces/{space}/workers/{worker}/unlock', {
          params: { path: { ...cli.space, worker } },
          body: {},
        }),
      );
      printDone(
        cli,
        answer,
        `Worker "${worker}" is unlocked. If its identity was copied: the copy that connects first goes on, with its scripts, so the agent of the other one must be stopped. From then on that one is turned away; delete its data directory, and register it as a worker of its own.`,
      );
    });
}
