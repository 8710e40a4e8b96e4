/** An export on disk: one file, or a folder with a file for each document. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { parse } from 'yaml';

/** @returns the files */
export async function writeExport(yaml: string, to: string): Promise<string[]> {
  const isFolder = /[/\\]$/.test(to) || (await stat(to).catch(() => undefined))?.isDirectory() === true;
  if (!isFolder) {
    await put(to, yaml);
    return [to];
  }
  const taken = new Set<string>();
  const files: string[] = [];
  // Within a document nothing stands at a line's begin but its keys.
  for (const document of yaml.split(/^---\n/m)) {
    const file = join(to, nameOf(document, taken));
    await put(file, document);
    files.push(file);
  }
  return files;
}

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** `Project/Web.yaml`, `Runbook/Web/Restart.yaml`; no name leads out of its folder, or to another's file. */
function nameOf(document: string, taken: Set<string>): string {
  const { kind, name, project } = parse(document) as { kind: string; name: string; project?: string };
  const parts = [kind, ...(kind === 'Runbook' && project !== undefined ? [project] : []), name].map(
    asFileName,
  );
  for (let n = 1; ; n += 1) {
    const path = `${join(...parts)}${n === 1 ? '' : `-${n}`}.yaml`;
    // Some disks don't tell case apart.
    if (taken.has(path.toLowerCase())) continue;
    taken.add(path.toLowerCase());
    return path;
  }
}

function asFileName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}_. -]/gu, '_').replace(/^\.+/, '_');
}
