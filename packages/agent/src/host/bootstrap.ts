/**
 * How a script is started with the helper functions in reach: the arguments,
 * the environment and the variables file for each interpreter.
 *
 * Always true: no variable's value is in the arguments or the environment, only
 * the path of the file (0600) that holds them; the script's own path is what it
 * sees as its name, and its line numbers and exit code are its own.
 *
 *   bash    BASH_ENV reads the functions' names before the script
 *   sh      reads nothing by itself: `sh -c` reads the functions, then the script
 *   python  PYTHONPATH has a sitecustomize that makes the functions built in
 *   node    NODE_PATH, so that require('longshore') finds them
 *   pwsh    a script that reads the functions, then the script
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { AppError } from '@longshore/base';
import { Interpreter, type Variable } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { ATTEMPT_TAG } from '../contract/host-record.ts';

export interface ScriptRequest {
  attemptId: string;
  interpreter: Interpreter;
  /** Absolute path, as `findInterpreter` gives it. */
  interpreterPath: string;
  /** Absolute path of the script, which is there already. */
  scriptFile: string;
  arguments: readonly string[];
  /** What the task asks for, over `baseEnvironment`. */
  environment: Readonly<Record<string, string>>;
  variables: readonly Variable[];
  /** What every script gets: PATH, HOME, LANG and the like. */
  baseEnvironment: Readonly<Record<string, string>>;
  /** The laid functions of this version (helper-files.ts). */
  helpers: string;
  /** A folder of the attempt, 0700, on tmpfs where there is one. */
  secretsFolder: string;
}

export interface PreparedScript {
  argv: string[];
  env: Record<string, string>;
  /** To be written before the start, with this mode, and owned by the user that runs the script. */
  files: { path: string; bytes: Buffer; mode: number }[];
}

/** Names to look for, best first. */
const PROGRAMS: Record<Interpreter, readonly string[]> = {
  [Interpreter.UNSPECIFIED]: ['bash'],
  [Interpreter.BASH]: ['bash'],
  [Interpreter.SH]: ['sh'],
  [Interpreter.PYTHON]: ['python3', 'python'],
  [Interpreter.NODE]: ['node'],
  [Interpreter.POWERSHELL]: ['pwsh'],
};

const READ_SH = '. "$LONGSHORE_HELPERS/sh/longshore.sh"; . "$0"';

/**
 * The interpreter's absolute path on `searchPath`.
 *
 * @throws AppError `notFound` that names the tool
 */
export function findInterpreter(interpreter: Interpreter, searchPath: string): string {
  const names = PROGRAMS[interpreter] as readonly string[] | undefined;
  if (names === undefined)
    throw new AppError('invalid', `interpreter ${interpreter} is not known to this agent`);
  for (const name of names) {
    for (const folder of searchPath.split(delimiter)) {
      if (folder.startsWith('/') && isProgram(join(folder, name))) return join(folder, name);
    }
  }
  throw new AppError('notFound', `${names.join(' or ')} is not on this machine's PATH`, {
    detail: { tool: names[0] },
  });
}

export function prepareScript(request: ScriptRequest): PreparedScript {
  const { interpreterPath, scriptFile, helpers } = request;
  const variablesFile = join(request.secretsFolder, 'variables');
  const env: Record<string, string> = {
    ...request.baseEnvironment,
    ...request.environment,
    [ATTEMPT_TAG]: request.attemptId,
    LONGSHORE_HELPERS: helpers,
    LONGSHORE_VARIABLES: variablesFile,
  };
  const prepared: PreparedScript = {
    argv: [interpreterPath, scriptFile, ...request.arguments],
    env,
    files: [{ path: variablesFile, bytes: variablesText(request.variables), mode: 0o600 }],
  };
  switch (request.interpreter) {
    case Interpreter.UNSPECIFIED:
    case Interpreter.BASH:
      putAside(env, 'BASH_ENV');
      env['BASH_ENV'] = join(helpers, 'bash', 'longshore.sh');
      break;
    case Interpreter.SH:
      prepared.argv = [interpreterPath, '-c', READ_SH, scriptFile, ...request.arguments];
      prepared.files.push({
        path: `${variablesFile}.sh`,
        bytes: shellVariables(request.variables),
        mode: 0o600,
      });
      break;
    case Interpreter.PYTHON: {
      const before = putAside(env, 'PYTHONPATH');
      env['PYTHONPATH'] = [join(helpers, 'python'), ...(before ? [before] : [])].join(delimiter);
      break;
    }
    case Interpreter.NODE:
      env['NODE_PATH'] = [join(helpers, 'node'), ...(env['NODE_PATH'] ? [env['NODE_PATH']] : [])].join(
        delimiter,
      );
      break;
    case Interpreter.POWERSHELL:
      prepared.argv = [
        interpreterPath,
        ...['-NoLogo', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File'],
        join(helpers, 'powershell', 'Bootstrap.ps1'),
        scriptFile,
        ...request.arguments,
      ];
      break;
  }
  return prepared;
}

/** What the task itself asks for under a name that we need: the functions put it back. */
function putAside(env: Record<string, string>, name: string): string | undefined {
  const value = env[name];
  if (value !== undefined) env[`LONGSHORE_${name}`] = value;
  return value;
}

/** NAME NUL VALUE NUL …: no value can hold a NUL that a shell could take. */
function variablesText(variables: readonly Variable[]): Buffer {
  return Buffer.from(
    variables.map(({ name, value }) => `${withoutNul(name)}\0${withoutNul(value)}\0`).join(''),
  );
}

/** For a shell that can't read NULs: a function that sets `__longshore_value` by name. */
function shellVariables(variables: readonly Variable[]): Buffer {
  const cases = variables.map(
    ({ name, value }) => `${quoted(name)}) __longshore_value=${quoted(value)} ;;\n`,
  );
  return Buffer.from(`__longshore_lookup() {\ncase "$1" in\n${cases.join('')}*) return 1 ;;\nesac\n}\n`);
}

function quoted(text: string): string {
  return `'${withoutNul(text).replaceAll("'", `'\\''`)}'`;
}

function withoutNul(text: string): string {
  return text.replaceAll('\0', '');
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
