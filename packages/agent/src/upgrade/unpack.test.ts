import { expect, test } from '@jest/globals';
import type { PackageManifest } from '@longshore/protocol/agent-package';

import { problemHere } from './unpack.ts';

const machine = { os: 'linux', arch: 'x64', node: '22.20.1' };
const manifest: PackageManifest = {
  ...{ format: 1, name: 'longshore-agent', version: '1.2.3', minNode: '22.18.0' },
  ...{ os: 'linux', arch: 'x64', dataFormat: 1, program: 'a', files: [] },
};

test.each<[Partial<PackageManifest>, RegExp]>([
  [{}, /^$/],
  [{ minNode: '22.20.1' }, /^$/],
  [{ minNode: '22.20.2' }, /needs Node 22\.20\.2/],
  [{ minNode: '22.100.0' }, /needs Node/],
  [{ minNode: '9.99.99' }, /^$/],
  [{ os: 'darwin' }, /is for darwin x64/],
  [{ arch: 'arm64' }, /is for linux arm64/],
  [{ version: '1.2.4' }, /holds version 1\.2\.4, not 1\.2\.3/],
  [{ dataFormat: 2 }, /no way back/],
  [{ dataFormat: 0 }, /no way back/],
])('%j: %s', (change, why) => {
  expect(problemHere({ ...manifest, ...change }, '1.2.3', machine)).toMatch(why);
});
