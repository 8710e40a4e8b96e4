import type { Command } from 'commander';
import pc from 'picocolors';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { printJson, printList } from '../print.ts';
import type { ExplainedValue, VariableExplanation } from '../shapes.ts';
import { withExamples } from './examples.ts';
import {
  addPlace,
  placeQuery,
  shownScope,
  shownSource,
  shownValue,
  type PlaceOptions,
} from './variable-place.ts';

export function variableExplain(noun: Command): void {
  const command = noun
    .command('explain')
    .description('show all values of a variable, which one holds in a place, and why each other does not')
    .argument('<name>', 'its name, in any case')
    .requiredOption('--project <project>', 'the project')
    .requiredOption('--env <environment>', 'in this environment');
  addPlace(command).action(async (name: string, options: PlaceOptions & { env: string }) => {
    const cli = cliOf(command);
    const api = await cli.api();
    const { project, env } = options;
    const found = await body<VariableExplanation>(
      api.GET('/api/v1/spaces/{space}/projects/{project}/variables/{name}/explain', {
        params: {
          path: { ...cli.space, project, name },
          query: { ...given(placeQuery(options)), environment: env },
        },
      }),
    );
    if (cli.flags.output === 'json') {
      printJson(found);
      return;
    }
    const value = found.value === null ? '(no value here)' : shownValue(found.value);
    process.stdout.write(`${pc.bold(found.name)} = ${value}\n`);
    for (const warning of found.warnings) process.stdout.write(`${pc.yellow('warning')}: ${warning}\n`);
    if (found.values.length === 0) return;
    process.stdout.write('\n');
    await printList<ExplainedValue>(
      cli,
      { items: found.values },
      {
        columns: {
          '': ({ verdict }) => (verdict === 'wins' ? '*' : ''),
          VALUE: (each) => each.value,
          SCOPE: (each) => shownScope(each),
          FROM: (each) => shownSource(each),
          WHY: (each) => each.because,
        },
        empty: '',
      },
    );
  });
  withExamples(
    command,
    [
      'As a release has it, on a web server',
      'longshore variable explain Port --project Shop --env Production --release 1.4.0 --role web',
    ],
    ['In a runbook', 'longshore variable explain Port --project Shop --env Production --runbook Restart'],
  );
}
