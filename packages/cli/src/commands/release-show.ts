import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { at, printJson, printList, printOne } from '../print.ts';
import type { EnvironmentProgress, ListOf, Release } from '../shapes.ts';
import { releaseVersion } from './release-version.ts';

interface Flags {
  project: string;
  version: string;
  tenant?: string;
}

export function releaseShow(noun: Command): void {
  noun
    .command('show')
    .description('show one release: where it has been, and where it may go')
    .requiredOption('-p, --project <project>', 'name or id')
    .requiredOption('--version <version>', '"latest" is the newest one')
    .option('--tenant <tenant>', 'as seen for this tenant')
    .action(async (flags: Flags, command: Command) => {
      const cli = cliOf(command);
      const { project, tenant } = flags;
      const path = { ...cli.space, project, version: await releaseVersion(cli, flags) };
      const api = await cli.api();
      const release = await body<Release>(
        api.GET('/api/v1/spaces/{space}/projects/{project}/releases/{version}', { params: { path } }),
      );
      const progression = await body<ListOf<EnvironmentProgress>>(
        api.GET('/api/v1/spaces/{space}/projects/{project}/releases/{version}/progression', {
          params: { path, query: given({ tenant }) },
        }),
      );
      if (cli.flags.output === 'json') {
        printJson({ release, progression: progression.items });
        return;
      }
      printOne(cli, release, {
        version: release.version,
        id: release.id,
        channel: release.channel,
        created: at(release.createdAt),
        by: release.createdBy,
        blocked: release.blocked,
        notes: release.notes,
      });
      process.stdout.write('\n');
      await printList(cli, progression, {
        columns: {
          ENVIRONMENT: ({ name }) => name,
          'HAS BEEN THERE': ({ succeeded }) => succeeded,
          'MAY GO THERE': ({ bar }) => (bar === '' ? 'yes' : `no: ${bar}`),
        },
        empty: 'There is no environment.',
      });
    });
}
