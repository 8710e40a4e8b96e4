/**
 * One option table a program: it yields flags, environment names, keys of the
 * configuration file, defaults, `--help` and the documentation page
 * (`option-docs.ts`).
 *
 *   const TABLE = { dataDir: option.text({ default: './data', description: '…' }), … };
 *   const { values } = await resolveOptions(TABLE, { program: 'longshore-server', envPrefix: 'LONGSHORE_', argv, env });
 *
 * A key `dataDir` is the flag `--data-dir`, the variable `LONGSHORE_DATA_DIR`
 * and the file key `dataDir`. A flag goes before a variable, a variable
 * before the file, the file before the default. What nobody knows is refused
 * with the nearest name. A secret never comes by a flag (others on the machine
 * can read it), but for tables that allow it: by variable, by file, or by
 * `--NAME-file` and `NAME_FILE`, which name a file that holds it.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { AppError, invalid, toError } from './errors.ts';
import * as kinds from './option-kinds.ts';
import type { Address, OptionKind } from './option-kinds.ts';
import {
  envOf,
  flagOf,
  type Option,
  type OptionSpec,
  type OptionTable,
  type OptionValues,
} from './option-table.ts';
import { nearest } from './nearest.ts';

export { formatAddress, parseAddress, type Address } from './option-kinds.ts';
export { helpText, markdownPage, type HelpHead } from './option-docs.ts';
export {
  envOf,
  flagOf,
  type Option,
  type OptionSpec,
  type OptionTable,
  type OptionValues,
} from './option-table.ts';

type With<T> = OptionSpec<T> & { default: T };

function maker<T>(kind: OptionKind<T>): {
  (spec: With<T>): Option<T, true>;
  (spec: OptionSpec<T>): Option<T, false>;
} {
  return (spec: OptionSpec<T>) => ({ ...spec, kind });
}

/** One maker for each kind of option. */
export const option = {
  text: maker(kinds.text),
  boolean: maker(kinds.boolean),
  onOff: maker(kinds.onOff),
  duration: maker(kinds.duration),
  size: maker(kinds.size),
  list: maker(kinds.list),
  map: maker(kinds.map),
  address: maker<Address>(kinds.address),
  integer<S extends OptionSpec<number> & { min?: number; max?: number }>(
    spec: S,
  ): Option<number, S extends { default: number } ? true : false> {
    return { ...spec, kind: kinds.integer({ min: spec.min ?? 0, max: spec.max ?? Number.MAX_SAFE_INTEGER }) };
  },
  choice<T extends string, S extends Omit<OptionSpec<T>, 'check'>>(
    choices: readonly T[],
    spec: S,
  ): Option<T, S extends { default: T } ? true : false> {
    return { ...spec, kind: kinds.choice(choices) };
  },
};

export type OptionSource = 'flag' | 'environment' | 'file' | 'default';

export interface OptionInput {
  /** For messages and help: `longshore-agent register`. */
  program: string;
  /** `LONGSHORE_`. */
  envPrefix: string;
  /** Without node and the script. */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Key of the option that names the configuration file, `config` by default. */
  fileOption?: string;
  /** Keys in the file that belong to another command of the program, and are passed over. */
  otherKeys?: readonly string[];
  /** For tests. */
  readText?: (path: string) => Promise<string>;
}

export interface ResolvedOptions<Table extends OptionTable> {
  readonly values: OptionValues<Table>;
  readonly sources: Readonly<Record<keyof Table, OptionSource>>;
  readonly positionals: readonly string[];
  /** `--help` or `-h` was given: nothing was checked, and all values are defaults. */
  readonly help: boolean;
}

const LONGEST_NAME_SHOWN = 100;
/** Of letters after one dash: with the value of the last one, a path perhaps. */
const LONGEST_GROUP_CHARACTERS = 4096;

interface Given {
  value: unknown;
  source: OptionSource;
  /** As the user gave it: `--task-cap`, `LONGSHORE_TASK_CAP`, `taskCap in config.yaml`. */
  field: string;
}

