import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body, given } from '../client.ts';
import { printList } from '../print.ts';
import type { ListOf, Resource, Task } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { named, names, text } from './resource.ts';
import {
  addRunOptions,
  RUN_EXIT_CODES,
  RUN_TIMES,
  startOptions,
  type SharedRunFlags,
} from './run-options.ts';

/** Octopus calls these otherwise than those of a deployment. */
interface RunbookFlags extends SharedRunFlags {
  project: string;
  name: string;
  runAt?: string;
  runAtExpiry?: string;
  runTarget?: string[];
  excludeRunTarget?: string[];
}

export function addTo(noun: Command): void {
  runbookList(noun);
  runbookRun(noun);
  withExamples(
    noun,
    ['Which are there?', 'longshore runbook list --project Web'],
    ['Run one', 'longshore runbook run --project Web --name Restart -e Production'],
  );
}

function runbookList(noun: Command): void {
  noun
    .command('list')
    .alias('ls')
    .description('list runbooks')
    .option('-p, --project <project>', 'of this project only: name or id')
    .action(async ({ project }: { project?: string }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const path = { ...cli.space, kind: 'runbook' as const };
      const all = await body<ListOf<Resource>>(
        api.GET('/api/v1/spaces/{space}/resources/{kind}', { params: { path } }),
      );
      const is = (one: Resource): boolean =>
        project === undefined ||
        one.body['project'] === project ||
        named(one, 'project').toLowerCase() === project.toLowerCase();
      await printList(
        cli,
        { items: all.items.filter(is) },
        {
          columns: {
            NAME: ({ name }) => name,
            PROJECT: (of) => named(of, 'project'),
            ENVIRONMENTS: (of) => text(of, 'environments') || names(of, 'environments'),
            DESCRIPTION: (of) => text(of, 'description'),
          },
          empty: 'There is no such runbook. Write one in YAML, and give it to "longshore apply".',
        },
      );
    });
}

function runbookRun(noun: Command): void {
  const run = noun
    .command('run')
    .description('run a runbook, show how it goes, and end with what became of it')
    .requiredOption('-p, --project <project>', 'name or id')
    .requiredOption('--name <runbook>', 'the runbook: name or id');
  addRunOptions(run, { verb: 'run', target: 'run-target' }).action(
    async (flags: RunbookFlags, command: Command) => {
      process.exitCode = await startRunbook(cliOf(command), flags);
    },
  );
  withExamples(run, [
    'On two environments at once',
    'longshore runbook run --project Web --name Restart -e Test -e Production',
  ]);
  run.addHelpText('after', RUN_EXIT_CODES);
}

async function startRunbook(cli: Cli, flags: RunbookFlags): Promise<number> {
  const { processRuns } = await import('../run/process-run.ts');
  const { startRuns } = await import('../run/start-runs.ts');
  const { project, name: runbook } = flags;
  const runs = processRuns(asDeployed(flags), RUN_TIMES, Date.now(), process.env);
  const api = await cli.api();
  const starts = runs.map(
    (run) => () =>
      body<Task>(
        api.POST('/api/v1/spaces/{space}/runbook-runs', {
          params: { path: cli.space },
          body: { project, runbook, ...run },
        }),
      ),
  );
  return startRuns(cli, starts, startOptions(flags));
}

function asDeployed(flags: RunbookFlags): SharedRunFlags {
  const { runAt, runAtExpiry, runTarget, excludeRunTarget } = flags;
  return {
    ...flags,
    ...given({
      ...{ deployAt: runAt, deployAtExpiry: runAtExpiry },
      ...{ deploymentTarget: runTarget, excludeDeploymentTarget: excludeRunTarget },
    }),
  };
}
