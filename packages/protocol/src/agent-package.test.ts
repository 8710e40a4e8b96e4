import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { readPackage, type PackageManifest } from './agent-package.ts';

const A = Buffer.from('first file');
const B = Buffer.alloc(100_000, 7);

function manifest(change: Partial<PackageManifest> = {}): PackageManifest {
  const file = (path: string, content: Buffer) => ({
    ...{ path, length: content.length, executable: false },
    sha256: createHash('sha256').update(content).digest('hex'),
  });
  return {
    ...{ format: 1, name: 'longshore-agent', version: '1.2.3+a', minNode: '22.18.0' },
    ...{ os: 'linux', arch: 'x64', dataFormat: 1, program: 'bin/a.js' },
    files: [file('bin/a.js', A), file('lib/b', B)],
    ...change,
  };
}

function packed(of: object = manifest(), content: Buffer[] = [A, B]): Buffer {
  return gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(of)}\n`), ...content]));
}

async function* inParts(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function contents(bytes: Buffer, size = 1000): Promise<Map<string, Buffer>> {
  const { files } = await readPackage(inParts(bytes, size));
  const found = new Map<string, Buffer>();
  for await (const { file, content } of files) found.set(file.path, content);
  return found;
}

describe('an agent package', () => {
  test.each([1, 7, 4096, 1_000_000])('comes back whole, in parts of %i bytes', async (size) => {
    expect([...(await contents(packed(), size))]).toEqual([
      ['bin/a.js', A],
      ['lib/b', B],
    ]);
  });

  test.each<[string, Buffer, RegExp]>([
    ['that ends too early', packed().subarray(0, 120), /end of file/],
    ['that lacks its last bytes', packed(manifest(), [A, B.subarray(1)]), /it ends too early/],
    ['with something behind', packed(manifest(), [A, B, A]), /something follows/],
    ['whose file is another', packed(manifest(), [Buffer.from('FIRST file'), B]), /what its SHA-256 says/],
    ['that is no gzip', Buffer.from('hello'), /incorrect header/],
    ['that is something else', gzipSync(Buffer.from('{}\n')), /no package of an agent/],
    ['without a line', gzipSync(Buffer.alloc(3_000_000, 32)), /no manifest/],
    ['of a later format', packed({ ...manifest(), format: 2 }), /does not know its format 2/],
    ['without its program', packed(manifest({ program: 'bin/c.js' })), /does not hold its program/],
    ['whose Node is no version', packed(manifest({ minNode: 'latest' })), /minNode is no version of Node/],
    [
      'that does not say what is executable',
      packed({ ...manifest(), files: [{ ...manifest().files[0], executable: 'no' }] }),
      /does not say whether it is executable/,
    ],
    [
      'with a file that is a folder too',
      packed({
        ...manifest(),
        files: [...manifest().files, { ...manifest().files[0], path: 'lib' }],
      }),
      /lib is both a file and a folder/,
    ],
    ['whose version leaves its folder', packed(manifest({ version: '../1' })), /version/],
  ])('%s is refused', async (_, bytes, why) => {
    await expect(contents(bytes)).rejects.toThrow(why);
  });

  test.each(['../x', '/x', 'a/../../x', 'a//b', '.', '', 'a\\b', 'a\0b', 'x'.repeat(300)])(
    'a file %j is refused',
    async (path) => {
      const files = manifest().files.map((file) => ({ ...file, path }));
      await expect(contents(packed(manifest({ files, program: path })))).rejects.toThrow(
        /no path below|no program/,
      );
    },
  );

  test('a changed byte anywhere is found, or changes nothing', async () => {
    const good = packed();
    const whole = gunzipSync(good);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ by;
        const found = await contents(gzipSync(changed, { level: 1 }), 100_000).catch(() => undefined);
        if (found === undefined) return;
        expect([...found.values()]).toEqual([A, B]);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
