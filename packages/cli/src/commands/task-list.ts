import { formatDuration } from '@longshore/base';
import { Option, type Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { at, printList } from '../print.ts';
import type { ListOf, Task } from '../shapes.ts';
import { addLimit } from './options.ts';

const STATES = [
  'queued',
  'executing',
  'waiting',
  'cancelling',
  'success',
  'failed',
  'cancelled',
  'timedOut',
] as const;

interface Options {
  state?: (typeof STATES)[number];
  pool?: string;
  worker?: string;
  limit: number;
  before?: string;
}

export function taskList(noun: Command): void {
  addLimit(noun.command('list').alias('ls'))
    .description('list tasks')
    .addOption(new Option('--state <state>', 'in this state only').choices(STATES))
    .option('--pool <pool>', 'on this pool only: name or id')
    .option('--worker <worker>', 'on this worker only: name or id')
    .option('--before <id>', 'older than this task only')
    .action(async ({ state, pool, worker, limit, before }: Options, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const tasks = await body<ListOf<Task>>(
        api.GET('/api/v1/spaces/{space}/tasks', {
          params: { path: cli.space, query: given({ state, pool, worker, limit, before }) },
        }),
      );
      await printList(cli, tasks, {
        columns: {
          ID: (task) => task.id,
          STATE: (task) => task.state,
          NAME: (task) => task.name,
          CREATED: (task) => at(task.createdAt),
          TOOK: (task) =>
            task.startedAt === null ? '' : formatDuration((task.endedAt ?? Date.now()) - task.startedAt),
          BY: (task) => task.createdBy,
          NOTE: (task) => (task.waitReason === '' ? task.message : task.waitReason),
        },
        empty: 'There is no such task.',
      });
    });
}
