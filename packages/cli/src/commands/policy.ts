import type { Command } from 'commander';

import { withExamples } from './examples.ts';
import { policyShow } from './policy-show.ts';
import { policyUpdate } from './policy-update.ts';

export function addTo(noun: Command): void {
  for (const add of [policyShow, policyUpdate]) add(noun);
  withExamples(
    noun,
    ['How are workers checked?', 'longshore policy show'],
    ['Check each of them every ten minutes', 'longshore policy update --interval 10m'],
  );
}
