import { invalid } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone } from '../print.ts';
import type { DeploymentTarget } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { countOf, pairsOf, repeated } from './options.ts';
import { pairingFrom } from './pairing-option.ts';
import { addScopeOptions, newScopeOf, type ScopeOptions } from './target-options.ts';

interface CreateOptions extends ScopeOptions {
  machine?: string;
  cloudRegion?: string;
  pool?: string;
  name?: string;
  description?: string;
}

export function targetCreate(noun: Command): void {
  const create = addScopeOptions(
    noun
      .command('create')
      .description('make a deployment target of a worker that is there, or of a cloud region')
      .option('--machine <worker>', 'a registered machine: name or id; it stays the worker that it is')
      .option('--cloud-region <name>', 'a cloud region of this name: no machine, a worker acts for it')
      .option(
        '--pool <pool>',
        'of a cloud region: the pool that acts for it; the default pool where not given',
      )
      .option('--name <name>', "its name; the machine's where not given")
      .option('--description <text>', 'what it is'),
  ).action(async (options: CreateOptions, command: Command) => {
    const { machine, cloudRegion, pool, description } = options;
    if ((machine === undefined) === (cloudRegion === undefined))
      throw invalid('--machine', machine, 'one of --machine and --cloud-region');
    if (machine !== undefined && pool !== undefined)
      throw invalid('--pool', pool, '--cloud-region beside it: a machine needs no pool to be reached');
    await made(cliOf(command), {
      ...newScopeOf(options),
      name: options.name ?? cloudRegion,
      description,
      reachedBy:
        machine === undefined ? { kind: 'cloudRegion', ...given({ pool }) } : { kind: 'machine', machine },
    });
  });
  withExamples(
    create,
    [
      'A region of a cloud, deployed to from workers of a pool',
      'longshore target create --cloud-region eu-west-1 --environment Production --role web --pool cloud',
    ],
    [
      'A worker that is deployed to as well: each waits for the other',
      'longshore target create --machine build-7 --environment Test --role web',
    ],
  );
}

interface AddOptions extends ScopeOptions {
  listening: string;
  name?: string;
  description?: string;
  pool?: string[];
  label?: Record<string, string>;
  slots?: number;
  address?: string;
}

export function targetAdd(noun: Command): void {
  const add = addScopeOptions(
    noun
      .command('add')
      .description('add a listening agent, which the server dials; a polling agent adds itself with a token')
      .requiredOption(
        '--listening <pairing>',
        'the pairing string that "longshore-agent configure" printed; "-" reads it from standard input',
      ),
  )
    .option('--name <name>', "its name; the agent's own where not given")
    .option('--description <text>', 'what it is')
    .option('--pool <pool>', 'a pool that it is a worker of too (may be repeated)', repeated)
    .option('--label <name=value>', 'a label (may be repeated)', pairsOf('--label'))
    .option(
      '--slots <n>',
      'of a worker too: shared leases that it takes at once',
      countOf('--slots', { least: 1 }),
    )
    .option('--address <host:port>', 'where to dial it, if not at the address in the pairing string')
    .action(async (options: AddOptions, command: Command) => {
      const { name, description, address, pool: pools, label: labels, slots } = options;
      const pairing = await pairingFrom(options.listening);
      await made(cliOf(command), {
        ...newScopeOf(options),
        ...{ name, description },
        reachedBy: { kind: 'listening', pairing, ...given({ address, pools, labels, slots }) },
      });
    });
  withExamples(
    add,
    ['On the machine', 'longshore-agent configure --name web-1 --listen 0.0.0.0:10933'],
    [
      'Then here, with the string that it printed (it serves once)',
      'longshore target add --listening lsp_… --environment Production --role web',
    ],
  );
}

interface NewTarget extends ReturnType<typeof newScopeOf> {
  name: string | undefined;
  description: string | undefined;
  reachedBy:
    | { kind: 'machine'; machine: string }
    | { kind: 'cloudRegion'; pool?: string }
    | {
        kind: 'listening';
        pairing: string;
        address?: string;
        pools?: string[];
        labels?: Record<string, string>;
        slots?: number;
      };
}

async function made(cli: Cli, { environments, roles, reachedBy, ...rest }: NewTarget): Promise<void> {
  const api = await cli.api();
  const target = await body<DeploymentTarget>(
    api.POST('/api/v1/spaces/{space}/targets', {
      params: { path: cli.space },
      body: { environments, roles, reachedBy, ...given(rest) },
    }),
  );
  for (const warning of target.warnings) process.stderr.write(`${warning}\n`);
  printDone(
    cli,
    target,
    `Deployment target "${target.name}" is there. "longshore target show ${target.name}" shows how it is.`,
  );
}
