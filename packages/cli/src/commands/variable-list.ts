import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { printList } from '../print.ts';
import type { ListedVariable, ListOf } from '../shapes.ts';
import {
  addPlace,
  placeQuery,
  shownScope,
  shownSource,
  shownValue,
  type PlaceOptions,
} from './variable-place.ts';

export function variableList(noun: Command): void {
  const command = noun
    .command('list')
    .alias('ls')
    .description('list the variables that have a value in a place, with what they come to')
    .requiredOption('--project <project>', 'the project')
    .option(
      '--env <environment>',
      'in this environment; what is scoped by one does not hold where not given',
    );
  addPlace(command).action(async (options: PlaceOptions) => {
    const cli = cliOf(command);
    const api = await cli.api();
    const found = await body<ListOf<ListedVariable>>(
      api.GET('/api/v1/spaces/{space}/projects/{project}/variables', {
        params: { path: { ...cli.space, project: options.project }, query: given(placeQuery(options)) },
      }),
    );
    await printList(cli, found, {
      columns: {
        NAME: ({ name }) => name,
        VALUE: ({ seen }) => shownValue(seen),
        SCOPE: (each) => shownScope(each),
        FROM: (each) => shownSource(each),
        '': ({ ambiguous }) => (ambiguous ? 'ambiguous' : ''),
      },
      empty: 'No variable has a value there.',
    });
  });
}
