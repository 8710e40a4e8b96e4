import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { printDone } from '../print.ts';
import { changeWorker } from './worker-change.ts';
import { withExamples } from './examples.ts';
import { countOf, pairsOf, repeated } from './options.ts';

interface Options {
  name?: string;
  pool?: string[];
  label?: Record<string, string>;
  slots?: number;
  outOfPools?: boolean;
}

export function workerUpdate(noun: Command): void {
  const update = noun
    .command('update')
    .description("change a worker's name, pools, labels or slots; pools and labels are replaced as a whole")
    .argument('<worker>', 'name or id')
    .option('--name <name>', 'new name')
    .option('--pool <pool>', 'a pool that it is in (may be repeated)', repeated)
    .option('--out-of-pools', 'in no pool any more: for a machine that is a deployment target too')
    .option('--label <name=value>', 'a label (may be repeated)', pairsOf('--label'))
    .option('--slots <n>', 'shared leases that it takes at once', countOf('--slots', { least: 1 }))
    .action(async (worker: string, options: Options, command: Command) => {
      const cli = cliOf(command);
      const changed = await changeWorker(cli, worker, {
        name: options.name,
        pools: options.outOfPools === true ? [] : options.pool,
        labels: options.label,
        slots: options.slots,
      });
      printDone(cli, changed, `Worker "${changed.name}" is changed.`);
    });
  withExamples(update, [
    'In two pools, with eight slots',
    'longshore worker update build-7 --pool linux --pool docker --slots 8',
  ]);
}
