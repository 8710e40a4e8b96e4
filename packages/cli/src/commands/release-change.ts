import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';
import type { Release } from '../shapes.ts';
import { releaseVersion } from './release-version.ts';

interface Flags {
  project: string;
  version: string;
}

export function releaseUpdateVariables(noun: Command): void {
  noun
    .command('update-variables')
    .description('take the variables of a release (and nothing else) anew from what stands now')
    .requiredOption('-p, --project <project>', 'name or id')
    .requiredOption('--version <version>', '"latest" is the newest one')
    .action(async (flags: Flags, command: Command) => {
      const cli = cliOf(command);
      const { project } = flags;
      const release = await updateVariables(cli, { project, version: await releaseVersion(cli, flags) });
      printDone(cli, release, `Release ${release.version} of "${flags.project}" has the variables of now.`);
    });
}

export async function updateVariables(cli: Cli, of: Flags): Promise<Release> {
  const api = await cli.api();
  return body<Release>(
    api.POST('/api/v1/spaces/{space}/projects/{project}/releases/{version}/update-variables', {
      params: { path: { ...cli.space, ...of } },
      body: {},
    }),
  );
}

/** No "latest" here: what is deleted is said outright. */
export function releaseDelete(noun: Command): void {
  noun
    .command('delete')
    .description('delete a release that is not being deployed')
    .requiredOption('-p, --project <project>', 'name or id')
    .requiredOption('--version <version>', 'its version or id')
    .action(async ({ project, version }: Flags, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      await body(
        api.DELETE('/api/v1/spaces/{space}/projects/{project}/releases/{version}', {
          params: { path: { ...cli.space, project, version } },
        }),
      );
      printDone(cli, undefined, `Release ${version} of "${project}" is deleted.`);
    });
}
