/**
 * Copies the files that `new artifact` named, when the script has ended. Each
 * copy is announced by its event, so that nobody waits for a file that never
 * was: what can't be copied is told as a warning.
 */
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { AppError, toError } from '@longshore/base';

export interface NamedArtifact {
  name: string;
  path: string;
  /** Where in the output it was named. */
  offset: number;
}

export interface CopyRequest {
  /** What relative paths start from. */
  work: string;
  /** The folder of the copies. */
  folder: string;
  /** The user that the script ran as, where that was another: then only what lies in its own folder may be taken. */
  foreignUser: boolean;
}

/** @throws AppError `notFound` or `forbidden`, naming the path */
export async function copyArtifact(
  artifact: NamedArtifact,
  index: number,
  request: CopyRequest,
): Promise<void> {
  const source = resolve(request.work, artifact.path);
  try {
    if (request.foreignUser) await refuseForeign(source, request.work);
    if (!(await stat(source)).isFile()) throw new AppError('invalid', 'it is not a file');
    await mkdir(request.folder, { recursive: true, mode: 0o700 });
    const target = join(request.folder, String(index));
    await rm(target, { force: true });
    try {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
    } catch (thrown) {
      await rm(target, { force: true });
      throw thrown;
    }
  } catch (thrown) {
    const cause = toError(thrown);
    throw new AppError(
      'notFound',
      `The artifact "${artifact.name || basename(source)}" (${artifact.path}) could not be taken: ${cause.message}`,
      { cause },
    );
  }
}

/** The host may read what the script's user may not: it must not do so on that user's behalf. */
async function refuseForeign(source: string, work: string): Promise<void> {
  if (!source.startsWith(`${work}/`))
    throw new AppError('forbidden', 'a script of another user may name files in its working directory only');
  for (let path = source; path !== work; path = resolve(path, '..')) {
    const facts = await lstat(path);
    if (facts.isSymbolicLink() || (facts.isFile() && facts.nlink > 1))
      throw new AppError('forbidden', 'it is reached through a link');
  }
}
