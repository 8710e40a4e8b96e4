import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { at, printList } from '../print.ts';
import type { ListOf, TriggerStatus } from '../shapes.ts';

export function triggerList(noun: Command): void {
  noun
    .command('list')
    .alias('ls')
    .description('list the triggers of a project: when each is due, and what came of it last')
    .requiredOption('--project <project>', 'name or id')
    .action(async ({ project }: { project: string }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const triggers = await body<ListOf<TriggerStatus>>(
        api.GET('/api/v1/spaces/{space}/projects/{project}/triggers', {
          params: { path: { ...cli.space, project } },
        }),
      );
      await printList(cli, triggers, {
        columns: {
          NAME: ({ name }) => name,
          DOES: ({ does }) => (does === 'deploy' ? 'deploy' : 'run runbook'),
          SCHEDULE: ({ cron, timeZone }) => `${cron} (${timeZone})`,
          'NEXT (UTC)': ({ nextDueAt }) => at(nextDueAt),
          'LAST RUN (UTC)': ({ lastRun }) => at(lastRun?.dueAt),
          TASK: ({ lastRun }) => shortList(lastRun?.taskIds ?? []),
          NOTE: noteOf,
        },
        empty: 'The project has no trigger.',
      });
    });
}

function shortList(taskIds: readonly string[]): string {
  const [first = '', ...more] = taskIds;
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}

/** What people should know of it: why it is off, or what came of its last due time if that started nothing. */
function noteOf({ off, lastRun, lastFailure, lastIdle }: TriggerStatus): string {
  if (off !== '') return off;
  const told = [
    ...(lastFailure === null ? [] : [{ ...lastFailure, word: 'failed' }]),
    ...(lastIdle === null ? [] : [{ ...lastIdle, word: 'nothing to do' }]),
  ].sort((a, b) => b.dueAt - a.dueAt);
  return told
    .filter(({ dueAt, word }) => word === 'failed' || dueAt >= (lastRun?.dueAt ?? 0))
    .map(({ word, dueAt, reason }) => `${word} ${at(dueAt)}: ${reason}`)
    .join('; ');
}
