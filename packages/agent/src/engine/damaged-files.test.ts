// What the link reads from its data directory, when it is JSON, and not what it should be.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { createIds } from '@longshore/base';

import { readHostRecords } from '../contract/host-record.ts';
import { readCurrent, readLink } from '../contract/versions.ts';
import { reclaimedFile, workspacePaths } from '../contract/workspace.ts';
import { IdentityStore } from '../links/identity-store.ts';
import { readSettings } from '../links/settings-file.ts';
import { openDataPlace } from '../machine/data-place.ts';
import { readStoreId } from './incarnation.ts';
import { readOutcome } from './outcome-file.ts';
import { readReclaimed } from './reclaimed-file.ts';
import { Tickets } from './tickets.ts';
import { readState, specProblem } from './workspace-files.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'longshore-damaged-'));
  for (const folder of ['attempts/A1/spool', 'hosts', 'versions', 'identity'])
    mkdirSync(join(dataDir, folder), { recursive: true });
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const NONE = ['null', '[]', '{}', '7', '"hunter2"', '{"secret": hunter2', '{"format":1,"version":1}'];

describe.each(NONE)('%j', (text) => {
  const put = (path: string): string => {
    writeFileSync(join(dataDir, path), text);
    return join(dataDir, path);
  };
  const refused = (read: () => unknown): void => {
    try {
      read();
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'corrupt' });
      expect(`${(thrown as Error).message}${String((thrown as Error).cause)}`).not.toContain('hunter2');
      return;
    }
    throw new Error('it was taken');
  };

  test('is refused, and not shown, where somebody must know', () => {
    refused(() => readOutcome(put('attempts/A1/outcome.json')));
    refused(() => readSettings((put('settings.json'), dataDir)));
    put('identity/certificate.pem');
    put('identity/key.pem');
    refused(() => new IdentityStore((put('identity/agent.json'), dataDir)).load());
    refused(() => new IdentityStore((put('identity/pairing.json'), dataDir)).pairing());
    put('place.json');
    refused(() => openDataPlace(dataDir));
    writeFileSync(reclaimedFile(workspacePaths(dataDir, 'A1').spool), text);
    refused(() => readReclaimed(workspacePaths(dataDir, 'A1').spool));
    if (text !== '{}') refused(() => new Tickets((put('tickets.json'), dataDir)));
  });

  test('counts as none where that is what is right', () => {
    put('attempts/A1/state.json');
    expect(readState(workspacePaths(dataDir, 'A1'))).toBeUndefined();
    put('hosts/H1.json');
    expect(readHostRecords(dataDir)).toEqual([]);
    put('versions/current.json');
    expect(readCurrent(dataDir)).toBeUndefined();
    put('link.json');
    expect(readLink(dataDir)).toBeUndefined();
  });
});

test.each(['', '\n', '../..', '\0\0\0\0'])(
  '%j is no store id: the store is another one from now on',
  (text) => {
    const file = join(dataDir, 'store-id');
    writeFileSync(file, text);
    const id = readStoreId(dataDir, createIds());
    expect(id).toMatch(/^[0-9A-Z]{26}$/);
    expect(readFileSync(file, 'utf8').trim()).toBe(id);
    expect(readStoreId(dataDir, createIds())).toBe(id);
  },
);

test.each([
  [{ startedAtMs: -1 }, 'startedAtMs'],
  [{ artifactCount: -1 }, 'artifactCount'],
  [{ eventCount: 2 ** 40 }, 'eventCount'],
  [{ outcome: { kind: 'refused', reason: 2 ** 31, detail: '' } }, 'reason'],
  [{ outcome: { kind: 'toString' } }, 'outcome.kind'],
])('an outcome that could not be sent is refused: %j', (damage, field) => {
  const outcome = {
    ...{ version: 1, outcome: { kind: 'exited', code: 0 }, message: '', bestEffortCleanup: false },
    ...{ startedAtMs: 1, endedAtMs: 2, outputLength: 0, eventCount: 0, artifactCount: 0 },
    ...{ segmentDigests: [], digest: '' },
  };
  const file = join(dataDir, 'attempts/A1/outcome.json');
  writeFileSync(file, JSON.stringify(outcome));
  expect(readOutcome(file)?.kind?.$case).toBe('exited');
  writeFileSync(file, JSON.stringify({ ...outcome, ...damage }));
  expect(() => readOutcome(file)).toThrow(field);
});

test('a program is chosen by an absolute path only', () => {
  const program = { version: '2', file: join(dataDir, 'agent.js') };
  const guard = { pid: 1, startTime: 1, bootId: 'b' };
  const choice = { format: 1, run: program, previous: program, installed: program, withinMs: 1, guard };
  const file = join(dataDir, 'versions/current.json');
  writeFileSync(file, JSON.stringify(choice));
  expect(readCurrent(dataDir)?.run).toEqual(program);
  writeFileSync(file, JSON.stringify({ ...choice, run: { version: '2', file: '.' } }));
  expect(readCurrent(dataDir)).toBeUndefined();
});

test('a host record counts under its own name only: it says what is killed and removed', () => {
  const process = { pid: 1, startTime: 1, bootId: 'b' };
  const record = {
    format: 1,
    hostId: 'H1',
    version: '1',
    process,
    startedAtMs: 1,
    socket: '',
    cgroup: '',
    secrets: '',
  };
  writeFileSync(join(dataDir, 'hosts', 'H1.json'), JSON.stringify(record));
  writeFileSync(join(dataDir, 'hosts', 'H2.json'), JSON.stringify(record));
  writeFileSync(join(dataDir, 'hosts', 'H3.json'), JSON.stringify({ ...record, hostId: '../../H3' }));
  expect(readHostRecords(dataDir).map(({ hostId }) => hostId)).toEqual(['H1']);
});

test('a file name is as long as file systems take, in bytes', () => {
  const named = (name: string): string =>
    specProblem({ interpreter: 1, files: [{ name, content: Buffer.alloc(0), executable: false }] } as never);
  expect(named('ä'.repeat(127))).toBe('');
  expect(named('ä'.repeat(128))).toContain('not one path segment');
});
