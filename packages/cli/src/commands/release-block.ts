import { invalid } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body } from '../client.ts';
import { printDone } from '../print.ts';
import type { Release } from '../shapes.ts';
import { releaseVersion } from './release-version.ts';

interface Flags {
  project: string;
  version: string;
  reason: string;
}

export function releaseBlock(noun: Command): void {
  noun
    .command('block')
    .description('keep a release from being deployed anywhere')
    .requiredOption('-p, --project <project>', 'name or id')
    .requiredOption('--version <version>', '"latest" is the newest one')
    .requiredOption('--reason <text>', 'told to whoever tries')
    .action(async (flags: Flags, command: Command) => {
      if (flags.reason.trim() === '') throw invalid('--reason', flags.reason, 'some words');
      const cli = cliOf(command);
      const release = await block(cli, flags);
      printDone(
        cli,
        release,
        `Release ${release.version} of "${flags.project}" is blocked: ${release.blocked}`,
      );
    });
}

export function releaseUnblock(noun: Command): void {
  noun
    .command('unblock')
    .description('let a release that was blocked go on')
    .requiredOption('-p, --project <project>', 'name or id')
    .requiredOption('--version <version>', '"latest" is the newest one')
    .action(async (flags: Omit<Flags, 'reason'>, command: Command) => {
      const cli = cliOf(command);
      const release = await block(cli, { ...flags, reason: '' });
      printDone(cli, release, `Release ${release.version} of "${flags.project}" may go on.`);
    });
}

async function block(cli: Cli, { reason, ...of }: Flags): Promise<Release> {
  const path = { ...cli.space, project: of.project, version: await releaseVersion(cli, of) };
  const api = await cli.api();
  return body<Release>(
    api.POST('/api/v1/spaces/{space}/projects/{project}/releases/{version}/block', {
      params: { path },
      body: { reason },
    }),
  );
}
