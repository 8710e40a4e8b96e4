import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import {
  checkLog,
  expectedLine,
  LineCheck,
  longestPauseMs,
  numberedLines,
  type NumberedLines,
} from './log-oracle.ts';
import { until } from './until.ts';

const WANTED: NumberedLines = { lines: 300, lineBytes: 64, exitCode: 7 };
const lines = (from: number, to: number, stream: 'stdout' | 'stderr' = 'stdout'): Buffer =>
  Buffer.from(
    Array.from({ length: to - from + 1 }, (_, n) => `${expectedLine(stream, from + n, WANTED)}\n`).join(''),
  );
const stderr = lines(1, 300, 'stderr');

test('the script prints on both streams what the check expects, and ends with its code', () => {
  const ran = spawnSync('bash', ['-c', numberedLines(WANTED)]);
  expect(ran.status).toBe(7);
  expect(ran.stdout.length).toBe(300 * 64);
  checkLog(ran, WANTED);
});

test('at a rate it takes its time, on one stream only when told so', () => {
  const wanted: NumberedLines = { lines: 50, linesPerSecond: 500, streams: ['stderr'] };
  const began = performance.now();
  const ran = spawnSync('bash', ['-c', numberedLines(wanted)]);
  expect(performance.now() - began).toBeGreaterThan(80);
  expect(ran.stdout.length).toBe(0);
  checkLog(ran, wanted);
});

test('at once, from its folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-log-oracle-'));
  const ran = spawnSync('bash', ['-c', numberedLines({ ...WANTED, atOnce: true })], { cwd: folder });
  rmSync(folder, { recursive: true });
  expect(ran.status).toBe(7);
  checkLog(ran, WANTED);
});

test.each([1, 200, 301])('held before line %i, until it is let go on', async (before) => {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-log-oracle-'));
  const wanted: NumberedLines = { ...WANTED, hold: { before, file: join(folder, 'gate') } };
  const child = spawn('bash', ['-c', numberedLines(wanted)]);
  const got: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (part: Buffer) => got[stream].push(part));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const seen = (): number => Buffer.concat(got.stdout).length / 64;
  await until('it waits', () => existsSync(join(folder, 'gate.waits')) && seen() === before - 1);
  expect(child.exitCode).toBeNull();
  writeFileSync(join(folder, 'gate'), '');
  expect(await ended).toBe(7);
  rmSync(folder, { recursive: true });
  checkLog({ stdout: Buffer.concat(got.stdout), stderr: Buffer.concat(got.stderr) }, wanted);
});

test.each([
  ['a line is missing', [lines(1, 99), lines(101, 300)], 'stdout: line 100 is line 101: 1 are missing'],
  ['a line is there twice', [lines(1, 100), lines(100, 300)], 'stdout: line 101 is line 100 again'],
  ['two are exchanged', [lines(1, 9), lines(11, 11), lines(10, 10), lines(12, 300)], 'line 10 is line 11'],
  ['the end is missing', [lines(1, 299)], 'it ends after line 299 of 300'],
  ['half a line is missing', [lines(1, 300).subarray(0, -5)], 'line 300 is damaged'],
  ['there is more', [lines(1, 300), lines(300, 300)], 'line 301 is line 300 again'],
  [
    "the other stream's line is in it",
    [lines(1, 1), lines(2, 2, 'stderr'), lines(2, 300)],
    'line 2 is damaged',
  ],
])('%s', (_, parts, message) => {
  expect(() => checkLog({ stdout: Buffer.concat(parts), stderr }, WANTED)).toThrow(message);
});

test('a changed byte is seen', () => {
  const stdout = lines(1, 300);
  stdout[64 * 7 + 40]! ^= 1;
  expect(() => checkLog({ stdout, stderr }, WANTED)).toThrow('line 8 is damaged');
});

test('a stream that was not given is no pass', () => {
  expect(() => checkLog({ stdout: lines(1, 300) }, WANTED)).toThrow('stderr: no bytes');
});

test('parts of any size are checked', () => {
  const check = new LineCheck('stdout', WANTED);
  const bytes = lines(1, 300);
  for (let at = 0; at < bytes.length; at += 37) check.push(bytes.subarray(at, at + 37));
  expect(check.seen).toBe(300);
  check.end();
});

test('its stamps tell how long it stood still at most', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stamps-'));
  const stampFile = join(folder, 'stamps');
  const wanted: NumberedLines = { lines: 50, linesPerSecond: 500, stampFile };
  checkLog(spawnSync('bash', ['-c', numberedLines(wanted)]), wanted);
  const stamps = readFileSync(stampFile, 'utf8');
  rmSync(folder, { recursive: true });
  expect(stamps.split('\n')).toHaveLength(6);
  expect(longestPauseMs(stamps)).toBeGreaterThan(0);
  expect(longestPauseMs('1.00\n1.02\n6.02\n6.04\n')).toBe(5_000);
  expect(() => longestPauseMs('1.00\n')).toThrow('too few');
});
