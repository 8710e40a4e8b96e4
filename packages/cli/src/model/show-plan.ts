/** A plan in lines: `+` what is made, `~` what is changed and where, `-` what is deleted. */
import pc from 'picocolors';

import type { Applied } from '../shapes.ts';

type Change = Applied['changes'][number];

/** Fields of one change that are named; more are counted. */
const FIELDS_SHOWN = 8;

export function planLines(changes: readonly Change[]): string[] {
  return changes.filter(({ change }) => change !== 'unchanged').map(line);
}

export function summary(changes: readonly Change[], done: boolean): string {
  const count = (wanted: Change['change']): number =>
    changes.filter(({ change }) => change === wanted).length;
  const [create, update, gone, same] = [
    count('create'),
    count('update'),
    count('delete'),
    count('unchanged'),
  ];
  const words = done ? ['created', 'changed', 'deleted'] : ['to create', 'to change', 'to delete'];
  return `${create} ${words[0]}, ${update} ${words[1]}, ${gone} ${words[2]}, ${same} unchanged.`;
}

export function changesAny(changes: readonly Change[]): boolean {
  return changes.some(({ change }) => change !== 'unchanged');
}

function line({ kind, name, change, fields }: Change): string {
  const what = `${kindWords(kind)} ${name}`;
  if (change === 'create') return pc.green(`+ ${what}`);
  if (change === 'delete') return pc.red(`- ${what}`);
  const more = fields.length > FIELDS_SHOWN ? `, and ${fields.length - FIELDS_SHOWN} more` : '';
  return `${pc.yellow(`~ ${what}`)}: ${fields.slice(0, FIELDS_SHOWN).join(', ')}${more}`;
}

/** `variableSet` as `variable set`. */
export function kindWords(kind: string): string {
  return kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
