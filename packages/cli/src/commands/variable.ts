import type { Command } from 'commander';

import { withExamples } from './examples.ts';
import { variableExplain } from './variable-explain.ts';
import { variableList } from './variable-list.ts';

export function addTo(noun: Command): void {
  for (const add of [variableList, variableExplain]) add(noun);
  withExamples(
    noun,
    [
      'All that a deployment to Production would see',
      'longshore variable list --project Shop --env Production',
    ],
    [
      'Why one is what it is',
      'longshore variable explain Database.Host --project Shop --env Production --tenant Acme',
    ],
  );
}
