import { Option, type Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone } from '../print.ts';
import type { WorkerPool } from '../shapes.ts';
import { withExamples } from './examples.ts';

export const STRATEGIES = ['fewest-leases', 'round-robin', 'pin-task'] as const;
type Strategy = (typeof STRATEGIES)[number];

export function poolCreate(noun: Command): void {
  const create = noun
    .command('create')
    .description('make a worker pool')
    .argument('<name>', 'its name')
    .option('--description <text>', 'what it is for')
    .addOption(
      new Option('--strategy <strategy>', 'how one of several free workers is chosen').choices(STRATEGIES),
    )
    .action(
      async (name: string, options: { description?: string; strategy?: Strategy }, command: Command) => {
        const cli = cliOf(command);
        const api = await cli.api();
        const pool = await body<WorkerPool>(
          api.POST('/api/v1/spaces/{space}/pools', {
            params: { path: cli.space },
            body: given({ name, description: options.description, strategy: options.strategy }),
          }),
        );
        printDone(
          cli,
          pool,
          `Pool "${pool.name}" is there. "longshore token create --pool ${pool.name}" lets a worker register in it.`,
        );
      },
    );
  withExamples(create, [
    'A pool whose workers take turns',
    'longshore pool create linux --strategy round-robin --description "Build machines"',
  ]);
}
