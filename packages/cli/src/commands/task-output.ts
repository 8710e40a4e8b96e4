import { notFound } from '@longshore/base';
import { Option, type Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printList } from '../print.ts';
import type { Attempt, ListOf, OutputVariable } from '../shapes.ts';

/** `task output`: raw bytes as stored. */
export function taskOutput(noun: Command): void {
  noun
    .command('output')
    .description("write the script's output as stored, byte for byte, to stdout")
    .argument('<task>', 'id')
    .addOption(
      new Option('--stream <stream>', 'which of the two, or both in the order of reading')
        .choices(['stdout', 'stderr', 'all'])
        .default('stdout'),
    )
    .option('--attempt <id>', 'of this attempt; the last one where not given')
    .action(
      async (
        task: string,
        options: { stream: 'stdout' | 'stderr' | 'all'; attempt?: string },
        command: Command,
      ) => {
        const cli = cliOf(command);
        const api = await cli.api();
        const attempts = await body<ListOf<Attempt>>(
          api.GET('/api/v1/spaces/{space}/tasks/{task}/attempts', {
            params: { path: { ...cli.space, task } },
          }),
        );
        const attempt = options.attempt ?? attempts.items.at(-1)?.id;
        if (attempt === undefined) throw notFound('attempt of task', task);
        const { copyOutput } = await import('../follow/copy-output.ts');
        await copyOutput(api, { ...cli.space, attempt, stream: options.stream }, process.stdout);
      },
    );
}

/** `task variables`: what the script set with `set_octopusvariable` and its kin. */
export function taskVariables(noun: Command): void {
  noun
    .command('variables')
    .description('list the output variables that the script set; sensitive values are masked')
    .argument('<task>', 'id')
    .action(async (task: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const variables = await body<ListOf<OutputVariable>>(
        api.GET('/api/v1/spaces/{space}/tasks/{task}/variables', {
          params: { path: { ...cli.space, task } },
        }),
      );
      await printList(cli, variables, {
        columns: {
          NAME: (v) => v.name,
          VALUE: (v) => v.value,
          SENSITIVE: (v) => v.sensitive,
          WORKER: (v) => v.workerName,
        },
        empty: 'It has set no output variable.',
      });
    });
}
