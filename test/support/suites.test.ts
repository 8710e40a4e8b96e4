import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

const SUITES = join(import.meta.dirname, '../../scripts/suites.ts');

const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [SUITES, ...args], { encoding: 'utf8' });

test.each(['--help', '-h'])('%s says what there is', (flag) => {
  expect(run(flag)).toMatchObject({ status: 0, stdout: expect.stringContaining('--only SUITE'), stderr: '' });
});

test.each([
  [['--olny', 'unit'], '--olny: expected one of --only, --faults, --seed, --repeat, --help'],
  [['--toString'], '--toString: expected one of --only'],
  [['-x'], '-x: expected one of --only'],
  [['unit'], 'unit: expected an option, such as --only unit'],
  [['--only', 'units'], '--only units: expected one of lint, generate, unit'],
  [['--only', 'toString'], '--only toString: expected one of lint'],
  [['--only'], '--only : expected one of lint'],
  [['--faults=long'], '--faults=long: expected short or full'],
  [['--seed', '0x1'], '--seed=0x1: expected the whole number'],
  [['--repeat', '0'], '--repeat=0: expected a whole number from 1 on'],
])('%j is refused in a line that says what would be right', (args, message) => {
  const { status, stdout, stderr } = run(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
