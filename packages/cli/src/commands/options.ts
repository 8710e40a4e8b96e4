/** Readers of option values, for commander; each names the option in its error. */
import { invalid, parseDuration, parseSize } from '@longshore/base';
import type { Command } from 'commander';

export type Read<T> = (text: string, before: T | undefined) => T;

export function durationOf(flag: string): Read<number> {
  return (text) => parseDuration(text, flag);
}

/** Bytes. */
export function sizeOf(flag: string): Read<number> {
  return (text) => parseSize(text, flag);
}

export function countOf(flag: string, { least = 0 }: { least?: number } = {}): Read<number> {
  return (text) => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || n < least || !Number.isSafeInteger(n))
      throw invalid(flag, text, `a whole number, ${least} or more`);
    return n;
  };
}

/** For an option that may be given several times. */
export function repeated(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** `NAME=VALUE`, several times. */
export function pairsOf(flag: string): Read<Record<string, string>> {
  return (text, before) => {
    const equals = text.indexOf('=');
    if (equals < 1) throw invalid(flag, text, 'NAME=VALUE');
    return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
  };
}

/** `--limit`, for lists that grow. */
export function addLimit(command: Command, standard = 50): Command {
  return command.option(
    '-n, --limit <n>',
    'at most so many, newest first',
    countOf('--limit', { least: 1 }),
    standard,
  );
}
