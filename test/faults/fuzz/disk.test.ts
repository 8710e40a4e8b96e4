/** What agent, script host and server read back from their own disks: JSON, a line of text, or somebody else's file by now. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';

import { afterAll, expect } from '@jest/globals';
import { createIds, isId, ManualClock } from '@longshore/base';
import { ClockSteps } from '@longshore/base/clock-steps';
import {
  createAuthority,
  createKey,
  createRequest,
  issueCertificate,
} from '@longshore/protocol/certificates';
import { Outcome } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import { createBuiltInProcess } from '@longshore/server/builtin-process';
import { DataDirectory } from '@longshore/server/data-directory';

import {
  hostRecordFile,
  hostsFolder,
  readHostRecords,
} from '../../../packages/agent/src/contract/host-record.ts';
import {
  chosenHost,
  chosenProgram,
  readCurrent,
  readLink,
} from '../../../packages/agent/src/contract/versions.ts';
import { attemptsFolder, workspacePaths } from '../../../packages/agent/src/contract/workspace.ts';
import { readStoreId } from '../../../packages/agent/src/engine/incarnation.ts';
import { readOutcome } from '../../../packages/agent/src/engine/outcome-file.ts';
import { readReclaimed } from '../../../packages/agent/src/engine/reclaimed-file.ts';
import { Tickets } from '../../../packages/agent/src/engine/tickets.ts';
import { TombstoneFile } from '../../../packages/agent/src/engine/tombstone-file.ts';
import { readState } from '../../../packages/agent/src/engine/workspace-files.ts';
import { holdLock } from '../../../packages/agent/src/host/host-lock.ts';
import { Isolation } from '../../../packages/agent/src/host/isolation.ts';
import { IdentityStore } from '../../../packages/agent/src/links/identity-store.ts';
import { readSettings } from '../../../packages/agent/src/links/settings-file.ts';
import { openDataPlace } from '../../../packages/agent/src/machine/data-place.ts';
import { readVersions } from '../../../packages/agent/src/machine/facts.ts';
import { corpusFile, fuzzEach, type FuzzTarget, texts } from './target.ts';

const ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const SELF = { pid: process.pid, startTime: 1, bootId: 'none' };

const dataDir = mkdtempSync(join(tmpdir(), 'longshore-fuzz-disk-'));
const server = DataDirectory.open(join(dataDir, 'server'));
afterAll(() => {
  server.close();
  rmSync(dataDir, { recursive: true, force: true });
});
const paths = workspacePaths(dataDir, ID);
const clock = new ManualClock();
/** The folder of the mutex "m". */
const MUTEX = createHash('sha256').update('m').digest('hex').slice(0, 32);

