import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createIds } from '@longshore/base';

import { DataDirectory } from './data-directory.ts';

let folder: string;
let directory: DataDirectory;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-directory-'));
  directory = DataDirectory.open(folder);
});
afterEach(() => {
  directory.close();
  rmSync(folder, { recursive: true, force: true });
});

test('node id and master key are made once', async () => {
  const ids = createIds();
  const id = await directory.nodeId(ids);
  expect(await directory.nodeId(ids)).toBe(id);
  const key = await directory.masterKey({ sealed: false });
  expect(await directory.masterKey({ sealed: true })).toEqual(key);
});

test.each(['', '\n', '../other', 'a b'])(
  'a node id that is none is refused, by its file: %j',
  async (text) => {
    writeFileSync(join(folder, 'node-id'), text);
    await expect(directory.nodeId(createIds())).rejects.toMatchObject({
      ...{ code: 'corrupt', message: expect.stringContaining(join(folder, 'node-id')) },
    });
  },
);

test('a master key that is damaged is refused, and not shown', async () => {
  writeFileSync(join(folder, 'master.key'), 'hunter2');
  await expect(directory.masterKey({ sealed: true })).rejects.toMatchObject({
    ...{ code: 'corrupt', message: expect.not.stringContaining('hunter2') },
  });
});
