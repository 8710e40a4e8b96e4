/**
 * The link process becomes another version of itself: the same process (pid,
 * arguments, environment, standard streams) goes on with other code, so that
 * whoever watches over it (systemd, a container's supervisor) sees no end.
 */
import { realpathSync } from 'node:fs';

import { AppError } from '@longshore/base';

import type { Program } from '../contract/versions.ts';
import { AGENT_VERSION } from '../contract/version.ts';

/** This very program. */
export function ownProgram(): Program {
  return { version: AGENT_VERSION, file: realpathSync(process.argv[1] ?? '') };
}

/** Everything that is held must have been given back: nothing of this program runs after it. */
export function become(
  { file }: Pick<Program, 'file'>,
  args: readonly string[] = process.argv.slice(2),
): never {
  if (process.execve === undefined)
    throw new AppError('unavailable', `this Node can't go on as ${file} in the same process`);
  return process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, file, ...args],
    process.env,
  );
}
