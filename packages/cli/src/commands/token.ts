import type { Command } from 'commander';

import { tokenCreate } from './token-create.ts';
import { tokenDelete, tokenList } from './token-list.ts';

export function addTo(noun: Command): void {
  for (const add of [tokenList, tokenCreate, tokenDelete]) add(noun);
}
