/**
 * Agent packages of other versions, made from this built tree: the same code
 * with another number, or with something broken in it.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  contentsOf,
  minNodeOf,
  packed,
  PROGRAM,
  versionOf,
  type Contents,
} from '../../scripts/local/agent-package.ts';
import { DIRECT } from './passage.ts';

export interface PackageChange {
  /** Stands before the program's own first line. */
  before?: string;
  edit?: (contents: Contents) => void;
  manifest?: Parameters<typeof packed>[1] extends infer T ? Partial<T> : never;
}

/** Which version this tree was built as. */
export function builtVersion(): string {
  return versionOf(DIRECT.root);
}

/** This tree as a package of another version. */
export function packageOf(version: string, { before, edit, manifest = {} }: PackageChange = {}): Buffer {
  const contents = contentsOf(DIRECT.root);
  const built = builtVersion();
  for (const [path, bytes] of contents) {
    if (path.endsWith('.js'))
      contents.set(path, Buffer.from(bytes.toString().replaceAll(`"${built}"`, `"${version}"`)));
  }
  if (before !== undefined) {
    const program =
      contents
        .get(PROGRAM)
        ?.toString()
        .replace(/^#!.*\n/, '') ?? '';
    // Imports are hoisted, so that what comes before must be a module of its own.
    const first = 'packages/agent/bin/before.js';
    contents.set(first, Buffer.from(before));
    contents.set(PROGRAM, Buffer.from(`#!/usr/bin/env node\nimport './before.js';\n${program}`));
  }
  edit?.(contents);
  return packed(contents, { version, minNode: minNodeOf(DIRECT.root), ...manifest });
}

/** @returns its path */
export function writePackage(folder: string, bytes: Buffer): string {
  const file = join(folder, `${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}.package`);
  writeFileSync(file, bytes);
  return file;
}
