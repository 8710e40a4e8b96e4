/**
 * Which version of the agent runs from a data directory, below
 * `<dataDir>/versions`:
 *
 *   <version>/        an agent package, unpacked: there whole or not at all
 *   trial.json        the version that is being tried, and what there was before it
 *   current.json      the version that is to run: once a trial.json that was confirmed
 *   rolled-back.json  once a trial.json that was given up
 *
 * and `<dataDir>/link.json`: the link process that started last, while its
 * version is the one that runs in it.
 *
 * Always true: a trial ends by one rename of trial.json, to current.json (the
 * new link's) or to rolled-back.json (whoever gives it up), so that exactly one
 * of the two happens, whoever is killed meanwhile; without these files the
 * installed program runs.
 */
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

import { isCode, isErrno } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

import { PROCESS_IDENTITY, type ProcessIdentity } from './host-record.ts';

/** How this version writes the data directory, and the oldest and newest way that it can read. */
export const DATA_FORMAT = { writes: 1, readsFrom: 1, readsTo: 1 } as const;

export interface Program {
  version: string;
  /** What is started: an absolute path without links, for paths are compared. */
  file: string;
}

export interface VersionChoice {
  format: 1;
  /** The version that is to run. */
  run: Program;
  /** What ran before it, and can again. */
  previous: Program;
  /** The one that the machine's services start: when that is replaced by hand, this choice is over. */
  installed: Program;
  /** The trial's time, milliseconds. */
  withinMs: number;
  /** Who watches the trial. */
  guard: ProcessIdentity;
}

export interface LinkRecord {
  version: string;
  process: ProcessIdentity;
  installed: Program;
}

const PROGRAM = shape.fields({
  version: shape.text,
  file: shape.such('an absolute path', isAbsolute),
});
const CHOICE: Shape<VersionChoice> = shape.fields({
  format: shape.only(1),
  run: PROGRAM,
  previous: PROGRAM,
  installed: PROGRAM,
  withinMs: shape.count,
  guard: PROCESS_IDENTITY,
});
const LINK: Shape<LinkRecord> = shape.fields({
  version: shape.text,
  process: PROCESS_IDENTITY,
  installed: PROGRAM,
});

/** Where the script host stands, seen from the program's folder. */
const HOST_FROM_PROGRAM = '../dist/host-main.js';

export function versionsFolder(dataDir: string): string {
  return join(dataDir, 'versions');
}

export function versionFolder(dataDir: string, version: string): string {
  return join(versionsFolder(dataDir), version);
}

export function readTrial(dataDir: string): VersionChoice | undefined {
  return readChoice(fileOf(dataDir, 'trial'));
}

export function readCurrent(dataDir: string): VersionChoice | undefined {
  return readChoice(fileOf(dataDir, 'current'));
}

export function writeTrial(dataDir: string, choice: VersionChoice): void {
  writeWhole(fileOf(dataDir, 'trial'), choice);
}

/** @returns false when the trial was given up, or confirmed, by somebody else */
export function confirmTrial(dataDir: string): boolean {
  return moved(fileOf(dataDir, 'trial'), fileOf(dataDir, 'current'));
}

/** @returns false when the trial was confirmed, or given up, by somebody else */
export function giveTrialUp(dataDir: string): boolean {
  return moved(fileOf(dataDir, 'trial'), fileOf(dataDir, 'rolled-back'));
}

export function forgetChoice(dataDir: string): void {
  for (const name of ['trial', 'current'] as const) rmSync(fileOf(dataDir, name), { force: true });
}

export function readLink(dataDir: string): LinkRecord | undefined {
  return readWhole(linkFile(dataDir), LINK);
}

export function writeLink(dataDir: string, link: LinkRecord): void {
  writeWhole(linkFile(dataDir), link);
}

/** The link is about to become another version: nobody can say yet which one runs. */
export function forgetLink(dataDir: string): void {
  rmSync(linkFile(dataDir), { force: true });
}

/**
 * What is to run in place of `self`; `self` itself where nothing else was chosen.
 *
 * @param watched whether the guard of a trial lives
 */
export function chosenProgram(
  dataDir: string,
  self: Program,
  watched: (guard: ProcessIdentity) => boolean,
): Program {
  let trial = readTrial(dataDir);
  // Nobody would notice that it hangs: it is given up, unless it is confirmed this very moment.
  if (trial !== undefined && !watched(trial.guard)) {
    giveTrialUp(dataDir);
    trial = undefined;
  }
  const choice = trial ?? readCurrent(dataDir);
  if (choice === undefined) return installedOf(dataDir, self);
  const replaced =
    !isUnpacked(dataDir, self) &&
    (self.file !== choice.installed.file || self.version !== choice.installed.version);
  if (replaced) {
    // Somebody installed another version by hand: that is what they want to run.
    forgetChoice(dataDir);
    return self;
  }
  return existsSync(choice.run.file) ? choice.run : self;
}

/**
 * The script host that a service is to run in place of its own version's: that
 * of the confirmed version. Undefined: its own.
 *
 * @param self the host's own file, without links
 */
export function chosenHost(dataDir: string, self: Program): string | undefined {
  const choice = readCurrent(dataDir);
  if (choice === undefined || choice.run.version === self.version) return undefined;
  // Installed by hand after the upgrade: that is what is to run.
  if (!isUnpacked(dataDir, self) && choice.installed.version !== self.version) return undefined;
  const file = join(dirname(choice.run.file), HOST_FROM_PROGRAM);
  return existsSync(file) ? file : undefined;
}

/** A version below `versions` that nothing chose is one that was given up: the installed one runs. */
function installedOf(dataDir: string, self: Program): Program {
  if (!isUnpacked(dataDir, self)) return self;
  const before = readChoice(fileOf(dataDir, 'rolled-back'))?.previous ?? self;
  return existsSync(before.file) ? before : self;
}

/** Whether it is one of those below `versions`, and not the installed one. */
function isUnpacked(dataDir: string, { file }: Program): boolean {
  try {
    return file.startsWith(`${realpathSync(versionsFolder(dataDir))}/`);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

function fileOf(dataDir: string, name: 'trial' | 'current' | 'rolled-back'): string {
  return join(versionsFolder(dataDir), `${name}.json`);
}

function linkFile(dataDir: string): string {
  return join(dataDir, 'link.json');
}

function readChoice(file: string): VersionChoice | undefined {
  return readWhole(file, CHOICE);
}

/** Written by temp + rename only: what is not whole is none of ours. */
function readWhole<T>(file: string, of: Shape<T>): T | undefined {
  try {
    return readJson(readFileSync(file, 'utf8'), of, file);
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isCode(error, 'corrupt')) return undefined;
    throw error;
  }
}

function writeWhole(file: string, value: VersionChoice | LinkRecord): void {
  writeFileSync(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
