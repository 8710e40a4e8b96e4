import { invalid } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body, given } from '../client.ts';
import { followToEnd } from '../run/run-task.ts';
import { createShow } from '../follow/show.ts';
import type { Task } from '../shapes.ts';
import { agreed } from './ask.ts';
import { withExamples } from './examples.ts';
import { durationOf } from './options.ts';

interface Options {
  pool?: string;
  to?: string;
  confirmWithin?: number;
  yes?: boolean;
  detach?: boolean;
}

export function workerUpgrade(noun: Command): void {
  const upgrade = noun
    .command('upgrade')
    .description('upgrade the agents of workers, one after the other; scripts go on meanwhile')
    .argument('[workers...]', 'names or ids')
    .option('--pool <pool>', 'all workers of this pool that do not run the version yet: name or id')
    .option('--to <version>', 'of an agent package; the one that was added last where not given')
    .option(
      '--confirm-within <duration>',
      'an agent goes back when its new version has no session in this time; 30s where not given',
      durationOf('--confirm-within'),
    )
    .option('-d, --detach', 'print the id of the task, and leave it to the server')
    .option('-y, --yes', 'do not ask')
    .action(async (workers: string[], options: Options, command: Command) => {
      const cli = cliOf(command);
      const { pool, to: version } = options;
      if ((pool === undefined) === (workers.length === 0))
        throw invalid('workers', workers.join(' '), 'names of workers, or --pool');
      const which = pool === undefined ? workers.join(', ') : `the workers of pool ${pool}`;
      if (
        options.yes !== true &&
        !(await agreed(`Upgrade ${which}${version === undefined ? '' : ` to ${version}`}?`))
      )
        return;
      const api = await cli.api();
      const request = given({
        workers: pool === undefined ? workers : undefined,
        pool,
        version,
        confirmWithinMs: options.confirmWithin,
      });
      const task = await body<Task>(
        api.POST('/api/v1/spaces/{space}/upgrades', { params: { path: cli.space }, body: request }),
      );
      process.exitCode = await shown(cli, task, options.detach === true);
    });
  withExamples(
    upgrade,
    ['All of a pool, one at a time', 'longshore worker upgrade --pool linux --yes'],
    ['One of them, to a version before', 'longshore worker upgrade build-7 --to 1.3.2'],
  );
}

async function shown(cli: Cli, task: Task, detach: boolean): Promise<number> {
  if (detach) {
    process.stdout.write(cli.flags.output === 'json' ? `${JSON.stringify(task, null, 2)}\n` : `${task.id}\n`);
    return 0;
  }
  const show = createShow({ remarks: true, prefixed: true });
  show.remark(`task ${task.id}`);
  return followToEnd(cli, task.id, show);
}
