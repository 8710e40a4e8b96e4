import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone } from '../print.ts';
import type { Worker } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { countOf, pairsOf, repeated } from './options.ts';
import { pairingFrom } from './pairing-option.ts';

interface Options {
  listening: string;
  name?: string;
  pool?: string[];
  label?: Record<string, string>;
  slots?: number;
  address?: string;
}

export function workerAdd(noun: Command): void {
  const add = noun
    .command('add')
    .description('add a listening agent, which the server dials; a polling agent adds itself with a token')
    .requiredOption(
      '--listening <pairing>',
      'the pairing string that "longshore-agent configure" printed; "-" reads it from standard input',
    )
    .option('--name <name>', "its name; the agent's own where not given")
    .option(
      '--pool <pool>',
      'a pool to put it in (may be repeated); the default pool where not given',
      repeated,
    )
    .option('--label <name=value>', 'a label (may be repeated)', pairsOf('--label'))
    .option('--slots <n>', 'shared leases that it takes at once', countOf('--slots', { least: 1 }))
    .option('--address <host:port>', 'where to dial it, if not at the address in the pairing string')
    .action(async (options: Options, command: Command) => {
      const cli = cliOf(command);
      const pairing = await pairingFrom(options.listening);
      const api = await cli.api();
      const worker = await body<Worker>(
        api.POST('/api/v1/spaces/{space}/workers', {
          params: { path: cli.space },
          body: given({
            pairing,
            name: options.name,
            pools: options.pool,
            labels: options.label,
            slots: options.slots,
            address: options.address,
          }),
        }),
      );
      printDone(
        cli,
        worker,
        `Worker "${worker.name}" is added. "longshore worker show ${worker.name}" shows when it is connected.`,
      );
    });
  withExamples(
    add,
    ['On the machine', 'longshore-agent configure --name build-7 --listen 0.0.0.0:10933'],
    [
      'Then here, with the string that it printed (it serves once)',
      'longshore worker add --listening lsp_… --pool linux',
    ],
  );
}
