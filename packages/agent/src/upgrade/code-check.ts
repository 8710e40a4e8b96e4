/**
 * Loads all the code of this version, the native parts too.
 *
 * @throws what the first part that can't be loaded throws
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { AppError } from '@longshore/base';

import { hasNativeSpawn, loadNativeSpawn } from '../runners/process/native-spawn.ts';
import { loadPty } from '../runners/terminal/pty.ts';

export async function loadEverything(folder: string = import.meta.dirname): Promise<number> {
  // The modules of a bundle do nothing until they are called; the sources have no chunks.
  const chunks = readdirSync(folder).filter((name) => /^chunk-.*\.js$/.test(name));
  for (const chunk of chunks) await import(pathToFileURL(join(folder, chunk)).href);
  if (!existsSync(join(folder, 'host-main.js')) && chunks.length > 0)
    throw new AppError('notFound', `there is no script host in ${folder}`);
  if (hasNativeSpawn() && loadNativeSpawn() === null)
    throw new AppError('unavailable', 'its native spawn helper does not load on this machine');
  loadPty();
  return chunks.length;
}
