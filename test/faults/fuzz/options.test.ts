/** Options of the programs, wherever they come from: arguments, environment, the YAML configuration file, files of secrets. */
import { expect } from '@jest/globals';
import { isCode } from '@longshore/base';
import {
  envOf,
  flagOf,
  type Option,
  type OptionTable,
  type ResolvedOptions,
  resolveOptions,
} from '@longshore/base/options';
import { OPTIONS } from '@longshore/server/config';
import { parseDocument } from 'yaml';

import { TABLES } from '../../../packages/agent/src/config.ts';
import { corpusOf, fuzzEach, texts } from './target.ts';

/** Both programs' options in one table: all kinds of options are there. */
const TABLE: OptionTable = { ...TABLES.configure, ...TABLES.upgrade, ...TABLES.run, ...OPTIONS };
const SECRETS = Object.keys(TABLE).filter((key) => TABLE[key]?.secret === true);
const WORDS = [
  ...Object.keys(TABLE).flatMap((key) => [key, `--${flagOf(key)}`, envOf(key, 'LONGSHORE_')]),
  ...[
    'hunter2',
    ': ',
    '\n',
    ' ',
    ',',
    '=',
    '- ',
    '&a ',
    '*a',
    '!!str ',
    '|\n ',
    '"',
    '{',
    '}',
    '[',
    ']',
    '--no-',
  ],
];

interface Given {
  argv?: string[];
  env?: Record<string, string>;
  /** What every file says. */
  file?: string;
}

function resolve({ argv = [], env = {}, file = '' }: Given): Promise<ResolvedOptions<OptionTable>> {
  return resolveOptions(TABLE, {
    ...{ program: 'test', envPrefix: 'LONGSHORE_', argv, env },
    readText: async () => file,
  });
}

/**
 * Taken: each value is of its kind, and reads the same from how it is shown.
 * Refused: the option is named as it was given, and no secret is shown.
 *
 * @param isPublic whether the secret word stands where no secret belongs: there it may be shown
 */
async function resolved(given: Given, isPublic: () => boolean): Promise<void> {
  try {
    const { values } = await resolve(given);
    for (const [key, spec] of Object.entries(TABLE)) isOfItsKind(key, spec as Option<unknown>, values[key]);
  } catch (thrown) {
    if (!isCode(thrown, 'invalid')) throw thrown;
    expect(thrown.message).toMatch(/-|LONGSHORE_[A-Z_]+|\w* in FILE|the configuration file FILE/);
    const said = JSON.stringify([thrown.message, thrown.fields, thrown.detail, String(thrown.cause)]);
    if (said.includes('hunter2')) expect(isPublic()).toBe(true);
    throw thrown;
  }
}

function isOfItsKind(key: string, spec: Option<unknown>, value: unknown): void {
  if (value === undefined) return;
  const shown = spec.kind.show(value);
  const { kind } = spec;
  if (!kind.multiple) expect(kind.fromText(shown, key)).toEqual(value);
  else if (Array.isArray(value)) expect(value.every((each) => typeof each === 'string')).toBe(true);
  else expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
}

/** One argument a line. */
function argumentsIn(input: Buffer): string[] {
  return input.toString().split('\n');
}

/** The word stands in an argument that is no secret option's. */
function isPublicArgument(argv: readonly string[]): boolean {
  const flags = SECRETS.map((key) => `--${flagOf(key)}`);
  return argv.some(
    (word, i) =>
      word.includes('hunter2') &&
      !flags.some((flag) => word.startsWith(`${flag}=`)) &&
      !flags.includes(argv[i - 1] ?? ''),
  );
}

function environmentIn(input: Buffer): Record<string, string> {
  const lines = input.toString().split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function isPublicVariable(env: Record<string, string>): boolean {
  const secret = SECRETS.flatMap((key) => [envOf(key, 'LONGSHORE_')]);
  return Object.entries(env).some(([name, value]) => value.includes('hunter2') && !secret.includes(name));
}

/** The word stands outside of the values of secret options; never so in a text that is not YAML. */
function isPublicInYaml(text: string): boolean {
  const document = parseDocument(text, { logLevel: 'silent' });
  if (document.errors.length + document.warnings.length > 0) return false;
  const value = document.toJS() as unknown;
  if (typeof value !== 'object' || value === null) return false;
  const rest = Object.entries(value).map(([key, each]) => [
    key,
    SECRETS.includes(key) ? '' : (each as unknown),
  ]);
  return JSON.stringify(rest).includes('hunter2');
}

fuzzEach([
  {
    name: 'arguments',
    corpus: texts(
      'run\n--data-dir\n/d\n--pool\na\n--pool=b\n--label\nx=1\n--label\ny=2\n--listen\n[::1]:10933\n--ephemeral',
      '--task-cap=5\n--log-check-interval\n1m30s\n--largest-log\n1GiB\n--builtin-worker\noff\n--no-open-metrics\n-c\nFILE',
      '--database\nhunter2\n--token=hunter2\n--token-file\nFILE\n--help',
    ),
    words: [...WORDS, '--toString', '--constructor=', '--__proto__', '-h', '--'],
    cost: 2,
    read(input) {
      const argv = argumentsIn(input);
      return resolved({ argv, file: 'name: a' }, () => isPublicArgument(argv));
    },
  },
  {
    name: 'environments',
    corpus: texts(
      'LONGSHORE_POOL=a,b\nLONGSHORE_LABEL=x=1,y=2\nLONGSHORE_LISTEN=0.0.0.0:1\nLONGSHORE_EPHEMERAL=yes',
      'LONGSHORE_TASK_CAP=5\nLONGSHORE_LARGEST_LOG=1GiB\nLONGSHORE_LOG_CHECK_INTERVAL=1h\nLONGSHORE_OPEN_METRICS=1',
      'LONGSHORE_DATABASE=hunter2\nLONGSHORE_MASTER_KEY=hunter2\nLONGSHORE_TOKEN=lst_hunter2',
      'LONGSHORE_TOKEN_FILE=FILE\nLONGSHORE_LOG_LEVEL=debug',
    ),
    words: WORDS,
    read(input) {
      const env = environmentIn(input);
      return resolved({ env, file: 'x' }, () => isPublicVariable(env));
    },
  },
  {
    name: 'configuration files (YAML)',
    corpus: corpusOf('yaml'),
    words: WORDS,
    cost: 3,
    read(input) {
      const file = input.toString();
      return resolved({ argv: ['--config', 'FILE'], file }, () => isPublicInYaml(file));
    },
  },
  {
    name: 'files of secrets',
    corpus: texts('postgres://u:hunter2@db/x\n', 'sqlite', ''),
    read(input) {
      const file = input.toString();
      return resolved({ argv: ['--database-file', 'FILE'], file }, () => false);
    },
  },
]);
