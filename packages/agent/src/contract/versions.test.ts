import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import {
  chosenHost,
  chosenProgram,
  confirmTrial,
  giveTrialUp,
  readCurrent,
  readTrial,
  writeTrial,
  type Program,
  type VersionChoice,
} from './versions.ts';

let dataDir: string;
let installed: Program;

beforeEach(() => {
  dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-versions-')));
  installed = program('1.0.0', join(dataDir, 'opt', 'agent.js'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function program(version: string, file = join(dataDir, 'versions', version, 'agent.js')): Program {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  return { version, file };
}

function trialOf(run: Program, previous: Program): VersionChoice {
  const guard = { pid: 1, startTime: 1, bootId: 'b' };
  const choice: VersionChoice = { format: 1, run, previous, installed, guard, withinMs: 1000 };
  writeTrial(dataDir, choice);
  return choice;
}

const chosen = (self: Program, guardLives = true): string =>
  chosenProgram(dataDir, self, () => guardLives).version;

test('without a choice the installed version runs', () => {
  expect(chosen(installed)).toBe('1.0.0');
});

test('a trial that is watched runs, whoever is asked', () => {
  const next = program('1.1.0');
  trialOf(next, installed);
  expect(chosen(installed)).toBe('1.1.0');
  expect(chosen(next)).toBe('1.1.0');
});

test('a trial whose guard is gone is given up', () => {
  const next = program('1.1.0');
  trialOf(next, installed);
  expect(chosen(next, false)).toBe('1.0.0');
  expect(readTrial(dataDir)).toBeUndefined();
  expect(chosen(installed)).toBe('1.0.0');
});

test('of a confirmation and a rollback exactly one happens', () => {
  trialOf(program('1.1.0'), installed);
  expect(confirmTrial(dataDir)).toBe(true);
  expect(giveTrialUp(dataDir)).toBe(false);
  expect(confirmTrial(dataDir)).toBe(false);
  expect(readCurrent(dataDir)?.run.version).toBe('1.1.0');
  expect(chosen(installed, false)).toBe('1.1.0');
});

test('a rollback goes to the version that was confirmed before', () => {
  const [first, second] = [program('1.1.0'), program('1.2.0')];
  trialOf(first, installed);
  confirmTrial(dataDir);
  trialOf(second, first);
  expect(chosen(first)).toBe('1.2.0');
  expect(giveTrialUp(dataDir)).toBe(true);
  expect(confirmTrial(dataDir)).toBe(false);
  expect(chosen(second)).toBe('1.1.0');
  expect(chosen(installed)).toBe('1.1.0');
});

test.each(['version', 'place'])('an agent that was installed by hand in another %s runs', (what) => {
  trialOf(program('1.1.0'), installed);
  confirmTrial(dataDir);
  const byHand =
    what === 'version' ? { ...installed, version: '2.0.0' } : program('1.0.0', join(dataDir, 'usr/agent.js'));
  expect(chosenProgram(dataDir, byHand, () => true)).toEqual(byHand);
  expect(readCurrent(dataDir)).toBeUndefined();
});

test('a version whose files are gone does not keep the installed one from running', () => {
  const next = program('1.1.0');
  trialOf(next, installed);
  confirmTrial(dataDir);
  rmSync(dirname(next.file), { recursive: true });
  expect(existsSync(next.file)).toBe(false);
  expect(chosen(installed)).toBe('1.0.0');
});

test('what is no JSON is no choice', () => {
  mkdirSync(join(dataDir, 'versions'), { recursive: true });
  writeFileSync(join(dataDir, 'versions', 'current.json'), '{"format"');
  expect(chosen(installed)).toBe('1.0.0');
});

test('a service starts the host of the version that was confirmed, and no other', () => {
  const file = join(dataDir, 'versions', '1.1.0', 'bin', 'agent.js');
  const next = program('1.1.0', file);
  const host = join(dirname(file), '../dist/host-main.js');
  program('1.1.0', host);
  trialOf(next, installed);
  expect(chosenHost(dataDir, installed)).toBeUndefined();
  confirmTrial(dataDir);
  expect(chosenHost(dataDir, installed)).toBe(host);
  expect(chosenHost(dataDir, { version: '1.1.0', file: host })).toBeUndefined();
  expect(chosenHost(dataDir, { ...installed, version: '2.0.0' })).toBeUndefined();
  rmSync(host);
  expect(chosenHost(dataDir, installed)).toBeUndefined();
});