function put(path: string, content: Buffer | string): string {
  const file = join(dataDir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** Nothing that was read leads out of its folder. */
function expectBelow(folder: string, path: string): void {
  expect(resolve(path).startsWith(resolve(folder) + sep)).toBe(true);
}

/** A file with so many seeds of the corpus, and what is read of it. */
function file(
  name: string,
  path: string,
  { seeds, read }: { seeds: readonly (string | Buffer)[]; read: () => unknown },
): FuzzTarget {
  const corpus = seeds.map((seed) => (typeof seed === 'string' ? corpusFile(`disk/${seed}.json`) : seed));
  const json = seeds.some((seed) => typeof seed === 'string');
  return {
    ...{ name, corpus, json, cost: 4 },
    read: (input) => {
      put(path, input);
      return read();
    },
  };
}

const known = (value: unknown): string => (value === undefined ? 'none' : 'one');

const { chainPem } = issueCertificate(
  createAuthority('a', { now: Date.now(), lifetimeMs: 86_400_000 }),
  { csrDer: createRequest(createKey()), subject: { role: 'agent', id: ID } },
  { now: Date.now(), lifetimeMs: 86_400_000 },
);
put('identity/certificate.pem', chainPem);
const createdKey = createKey();
put('identity/key.pem', createdKey);
const identity = new IdentityStore(dataDir);

const builtIn = createBuiltInProcess({
  folder: join(dataDir, 'builtin'),
  command: [process.execPath],
  server: () => '',
  user: '',
});

const self = { version: '1', file: '/opt/1/agent.js' };

const AGENT: FuzzTarget[] = [
  file('states of attempts', `attempts/${ID}/state.json`, {
    seeds: ['state'],
    read() {
      const state = readState(paths);
      if (state !== undefined)
        expectBelow(attemptsFolder(dataDir), workspacePaths(dataDir, state.attemptId).root);
      return known(state);
    },
  }),
  file('outcomes', `attempts/${ID}/outcome.json`, {
    seeds: ['outcome', 'outcome-refused'],
    read() {
      const outcome = readOutcome(paths.outcome);
      expect(outcome?.kind).toBeDefined();
      // It can be sent, and arrives as it is.
      const sent = Outcome.encode(Outcome.fromPartial(outcome ?? {})).finish();
      expect(Outcome.decode(sent).kind?.$case).toBe(outcome?.kind?.$case);
      return outcome?.kind?.$case;
    },
  }),
  file('reclaimed segments', `attempts/${ID}/spool/reclaimed`, {
    seeds: ['reclaimed'],
    read() {
      const reclaimed = readReclaimed(paths.spool);
      expect(
        reclaimed?.digests.every((digest) => Buffer.from(digest, 'hex').length * 2 === digest.length),
      ).toBe(true);
    },
  }),
  file('session tickets', 'tickets.json', {
    seeds: ['tickets'],
    read() {
      for (const ticket of Object.values(new Tickets(dataDir).all()))
        expect(Buffer.isBuffer(ticket)).toBe(true);
    },
  }),
  file('tombstones', 'tombstones', {
    seeds: texts(`${ID} 1\nA2 2\n`, `${ID} 1\nA2`, ''),
    read() {
      const tombstones = new TombstoneFile(dataDir, clock);
      const had = tombstones.has(ID);
      tombstones.add('LATER');
      tombstones.close();
      // What is added after a damaged line counts at the next start.
      const again = new TombstoneFile(dataDir, clock);
      expect([again.has('LATER'), again.has(ID)]).toEqual([true, had]);
      again.close();
      return String(had);
    },
  }),
  file('records of script hosts', 'hosts/H1.json', {
    seeds: ['host'],
    read() {
      const [record] = readHostRecords(dataDir);
      if (record === undefined) return 'none';
      expectBelow(hostsFolder(dataDir), hostRecordFile(dataDir, record.hostId));
      expect(Number.isSafeInteger(record.process.pid)).toBe(true);
      return 'one';
    },
  }),
  file('chosen versions', 'versions/current.json', {
    seeds: ['choice'],
    read() {
      const choice = readCurrent(dataDir);
      // Most of what is named is not there: then what is installed runs on.
      const { file: program } = chosenProgram(dataDir, self, () => false);
      expect(program === self.file || existsSync(program)).toBe(true);
      expect(isAbsolute(chosenHost(dataDir, self) ?? '/')).toBe(true);
      return known(choice);
    },
  }),
  file('links', 'link.json', {
    seeds: ['link'],
    read() {
      const link = readLink(dataDir);
      if (link !== undefined) expect(Number.isSafeInteger(link.process.pid)).toBe(true);
      return known(link);
    },
  }),
  file('identities', 'identity/agent.json', {
    seeds: ['agent'],
    read() {
      const record = identity.load()?.record;
      expect(isId(record?.agentId ?? '')).toBe(true);
    },
  }),
  {
    ...file('chains of identities', 'chains/identity/certificate.pem', {
      seeds: texts(chainPem),
      read() {
        put('chains/identity/agent.json', corpusFile('disk/agent.json'));
        put('chains/identity/key.pem', createdKey);
        const loaded = new IdentityStore(join(dataDir, 'chains')).load();
        expect(Number.isFinite(loaded?.expiresAt)).toBe(true);
      },
    }),
    cost: 10,
  },
  file('pairings', 'identity/pairing.json', {
    seeds: ['pairing'],
    read: () => expect(identity.pairing()?.secret).toMatch(/^([0-9a-f]{2})*$/i),
  }),
  file('settings', 'settings.json', {
    seeds: ['settings'],
    read: () => expect(typeof readSettings(dataDir)?.listen).toBe('string'),
  }),
  file('places of data directories', 'place.json', {
    seeds: ['place'],
    read: () => String(openDataPlace(dataDir, { path: '/var/lib/a', inode: 7, machineId: 'm' }).copied),
  }),
  file('store ids', 'store-id', {
    seeds: texts(ID, '', '../..'),
    read() {
      const id = readStoreId(dataDir, createIds());
      expect(isId(id)).toBe(true);
      expect(readStoreId(dataDir, createIds())).toBe(id);
    },
  }),
  file('versions of tools that were found before', 'facts.json', {
    seeds: ['facts'],
    read() {
      for (const version of Object.values(readVersions(join(dataDir, 'facts.json'))))
        expect(typeof version).toBe('string');
    },
  }),
  file('locks of script hosts', 'host.lock', {
    seeds: ['identity'],
    read() {
      // Whoever it names is gone.
      const release = holdLock(join(dataDir, 'host.lock'), SELF);
      release();
    },
  }),
  file('holders of mutexes', `locks/${MUTEX}/announced`, {
    seeds: ['holder'],
    read() {
      const isolation = new Isolation(join(dataDir, 'locks'), SELF, clock);
      let granted = 0;
      isolation.request({ attemptId: 'A', name: 'm', mode: 'writer', granted: () => (granted += 1) });
      isolation.release('m', 'A');
      isolation.close();
      expect(granted).toBe(1);
    },
  }),
];

const SERVER: FuzzTarget[] = [
  file('steps of the clock', 'clock.json', {
    seeds: ['clock'],
    read() {
      const sources = {
        wall: () => 1_700_000_010_000,
        monotonic: () => 10_000,
        uptime: () => 10_000,
        bootId: () => 'b',
      };
      const steps = new ClockSteps(sources);
      steps.keepIn(join(dataDir, 'clock.json'));
      for (const time of [0, 1_699_999_999_000, 1_700_000_010_000, 1_800_000_000_000]) {
        const since = steps.since(time);
        expect(Number.isFinite(since) && since >= 0).toBe(true);
      }
    },
  }),
  file('processes of built-in workers', 'builtin/process.json', {
    seeds: ['process'],
    read: async () => String(await builtIn.running()),
  }),
  file('registrations of built-in workers', 'builtin/registration.json', {
    seeds: ['registration'],
    read: async () => typeof (await builtIn.registeredAs()),
  }),
  file('node ids', 'server/node-id', {
    seeds: texts(`${ID}\n`, '', '../..'),
    read: async () => expect(isId(await server.nodeId(createIds()))).toBe(true),
  }),
  file('files of master keys', 'server/master.key', {
    seeds: texts(Buffer.alloc(32, 0xfb).toString('base64')),
    async read() {
      expect(await server.masterKey({ sealed: true })).toHaveLength(32);
    },
  }),
];

fuzzEach([...AGENT, ...SERVER]);
