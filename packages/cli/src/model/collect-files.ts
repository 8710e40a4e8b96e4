/**
 * Files for `longshore apply`: YAML by file, folder or standard input, and the
 * scripts that it names (`script: { file: ./deploy.sh }`), which are sent along
 * as they are, so that lines in errors are those of the files.
 *
 * Always true: nothing is read from outside of the folder that was given with
 * -f (of a file: its folder), whatever a YAML file or a link says.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';

import { AppError, invalid, toError } from '@longshore/base';

import { limits } from '../limits.ts';
import { scriptsNamedIn } from './named-scripts.ts';

export interface SentFile {
  path: string;
  text: string;
}

const YAML = /\.ya?ml$/i;

export async function collectFiles(
  given: readonly string[],
  stdin: AsyncIterable<Buffer | string>,
): Promise<SentFile[]> {
  const files = new Map<string, SentFile>();
  for (const path of given) {
    for (const { file, root } of await yamlFiles(path)) {
      const text = file === '-' ? decoded(await readAll(stdin), '-') : await readText(file, root);
      files.set(file, { path: file, text });
      for (const script of scriptsNamedIn(text)) {
        const at = `${file}:${script.line}:${script.column}`;
        const path = normalize(join(file === '-' ? '.' : dirname(file), script.file));
        if (isAbsolute(script.file)) throw invalid(`${at}: file`, script.file, 'a path from this file on');
        if (!files.has(path)) files.set(path, { path, text: await readText(path, root, at) });
      }
    }
  }
  if (files.size === 0) throw invalid('-f', given.join(' '), 'files or folders with *.yaml or *.yml in them');
  const all = [...files.values()].map((file) => ({ ...file, path: file.path.split(sep).join('/') }));
  if (all.reduce((sum, { text }) => sum + text.length, 0) > limits.fileBytes)
    throw invalid(
      '-f',
      given.join(' '),
      `at most ${limits.fileBytes} bytes in all; apply them in several parts`,
    );
  return all;
}

async function yamlFiles(path: string): Promise<{ file: string; root: string }[]> {
  if (path === '-') return [{ file: '-', root: '.' }];
  const found = await stat(path).catch((thrown: unknown) => {
    throw invalid('-f', path, `a file or folder that can be read (${toError(thrown).message})`);
  });
  if (!found.isDirectory()) return [{ file: path, root: dirname(path) }];
  const files = await below(path);
  return files.sort().map((file) => ({ file, root: path }));
}

/** Hidden ones and links to folders are left out. */
async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries
      .filter(({ name }) => !name.startsWith('.'))
      .map(async (entry) => {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) return below(path);
        return YAML.test(entry.name) && (entry.isFile() || entry.isSymbolicLink()) ? [path] : [];
      }),
  );
  return found.flat();
}

/** @param at where the file is named, when YAML names it */
async function readText(path: string, root: string, at?: string): Promise<string> {
  const field = at === undefined ? '-f' : `${at}: file`;
  try {
    const [real, top] = await Promise.all([realpath(path), realpath(root)]);
    const way = relative(top, real);
    if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way))
      throw invalid(field, path, `a file within ${root}, which was given with -f`);
    return decoded(await readFile(real), path);
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw invalid(field, path, `a file that can be read (${toError(thrown).message})`);
  }
}

async function readAll(input: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of input) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

function decoded(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('-f', path, 'UTF-8 text');
  }
}
