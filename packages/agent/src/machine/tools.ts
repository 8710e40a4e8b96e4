/**
 * Which tools this machine has: found on the PATH at once (a look at a few
 * folders), their versions by asking them, later and one at a time.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter } from 'node:path';

import { TOOL_TIMEOUT_MS } from '../limits.ts';

/** What a step may require, with how each tells its version. */
const VERSION_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  bash: ['--version'],
  sh: [],
  python3: ['--version'],
  node: ['--version'],
  pwsh: ['--version'],
  docker: ['--version'],
  podman: ['--version'],
  git: ['--version'],
  kubectl: ['version', '--client'],
  helm: ['version', '--short'],
  terraform: ['version'],
  tofu: ['version'],
  ansible: ['--version'],
  aws: ['--version'],
  az: ['--version'],
  gcloud: ['--version'],
  dotnet: ['--version'],
  java: ['-version'],
};

export interface FoundTool {
  name: string;
  path: string;
  /** Changes when the file does: its version is asked for again. */
  stamp: string;
}

export function findTools(searchPath = process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'): FoundTool[] {
  const folders = searchPath.split(delimiter).filter((folder) => folder !== '');
  const found: FoundTool[] = [];
  for (const name of Object.keys(VERSION_ARGUMENTS)) {
    // Not `join`: some hundred calls of it at each start have V8 load its optimizing compiler (7 MB) for it.
    const path = folders.map((folder) => `${folder}/${name}`).find(isExecutable);
    if (path === undefined) continue;
    const { size, mtimeMs } = statSync(path);
    found.push({ name, path, stamp: `${path} ${size} ${mtimeMs}` });
  }
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** `5.2.15`; empty when it does not say in time, or `signal` is aborted first: then it is ended. */
export async function versionOf({ name, path }: FoundTool, signal?: AbortSignal): Promise<string> {
  const args = VERSION_ARGUMENTS[name] ?? [];
  if (args.length === 0) return '';
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    const child = execFile(
      path,
      [...args],
      { timeout: TOOL_TIMEOUT_MS, killSignal: 'SIGKILL', encoding: 'utf8', signal },
      (_error, stdout, stderr) => {
        resolve(versionIn(stdout === '' ? stderr : stdout));
      },
    );
    child.stdin?.end();
  });
}

/** A version stands at the beginning of what a tool says of itself. */
const LOOKED_AT_CHARACTERS = 2048;
const LONGEST_VERSION_CHARACTERS = 64;

/** The first version in the text; empty where there is none. */
export function versionIn(text: string): string {
  const found = /\d+(?:\.\d+)+[-+\w.]*/.exec(text.slice(0, LOOKED_AT_CHARACTERS));
  return found?.[0].slice(0, LONGEST_VERSION_CHARACTERS) ?? '';
}
