import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { openDataPlace } from './data-place.ts';

const MADE = { path: '/data', inode: 7, machineId: 'm1' };

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'place-'));
  openDataPlace(dataDir, MADE);
  mkdirSync(join(dataDir, 'hosts'));
  for (const name of ['hosts/h1.json', 'hosts/1.0.lock', 'agent.lock'])
    writeFileSync(join(dataDir, name), '{}');
});
afterEach(() => rmSync(dataDir, { recursive: true }));

test.each([
  ['where it was made', MADE],
  ['renamed', { ...MADE, path: '/other' }],
  ['mounted again', { ...MADE, inode: 8 }],
  ['where the system has no machine id', { ...MADE, machineId: '' }],
])('%s it is no copy, and keeps all', (_, here) => {
  expect(openDataPlace(dataDir, here)).toMatchObject({ copied: false, foreignHosts: [] });
  expect(readdirSync(join(dataDir, 'hosts'))).toHaveLength(2);
  expect(existsSync(join(dataDir, 'agent.lock'))).toBe(true);
});

test.each([
  ['at another place', { ...MADE, path: '/other', inode: 8 }],
  ['on another machine', { ...MADE, machineId: 'm2' }],
])(
  '%s it is a copy: it disowns what is the original’s, once, and says so until it is accepted',
  (_, here) => {
    expect(openDataPlace(dataDir, here)).toMatchObject({ copied: true, foreignHosts: ['h1'] });
    expect(readdirSync(join(dataDir, 'hosts'))).toEqual([]);
    expect(existsSync(join(dataDir, 'agent.lock'))).toBe(false);
    writeFileSync(join(dataDir, 'agent.lock'), '{}');
    const again = openDataPlace(dataDir, here);
    expect(again).toMatchObject({ copied: true, foreignHosts: ['h1'] });
    expect(existsSync(join(dataDir, 'agent.lock'))).toBe(true);
    again.accepted();
    expect(again.copied).toBe(false);
    expect(openDataPlace(dataDir, here)).toMatchObject({ copied: false, foreignHosts: ['h1'] });
  },
);
