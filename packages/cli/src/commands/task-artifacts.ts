import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printList } from '../print.ts';
import type { Artifact, ListOf } from '../shapes.ts';

export function taskArtifacts(noun: Command): void {
  noun
    .command('artifacts')
    .description('list the files that the script gave as artifacts')
    .argument('<task>', 'id')
    .action(async (task: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const artifacts = await body<ListOf<Artifact>>(
        api.GET('/api/v1/spaces/{space}/tasks/{task}/artifacts', {
          params: { path: { ...cli.space, task } },
        }),
      );
      await printList(cli, artifacts, {
        columns: {
          ID: (artifact) => artifact.id,
          NAME: (artifact) => artifact.name,
          BYTES: (artifact) => artifact.length,
          'SHA-256': (artifact) => artifact.digest,
          ERROR: (artifact) => artifact.error,
        },
        empty: 'It has no artifact.',
      });
    });
}
