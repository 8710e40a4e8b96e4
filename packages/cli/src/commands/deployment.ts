import { formatDuration } from '@longshore/base';
import { Option, type Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { at, printList } from '../print.ts';
import type { ListOf, Run } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { addLimit } from './options.ts';

interface Flags {
  project?: string;
  environment?: string;
  tenant?: string;
  kind: 'deployment' | 'runbook' | 'all';
  limit: number;
  before?: string;
}

const KINDS = { deployment: 'deployment', runbook: 'runbookRun', all: undefined } as const;

export function addTo(noun: Command): void {
  addLimit(noun.command('list').alias('ls'))
    .description('list deployments')
    .option('-p, --project <project>', 'of this project only: name or id')
    .option('-e, --environment <environment>', 'to this environment only: name or id')
    .option('--tenant <tenant>', 'for this tenant only: name or id')
    .addOption(
      new Option('--kind <kind>', 'runs of runbooks instead, or too')
        .choices(['deployment', 'runbook', 'all'])
        .default('deployment'),
    )
    .option('--before <id>', 'older than this task only')
    .action(async ({ kind, project, environment, tenant, limit, before }: Flags, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const runs = await body<ListOf<Run>>(
        api.GET('/api/v1/spaces/{space}/runs', {
          params: {
            path: cli.space,
            query: { limit, ...given({ kind: KINDS[kind], project, environment, tenant, before }) },
          },
        }),
      );
      await printList(cli, runs, {
        columns: {
          TASK: (run) => run.taskId,
          STATE: (run) => run.state,
          NAME: (run) => run.name,
          CREATED: (run) => at(run.createdAt),
          TOOK: (run) =>
            run.startedAt === null ? '' : formatDuration((run.endedAt ?? Date.now()) - run.startedAt),
          BY: (run) => run.createdBy,
          NOTE: (run) => run.message,
        },
        empty: 'There is no such deployment. "longshore deploy" makes one.',
      });
    });
  withExamples(
    noun,
    ['What went to production?', 'longshore deployment list -p Web -e Production'],
    ['How did one go?', 'longshore task tree 01J8Z…'],
  );
}
