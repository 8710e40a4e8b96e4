/** Takes an upload for an agent package only when every file in it is what its manifest says. */
import { createHash } from 'node:crypto';

import { AppError, isCode } from '@longshore/base';
import { LARGEST_PACKAGE_BYTES, readPackage, type PackageManifest } from '@longshore/protocol/agent-package';

import type { PackageReader } from '../app/ports/packages.ts';

export const packageReader: PackageReader = async (upload) => {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of upload) {
    length += part.length;
    if (length > LARGEST_PACKAGE_BYTES)
      throw new AppError('tooLarge', `An agent package has at most ${LARGEST_PACKAGE_BYTES} bytes`);
    parts.push(part);
  }
  const bytes = Buffer.concat(parts, length);
  const manifest = await checked(parts).catch((thrown: unknown) => {
    // Damaged is what was sent, not what we keep.
    if (isCode(thrown, 'corrupt')) throw new AppError('invalid', thrown.message, { cause: thrown });
    throw thrown;
  });
  const { version, os, arch, minNode } = manifest;
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { version, os, arch, minNode, digest, bytes };
};

async function checked(parts: Uint8Array[]): Promise<PackageManifest> {
  const { manifest, files } = await readPackage(pieces(parts));
  for await (const { file } of files)
    if (file.path === '') throw new AppError('bug', 'a file without a path');
  return manifest;
}

async function* pieces(parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}
