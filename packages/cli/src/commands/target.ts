import type { Command } from 'commander';

import { withExamples } from './examples.ts';
import { targetDisable, targetEnable, targetUpdate } from './target-change.ts';
import { targetCheck } from './target-check.ts';
import { targetAdd, targetCreate } from './target-create.ts';
import { targetDelete } from './target-delete.ts';
import { targetList } from './target-list.ts';
import { targetShow } from './target-show.ts';

export function addTo(noun: Command): void {
  const verbs = [targetList, targetShow, targetCreate, targetAdd, targetUpdate];
  for (const add of [...verbs, targetEnable, targetDisable, targetDelete, targetCheck]) add(noun);
  withExamples(
    noun,
    ['What is deployed to in Production?', 'longshore target list --environment Production'],
    ['Let a new machine in', 'longshore token create --environment Production --role web'],
  );
}
