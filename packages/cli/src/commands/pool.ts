import type { Command } from 'commander';

import { withExamples } from './examples.ts';
import { poolCreate } from './pool-create.ts';
import { poolDelete } from './pool-delete.ts';
import { poolList } from './pool-list.ts';
import { poolSetDefault } from './pool-set-default.ts';
import { poolShow } from './pool-show.ts';
import { poolUpdate } from './pool-update.ts';

export function addTo(noun: Command): void {
  for (const add of [poolList, poolCreate, poolShow, poolUpdate, poolDelete, poolSetDefault]) add(noun);
  withExamples(
    noun,
    ['All pools', 'longshore pool list'],
    ['A new one', 'longshore pool create linux'],
    ['Used where none is named', 'longshore pool set-default linux'],
  );
}
