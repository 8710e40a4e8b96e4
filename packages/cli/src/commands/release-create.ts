import { readFile } from 'node:fs/promises';

import { invalid, toError } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone } from '../print.ts';
import type { Release } from '../shapes.ts';
import { withExamples } from './examples.ts';

interface Flags {
  project: string;
  version?: string;
  channel?: string;
  releaseNotes?: string;
  releaseNotesFile?: string;
  ignoreExisting?: boolean;
}

export function releaseCreate(noun: Command): void {
  const create = noun
    .command('create')
    .description('make a release: process and variables as they stand now')
    .requiredOption('-p, --project <project>', 'name or id')
    .option('--version <version>', "as the project's version template says where not given")
    .option('--channel <channel>', 'the default channel where not given')
    .option('--release-notes <text>', 'what is new')
    .option('--release-notes-file <file>', 'a file that says so')
    .option('--ignore-existing', 'a release of that version is no error')
    .action(async (flags: Flags, command: Command) => {
      const { project, version, channel, ignoreExisting } = flags;
      const cli = cliOf(command);
      const notes = await notesOf(flags);
      const api = await cli.api();
      const release = await body<Release>(
        api.POST('/api/v1/spaces/{space}/releases', {
          params: { path: cli.space },
          body: { project, ...given({ version, channel, notes, ignoreExisting }) },
        }),
      );
      printDone(
        cli,
        release,
        `Release ${release.version} of "${project}" is there (channel ${release.channel}).`,
      );
    });
  withExamples(create, [
    'With notes from a file',
    'longshore release create --project Web --version 1.2.0 --release-notes-file CHANGES.md',
  ]);
}

async function notesOf({ releaseNotes, releaseNotesFile }: Flags): Promise<string | undefined> {
  if (releaseNotesFile === undefined) return releaseNotes;
  if (releaseNotes !== undefined)
    throw invalid('--release-notes-file', releaseNotesFile, 'either it or --release-notes');
  try {
    return await readFile(releaseNotesFile, 'utf8');
  } catch (thrown) {
    throw invalid(
      '--release-notes-file',
      releaseNotesFile,
      `a file that can be read (${toError(thrown).message})`,
    );
  }
}
