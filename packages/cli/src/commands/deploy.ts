import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body } from '../client.ts';
import type { Task } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { releaseVersion } from './release-version.ts';
import {
  addRunOptions,
  DEPLOY_TIMES,
  RUN_EXIT_CODES,
  startOptions,
  type SharedRunFlags,
} from './run-options.ts';

interface Flags extends SharedRunFlags {
  project: string;
  version: string;
}

export function addTo(deploy: Command): void {
  deploy
    .description('deploy a release, show how it goes, and end with what became of it')
    .requiredOption('-p, --project <project>', 'name or id')
    .requiredOption('--version <version>', 'of the release; "latest" is the newest one');
  addRunOptions(deploy, { verb: 'deploy', target: 'deployment-target' }).action(
    async (flags: Flags, command: Command) => {
      process.exitCode = await deployRelease(cliOf(command), flags);
    },
  );
  withExamples(
    deploy,
    ['The newest release', 'longshore deploy -p Web --version latest -e Production'],
    [
      'For two tenants, with a value that is asked for, but for one step',
      'longshore deploy -p Web --version 1.2.0 -e Production --tenant Acme --tenant Globex --variable "Who:ops" --skip Notify',
    ],
    [
      'At night, or not at all',
      'longshore deploy -p Web --version 1.2.0 -e Production --deploy-at 2026-05-01T22:00 --deploy-at-expiry 2026-05-02T02:00 --no-wait',
    ],
  );
  deploy.addHelpText('after', RUN_EXIT_CODES);
}

async function deployRelease(cli: Cli, flags: Flags): Promise<number> {
  const { processRuns } = await import('../run/process-run.ts');
  const { startRuns } = await import('../run/start-runs.ts');
  const { project } = flags;
  const runs = processRuns(flags, DEPLOY_TIMES, Date.now(), process.env);
  const version = await releaseVersion(cli, flags);
  const api = await cli.api();
  const starts = runs.map(
    (run) => () =>
      body<Task>(
        api.POST('/api/v1/spaces/{space}/deployments', {
          params: { path: cli.space },
          body: { project, version, ...run },
        }),
      ),
  );
  return startRuns(cli, starts, startOptions(flags));
}
