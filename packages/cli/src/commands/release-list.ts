import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { at, printList } from '../print.ts';
import type { ListOf, Release } from '../shapes.ts';
import { addLimit } from './options.ts';

interface Flags {
  project: string;
  channel?: string;
  limit: number;
  before?: string;
}

export function releaseList(noun: Command): void {
  addLimit(noun.command('list').alias('ls'))
    .description('list the releases of a project')
    .requiredOption('-p, --project <project>', 'name or id')
    .option('--channel <channel>', 'of this channel only')
    .option('--before <id>', 'older than this release only')
    .action(async ({ project, channel, limit, before }: Flags, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const releases = await body<ListOf<Release>>(
        api.GET('/api/v1/spaces/{space}/releases', {
          params: { path: cli.space, query: { project, limit, ...given({ channel, before }) } },
        }),
      );
      await printList(cli, releases, {
        columns: {
          VERSION: (release) => release.version,
          CHANNEL: (release) => release.channel,
          CREATED: (release) => at(release.createdAt),
          BY: (release) => release.createdBy,
          BLOCKED: (release) => release.blocked,
        },
        empty: `There is no such release. "longshore release create --project ${project}" makes one.`,
      });
    });
}
