/** Files that hold code or its values: agent packages, and the variables file that scripts read. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { compileFunction } from 'node:vm';
import { gzipSync } from 'node:zlib';

import { afterAll, expect } from '@jest/globals';
import { Interpreter, type Variable } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import { type PackageManifest, parseManifest, readPackage } from '@longshore/protocol/agent-package';

import { versionFolder, versionsFolder } from '../../../packages/agent/src/contract/versions.ts';
import { prepareScript } from '../../../packages/agent/src/host/bootstrap.ts';
import { problemHere } from '../../../packages/agent/src/upgrade/unpack.ts';
import { fuzzEach, texts } from './target.ts';

const folder = mkdtempSync(join(tmpdir(), 'longshore-fuzz-scripts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CONTENTS = new Map([
  ['bin/agent.js', Buffer.from('console.log(1)')],
  ['lib/a', Buffer.alloc(300, 'a')],
]);
const manifest: PackageManifest = {
  ...{ format: 1, name: 'longshore-agent', version: '1.2.3+a', minNode: '22.18.0' },
  ...{ os: 'linux', arch: 'x64', dataFormat: 1, program: 'bin/agent.js' },
  files: [...CONTENTS].map(([path, content]) => ({
    ...{ path, length: content.length, executable: path.startsWith('bin') },
    sha256: createHash('sha256').update(content).digest('hex'),
  })),
};
const unpacked = Buffer.concat([Buffer.from(`${JSON.stringify(manifest)}\n`), ...CONTENTS.values()]);

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

/** Taken whole: every file that the manifest names has the very bytes that it promises. */
async function packageIn(bytes: Buffer): Promise<void> {
  const { manifest: found, files } = await readPackage(pieces(bytes));
  const lengths: number[] = [];
  for await (const { file, content } of files) {
    expect(createHash('sha256').update(content).digest('hex')).toBe(file.sha256);
    lengths.push(content.length);
  }
  expect(lengths).toEqual(found.files.map(({ length }) => length));
}

const HELPER = join(import.meta.dirname, '../../../packages/agent/helpers/node/longshore/index.cjs');
const helper = compileFunction(readFileSync(HELPER, 'utf8'), ['exports', 'require', 'process']) as (
  exports: { getVariables?: () => Map<string, string> },
  require: NodeJS.Require,
  process: object,
) => void;

/** What a Node script sees of the variables file. */
function variablesIn(file: string): Map<string, string> {
  const exports: { getVariables?: () => Map<string, string> } = {};
  helper(exports, createRequire(HELPER), { env: { LONGSHORE_VARIABLES: file } });
  return exports.getVariables?.() ?? new Map<string, string>();
}

function variablesFile(variables: Variable[]): string {
  const { files } = prepareScript({
    ...{
      attemptId: 'a',
      interpreter: Interpreter.NODE,
      interpreterPath: '/node',
      scriptFile: '/s',
      arguments: [],
    },
    ...{ environment: {}, variables, baseEnvironment: {}, helpers: '/h', secretsFolder: folder },
  });
  const [written] = files;
  writeFileSync(written?.path ?? '', written?.bytes ?? '');
  return written?.path ?? '';
}

fuzzEach([
  {
    name: 'agent packages',
    corpus: [gzipSync(unpacked)],
    read: packageIn,
    cost: 10,
  },
  {
    name: 'agent packages, unpacked',
    corpus: [unpacked],
    words: ['"path":"../', '"length":0', '\n', '"executable":true'],
    read: (input) => packageIn(gzipSync(input, { level: 0 })),
    cost: 10,
  },
  {
    name: 'manifests of agent packages',
    corpus: [Buffer.from(JSON.stringify(manifest))],
    json: true,
    read(input) {
      const found = parseManifest(input);
      const root = versionFolder('/data', found.version);
      expect(root.startsWith(`${versionsFolder('/data')}${sep}`) && resolve(root) === root).toBe(true);
      for (const { path } of found.files) expect(resolve(root, path).startsWith(root + sep)).toBe(true);
      expect(found.files.some(({ path }) => path === found.program)).toBe(true);
      expect(typeof problemHere(found, found.version)).toBe('string');
    },
  },
  {
    name: 'variables files',
    corpus: texts('A\x1fvalue\x1fB\x1f', `it's\x1f"$(x)\x1f__proto__\x1fy`),
    words: ['\x1f', "'", '\n'],
    read(input) {
      const parts = input.toString().split('\x1f');
      const variables = Array.from({ length: Math.ceil(parts.length / 2) }, (_, i) => ({
        ...{ name: parts[2 * i] ?? '', value: parts[2 * i + 1] ?? '', sensitive: true },
      }));
      // What was given is what a script gets, but for NULs, which the API refuses.
      const given = variables.map(({ name, value }) =>
        [name, value].map((text) => text.replaceAll('\0', '')),
      );
      expect(variablesIn(variablesFile(variables))).toEqual(new Map(given as [string, string][]));
    },
    cost: 4,
  },
]);
