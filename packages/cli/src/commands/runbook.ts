import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone, printList } from '../print.ts';
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
  draft?: boolean;
  runAt?: string;
  runAtExpiry?: string;
  runTarget?: string[];
  excludeRunTarget?: string[];
}

export function addTo(noun: Command): void {
  runbookList(noun);
  runbookRun(noun);
  runbookPublish(noun);
  withExamples(
    noun,
    ['Which are there?', 'longshore runbook list --project Web'],
    ['Run one', 'longshore runbook run --project Web --name Restart -e Production'],
    ['From now on run it as it stands now', 'longshore runbook publish --project Web --name Restart'],
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
    .requiredOption('--name <runbook>', 'the runbook: name or id')
    .option('--draft', 'as it stands now, and not as it was published');
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

function runbookPublish(noun: Command): void {
  const verb = (name: string, description: string): Command =>
    noun
      .command(name)
      .description(description)
      .requiredOption('-p, --project <project>', 'name or id')
      .requiredOption('--name <runbook>', 'the runbook: name or id');
  const pathOf = (cli: Cli, { project, name: runbook }: { project: string; name: string }) => ({
    params: { path: { ...cli.space, project, runbook } },
  });
  verb('publish', 'from now on its runs take it, and the variables, as they stand in this moment').action(
    async (flags: { project: string; name: string }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const path = '/api/v1/spaces/{space}/projects/{project}/runbooks/{runbook}/published' as const;
      const published = await body(api.PUT(path, { ...pathOf(cli, flags), body: {} }));
      printDone(cli, published, `Runs of "${flags.name}" take it as it stands now.`);
    },
  );
  verb('unpublish', 'from now on its runs take it as it stands when they are asked for').action(
    async (flags: { project: string; name: string }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const path = '/api/v1/spaces/{space}/projects/{project}/runbooks/{runbook}/published' as const;
      await body(api.DELETE(path, pathOf(cli, flags)));
      printDone(cli, null, `Runs of "${flags.name}" take it as it stands when they are asked for.`);
    },
  );
}

async function startRunbook(cli: Cli, flags: RunbookFlags): Promise<number> {
  const { processRun, processRuns } = await import('../run/process-run.ts');
  const { placesOf } = await import('../run/places.ts');
  const { startRuns } = await import('../run/start-runs.ts');
  const { project, name: runbook, draft } = flags;
  const run = processRun(asDeployed(flags), RUN_TIMES, Date.now(), process.env);
  const runs = processRuns(run, await placesOf(cli, project, flags));
  const api = await cli.api();
  const starts = runs.map(
    (one) => () =>
      body<Task>(
        api.POST('/api/v1/spaces/{space}/runbook-runs', {
          params: { path: cli.space },
          body: { project, runbook, ...given({ draft }), ...one },
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
