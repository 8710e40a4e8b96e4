/**
 * An agent package (protocol/agent-package.ts) made from a built tree: the
 * bundles, the functions for scripts, and the native parts for the machine
 * that built it. The same tree makes the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

import { DATA_FORMAT } from '@longshore/agent/contract/versions';
import type { PackageManifest } from '@longshore/protocol/agent-package';

export const PROGRAM = 'packages/agent/bin/longshore-agent.js';

/** What goes into it, where it is there: files and folders below the tree's root. */
const PARTS = [
  'packages/agent/package.json',
  'packages/agent/bin',
  'packages/agent/dist',
  'packages/agent/native/build/Release/spawn.node',
  'packages/base/package.json',
  'packages/base/bin/start.js',
  // Of node-pty only what runners/terminal/pty.ts loads.
  'node_modules/node-pty/package.json',
  'node_modules/node-pty/LICENSE',
  'node_modules/node-pty/lib/utils.js',
  'node_modules/node-pty/build/Release/pty.node',
];

export type Contents = Map<string, Buffer>;

/** The files of a built tree, by path. */
export function contentsOf(root: string): Contents {
  if (!existsSync(join(root, 'packages/agent/dist/main.js')))
    throw new Error(`the agent is not built in ${root}: run npm run build`);
  const contents: Contents = new Map();
  const add = (path: string): void => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) for (const name of readdirSync(path).sort()) add(join(path, name));
    else if (stat?.isFile() === true && !/\.map$|\/\.inputs$/.test(path))
      contents.set(relative(root, path), readFileSync(path));
  };
  for (const part of PARTS) add(join(root, part));
  return contents;
}

/** Which version a built tree is. */
export function versionOf(root: string): string {
  return execFileSync(process.execPath, [join(root, PROGRAM), '--version'], { encoding: 'utf8' }).trim();
}

export function packed(
  contents: Contents,
  about: { version: string; minNode: string } & Partial<PackageManifest>,
): Buffer {
  const files = [...contents].map(([path, bytes]) => ({
    path,
    length: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    executable: path === PROGRAM,
  }));
  const manifest: PackageManifest = {
    format: 1,
    name: 'longshore-agent',
    os: process.platform,
    arch: process.arch,
    dataFormat: DATA_FORMAT.writes,
    program: PROGRAM,
    files,
    ...about,
  };
  return gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(manifest)}\n`), ...contents.values()]), {
    level: 9,
  });
}

/** `22.18.0` of `>=22.18`. */
export function minNodeOf(root: string): string {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [major = '0', minor = '0', patch = '0'] = engines.node.replace(/^>=/, '').split('.');
  return `${major}.${minor}.${patch}`;
}
