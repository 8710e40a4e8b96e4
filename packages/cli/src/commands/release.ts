import type { Command } from 'commander';

import { addTo as addDeploy } from './deploy.ts';
import { withExamples } from './examples.ts';
import { releaseBlock, releaseUnblock } from './release-block.ts';
import { releaseDelete, releaseUpdateVariables } from './release-change.ts';
import { releaseCreate } from './release-create.ts';
import { releaseList } from './release-list.ts';
import { releaseShow } from './release-show.ts';

export function addTo(noun: Command): void {
  for (const add of [releaseCreate, releaseList, releaseShow]) add(noun);
  // As Octopus's CLI has it; the same as "longshore deploy".
  addDeploy(noun.command('deploy'));
  for (const add of [releaseBlock, releaseUnblock, releaseUpdateVariables, releaseDelete]) add(noun);
  withExamples(
    noun,
    ['A new one, with the next version', 'longshore release create --project Web'],
    ['Where is it, and where may it go?', 'longshore release show --project Web --version latest'],
    [
      'Keep it from going on',
      'longshore release block --project Web --version 1.2.0 --reason "Orders are lost"',
    ],
  );
}
