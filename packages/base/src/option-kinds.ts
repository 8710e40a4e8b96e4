/** The kinds of options: how each reads a flag's or variable's text, and a file's value. Part of `options.ts`. */
import { isIPv6 } from 'node:net';

import { A_DURATION, parseDuration } from './duration.ts';
import { AppError, invalid } from './errors.ts';
import { A_SIZE, formatSize, parseSize } from './size.ts';

export interface OptionKind<T> {
  /** Shown for the value in help: `NAME`, `N`; empty for a flag without a value. */
  placeholder: string;
  /** Given several times, or separated by commas in one variable. */
  multiple: boolean;
  /** @throws AppError `invalid` */
  fromText(text: string, field: string): T;
  /** A value of the configuration file. @throws AppError `invalid` */
  fromFile(value: unknown, field: string): T;
  /** As it would be written in the file. */
  show(value: T): string;
}

export const text: OptionKind<string> = {
  placeholder: 'TEXT',
  multiple: false,
  fromText: (given) => given,
  fromFile(given, field) {
    if (typeof given === 'string') return given;
    if (typeof given === 'number') return String(given);
    throw invalid(field, given, 'a text');
  },
  show: (value) => value,
};

export function integer({ min, max }: { min: number; max: number }): OptionKind<number> {
  const check = (value: number, given: unknown, field: string): number => {
    if (!Number.isSafeInteger(value) || value < min || value > max)
      throw invalid(field, given, range(min, max));
    return value;
  };
  return {
    placeholder: 'N',
    multiple: false,
    fromText: (given, field) => check(/^[+-]?\d+$/.test(given.trim()) ? Number(given) : NaN, given, field),
    fromFile: (given, field) => check(typeof given === 'number' ? given : NaN, given, field),
    show: String,
  };
}

function range(min: number, max: number): string {
  if (max === Number.MAX_SAFE_INTEGER) return `a whole number, ${min} or more`;
  return `a whole number from ${min} to ${max}`;
}

const YES = ['true', 'on', 'yes', '1'];
const NO = ['false', 'off', 'no', '0'];
const YES_OR_NO = 'true or false (also on, off, yes, no)';

export const boolean: OptionKind<boolean> = {
  placeholder: '',
  multiple: false,
  fromText(given, field) {
    const word = given.trim().toLowerCase();
    if (YES.includes(word)) return true;
    if (NO.includes(word)) return false;
    throw invalid(field, given, YES_OR_NO);
  },
  fromFile(given, field) {
    if (typeof given === 'boolean') return given;
    return boolean.fromText(scalar(given, field, YES_OR_NO), field);
  },
  show: String,
};

/** `on` or `off`, always with a value: `--builtin-worker off`. */
export const onOff: OptionKind<boolean> = {
  ...boolean,
  placeholder: 'on|off',
  show: (value) => (value ? 'on' : 'off'),
};

/** Milliseconds, written as `90s`, `10m`, `1h30m`. */
export const duration: OptionKind<number> = {
  placeholder: 'DURATION',
  multiple: false,
  fromText: (given, field) => parseDuration(given, field),
  fromFile: (given, field) => parseDuration(scalar(given, field, A_DURATION), field),
  show: (ms) => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`),
};

/** Bytes, written as `500MB`, `10GiB`. */
export const size: OptionKind<number> = {
  placeholder: 'SIZE',
  multiple: false,
  fromText: (given, field) => parseSize(given, field),
  fromFile: (given, field) => parseSize(scalar(given, field, A_SIZE), field),
  show: formatSize,
};

export function choice<T extends string>(choices: readonly T[]): OptionKind<T> {
  const pick = (given: unknown, field: string): T => {
    const found = choices.find((each) => each === given);
    if (found === undefined) throw invalid(field, given, `one of ${choices.join(', ')}`);
    return found;
  };
  return {
    placeholder: choices.join('|'),
    multiple: false,
    fromText: pick,
    fromFile: pick,
    show: (value) => value,
  };
}

export const list: OptionKind<readonly string[]> = {
  placeholder: 'NAME',
  multiple: true,
  fromText: (given, field) =>
    nonEmpty(
      given.split(',').map((each) => each.trim()),
      given,
      field,
    ),
  fromFile(given, field) {
    if (typeof given === 'string') return list.fromText(given, field);
    if (Array.isArray(given) && given.every((each) => typeof each === 'string' && each !== ''))
      return given as string[];
    throw invalid(field, given, 'a list of texts');
  },
  show: (value) => value.join(','),
};

function nonEmpty(items: string[], given: string, field: string): string[] {
  if (items.some((item) => item === ''))
    throw invalid(field, given, 'names separated by commas, none of them empty');
  return items;
}

export const map: OptionKind<Readonly<Record<string, string>>> = {
  placeholder: 'KEY=VALUE',
  multiple: true,
  fromText(given, field) {
    const pairs = given.split(',').map((pair): [string, string] => {
      const at = pair.indexOf('=');
      if (at < 1) throw invalid(field, given, 'key=value, several separated by commas');
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    });
    return Object.fromEntries(pairs);
  },
  fromFile(given, field) {
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
      return Object.fromEntries(
        Object.entries(given).map(([key, value]) => [key, text.fromFile(value, `${field}.${key}`)]),
      );
    }
    throw invalid(field, given, 'a map of texts');
  },
  show: (value) =>
    Object.entries(value)
      .map(([key, each]) => `${key}=${each}`)
      .join(','),
};

const AN_ADDRESS = 'host:port, such as 0.0.0.0:8080 or [::1]:8080';

/** host:port; `[::1]:80` and `:80` (any host) too. */
export interface Address {
  host: string;
  port: number;
}

export const address: OptionKind<Address> = {
  placeholder: 'HOST:PORT',
  multiple: false,
  fromText: parseAddress,
  fromFile: (given, field) => parseAddress(scalar(given, field, AN_ADDRESS), field),
  show: formatAddress,
};

/** @throws AppError `invalid` */
export function parseAddress(given: string, field: string): Address {
  const [, ipv6, name = '', digits] = /^(?:\[([^[\]\s]+)\]|([^[\]:\s]*)):(\d{1,5})$/.exec(given.trim()) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535 || (ipv6 !== undefined && !isIPv6(ipv6)))
    throw invalid(field, given, AN_ADDRESS);
  return { host: ipv6 ?? (name === '' ? '0.0.0.0' : name), port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A text of the file, or a number as it would be written there. @throws AppError `invalid` */
function scalar(given: unknown, field: string, expected: string): string {
  if (typeof given === 'string') return given;
  if (typeof given === 'number') return String(given);
  throw invalid(field, given, expected);
}

/** Adds what is given again to what was given before. */
export function merge(before: unknown, more: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(more)) return [...(before as unknown[]), ...(more as unknown[])];
  if (typeof before === 'object' && typeof more === 'object') return { ...before, ...more };
  throw new AppError('bug', 'an option that takes several values has neither a list nor a map');
}
