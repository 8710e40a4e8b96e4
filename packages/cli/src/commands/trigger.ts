import type { Command } from 'commander';

import { withExamples } from './examples.ts';
import { triggerList } from './trigger-list.ts';

export function addTo(noun: Command): void {
  triggerList(noun);
  withExamples(noun, [
    'When does it run next, and what came of it last?',
    'longshore trigger list --project Shop',
  ]);
}