/** @throws AppError `invalid`, naming the option as the user gave it, the value (not a secret's) and what would be right */
export async function resolveOptions<Table extends OptionTable>(
  table: Table,
  input: OptionInput,
): Promise<ResolvedOptions<Table>> {
  const { given: flags, positionals, help } = readFlags(table, input.argv);
  const given = new Map<string, Given>();
  if (!help) {
    const environment = readEnvironment(table, input);
    const fileKey = input.fileOption ?? 'config';
    const path = flags.get(fileKey) ?? environment.get(fileKey);
    const file =
      path === undefined ? new Map<string, Given>() : await readConfigFile(table, String(path.value), input);
    for (const source of [file, environment, flags]) for (const [key, value] of source) given.set(key, value);
    await readSecretFiles(table, given, input);
  }
  const values: Record<string, unknown> = {};
  const sources: Record<string, OptionSource> = {};
  for (const [key, spec] of Object.entries(table)) {
    const found = given.get(key) ?? { value: spec.default as unknown, source: 'default', field: key };
    values[key] = found.value;
    sources[key] = found.source;
    const expected = found.value === undefined ? undefined : spec.check?.(found.value);
    if (expected !== undefined) throw wrong(spec, found.field, { value: found.value, expected });
  }
  return Object.freeze({
    values: Object.freeze(values) as OptionValues<Table>,
    sources: Object.freeze(sources) as Record<keyof Table, OptionSource>,
    positionals,
    help,
  });
}

function readFlags(
  table: OptionTable,
  argv: readonly string[],
): { given: Map<string, Given>; positionals: string[]; help: boolean } {
  const keys = new Map<string, string>();
  const options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple: true }> = {
    help: { type: 'boolean', short: 'h', multiple: true },
  };
  for (const [key, spec] of Object.entries(table)) {
    keys.set(flagOf(key), key);
    options[flagOf(key)] = {
      type: spec.kind.placeholder === '' ? 'boolean' : 'string',
      multiple: true,
      ...(spec.short === undefined ? {} : { short: spec.short }),
    };
    if (spec.secret === true) options[`${flagOf(key)}-file`] = { type: 'string', multiple: true };
  }
  // Each letter is taken apart, at a cost that grows with its square.
  const endless = argv.find((word) => /^-[^-]/.test(word) && word.length > LONGEST_GROUP_CHARACTERS);
  if (endless !== undefined) throw unknown(cut(endless), []);
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
    allowNegative: true,
  });
  const given = new Map<string, Given>();
  let help = false;
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (token.name === 'help') help = true;
    else takeFlag(token, { table, keys, options, given });
  }
  return { given, positionals, help };
}

interface FlagToken {
  name: string;
  rawName: string;
  value?: string | undefined;
}

interface FlagContext {
  table: OptionTable;
  keys: Map<string, string>;
  options: Record<string, unknown>;
  given: Map<string, Given>;
}

function takeFlag(token: FlagToken, { table, keys, options, given }: FlagContext): void {
  const negated = token.rawName.startsWith('--no-') && !Object.hasOwn(options, token.name);
  const name = negated ? token.name.replace(/^no-/, '') : token.name;
  if (!Object.hasOwn(options, name))
    throw unknown(
      cut(token.rawName),
      Object.keys(options).map((each) => `--${each}`),
    );
  const key = keys.get(name);
  if (key === undefined) {
    given.set(name, { value: requireValue(token), source: 'flag', field: token.rawName });
    return;
  }
  const spec = table[key] as Option<unknown>;
  const field = token.rawName;
  if (spec.secret === true && spec.flagAllowed !== true) {
    throw new AppError(
      'invalid',
      `--${name} is secret, and others on this machine can read a command line; give a file that holds it by --${name}-file, or set it in the environment or the configuration file`,
    );
  }
  if (spec.kind.placeholder === '') {
    given.set(key, {
      value:
        token.value === undefined
          ? !token.rawName.startsWith('--no-')
          : spec.kind.fromText(token.value, field),
      source: 'flag',
      field,
    });
    return;
  }
  const value = readText(spec, field, requireValue(token));
  const before = given.get(key);
  given.set(key, {
    value: before !== undefined && spec.kind.multiple ? kinds.merge(before.value, value) : value,
    source: 'flag',
    field,
  });
}

