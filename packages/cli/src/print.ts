/** Printing for people and for programs. Nothing is coloured where nobody looks. */
import { formatDuration } from '@longshore/base';
import pc from 'picocolors';

import type { Cli } from './cli.ts';

export type Cell = string | number | boolean | null | undefined;

export interface TableOf<T> {
  columns: Record<string, (item: T) => Cell>;
  /** Said when there is nothing, with what to do next. */
  empty: string;
}

/** `{ items: [...] }` as the API answers it, or a table. */
export async function printList<T>(cli: Cli, answer: { items: T[] }, table: TableOf<T>): Promise<void> {
  if (cli.flags.output === 'json') {
    printJson(answer);
    return;
  }
  if (answer.items.length === 0) {
    process.stderr.write(`${table.empty}\n`);
    return;
  }
  const { default: Table } = await import('cli-table3');
  const rows = new Table({
    head: Object.keys(table.columns).map((name) => pc.bold(name)),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: NO_BORDERS,
  });
  for (const item of answer.items) rows.push(Object.values(table.columns).map((cell) => shown(cell(item))));
  process.stdout.write(`${trimmed(rows.toString())}\n`);
}

/** One thing: a line for each field, or its JSON. */
export function printOne(cli: Cli, item: object, fields: Record<string, Cell>): void {
  if (cli.flags.output === 'json') {
    printJson(item);
    return;
  }
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  for (const [name, value] of Object.entries(fields))
    process.stdout.write(`${pc.bold(name.padEnd(width))}  ${shown(value)}\n`);
}

/** What was done, in a line for people; the API's answer for programs. */
export function printDone(cli: Cli, answer: unknown, line: string): void {
  if (cli.flags.output === 'json') printJson(answer ?? {});
  else process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** `3m 12s ago`, or `never`. */
export function ago(time: number | null | undefined): string {
  if (time === null || time === undefined || time === 0) return 'never';
  return `${formatDuration(Math.max(0, Date.now() - time))} ago`;
}

export function at(time: number | null | undefined): string {
  return time === null || time === undefined || time === 0
    ? ''
    : new Date(time).toISOString().replace('T', ' ').slice(0, 19);
}

const NO_BORDERS = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);

function shown(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

function trimmed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