function requireValue(token: FlagToken): string {
  if (token.value === undefined)
    throw new AppError('invalid', `${token.rawName} needs a value`, {
      fields: [{ field: token.rawName, expected: 'a value' }],
    });
  return token.value;
}

function readEnvironment(table: OptionTable, { env, envPrefix }: OptionInput): Map<string, Given> {
  const given = new Map<string, Given>();
  for (const [key, spec] of Object.entries(table)) {
    const name = envOf(key, envPrefix);
    const value = env[name];
    if (value !== undefined && value !== '')
      given.set(key, { value: readText(spec, name, value), source: 'environment', field: name });
    const file = env[`${name}_FILE`];
    if (spec.secret === true && file !== undefined && file !== '')
      given.set(`${flagOf(key)}-file`, { value: file, source: 'environment', field: `${name}_FILE` });
  }
  return given;
}

async function readConfigFile(
  table: OptionTable,
  path: string,
  input: OptionInput,
): Promise<Map<string, Given>> {
  const content = await readNamed(path, 'the configuration file', input);
  // Only who has a file needs the parser.
  const { readYamlMap } = await import('./yaml-map.ts');
  const given = new Map<string, Given>();
  for (const [key, value] of readYamlMap(content, `the configuration file ${path}`)) {
    const spec = Object.hasOwn(table, key) ? table[key] : undefined;
    if (spec === undefined && input.otherKeys?.includes(key) === true) continue;
    const field = `${cut(key)} in ${path}`;
    if (spec === undefined) throw unknown(field, Object.keys(table), key);
    if (value === null) continue;
    const read = hideSecret(spec, field, () => spec.kind.fromFile(value, field) as unknown);
    given.set(key, { value: read, source: 'file', field });
  }
  return given;
}

/** What a flag or variable named as the file of a secret goes before the configuration file's. */
async function readSecretFiles(
  table: OptionTable,
  given: Map<string, Given>,
  input: OptionInput,
): Promise<void> {
  for (const [key, spec] of Object.entries(table)) {
    const file = given.get(`${flagOf(key)}-file`);
    if (spec.secret !== true || file === undefined || given.get(key)?.source === 'flag') continue;
    const { source, field } = file;
    const content = await readNamed(String(file.value), `the file of ${field}`, input);
    given.set(key, { value: readText(spec, field, content.trim()), source, field });
  }
}

async function readNamed(path: string, what: string, { readText: read }: OptionInput): Promise<string> {
  try {
    return await (read === undefined ? readFile(path, 'utf8') : read(path));
  } catch (thrown) {
    // Not as the cause, which would be shown as it is: a secret may stand in the place of the path.
    throw new AppError('invalid', `${what}, ${path}, can't be read: ${toError(thrown).message}`);
  }
}

function readText(spec: Option<unknown>, field: string, value: string): unknown {
  return hideSecret(spec, field, () => spec.kind.fromText(value, field));
}

/** An error about a secret must not show it. */
function hideSecret<T>(spec: Option<unknown>, field: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (spec.secret !== true || !(thrown instanceof AppError)) throw thrown;
    throw wrong(spec, field, { value: undefined, expected: thrown.fields[0]?.expected ?? 'another value' });
  }
}

function wrong(
  spec: Option<unknown>,
  field: string,
  { value, expected }: { value: unknown; expected: string },
): AppError {
  if (spec.secret === true)
    return new AppError('invalid', `${field}: the value (not shown) is not right; expected ${expected}`, {
      fields: [{ field, expected }],
    });
  return invalid(field, value, expected);
}

/** Of a name that can't be ours the beginning is enough. */
function cut(name: string): string {
  return name.length > LONGEST_NAME_SHOWN ? `${name.slice(0, LONGEST_NAME_SHOWN)}…` : name;
}

function unknown(given: string, known: readonly string[], word = given): AppError {
  const near = nearest(word, known);
  return new AppError(
    'invalid',
    `there is no option ${given}${near === undefined ? '' : `; did you mean ${near}?`}`,
    {
      fields: [{ field: given, expected: near === undefined ? 'an option that --help lists' : near }],
    },
  );
}
