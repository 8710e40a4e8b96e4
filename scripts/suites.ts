/**
 * Runs the suites one after another, whatever fails, and closes with a plain
 * line for each: `unit: 12 passed, 0 failed`.
 *
 *   node scripts/suites.ts [--only SUITE]... [--faults=short|full] [--seed N] [--repeat TIMES]
 *
 * Each time has a seed of its own for the random schedules (`--seed` is that of
 * the first); the seeds of times that failed stand in the last line.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = dirname(import.meta.dirname);
const BIN = join(ROOT, 'node_modules/.bin');

const LARGEST_SEED = 2 ** 32;

interface Result {
  passed: number;
  failed: number;
  skipped: number;
}

type Suite = () => Result;

/** Commands that pass or fail as a whole. */
function checks(commands: Record<string, string[]>): Suite {
  return () => {
    const failed = Object.entries(commands).filter(([name, command]) => {
      console.log(`\n--- ${name}`);
      return run(command) !== 0;
    });
    return { passed: Object.keys(commands).length - failed.length, failed: failed.length, skipped: 0 };
  };
}

function jest(project: string): Suite {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'longshore-suite-'));
    try {
      const report = join(folder, 'report.json');
      const options = '--experimental-vm-modules --disable-warning=ExperimentalWarning';
      run([join(BIN, 'jest'), '--json', `--outputFile=${report}`, '--selectProjects', project], {
        NODE_OPTIONS: options,
      });
      return countsOf(report);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

const SUITES: Record<string, Suite> = {
  lint: checks({
    'types (tsc)': [process.execPath, join(ROOT, 'node_modules/tsc7/bin/tsc'), '-p', 'tsconfig.json'],
    'code (eslint)': [join(BIN, 'eslint'), '.'],
    'format (prettier)': [join(BIN, 'prettier'), '--check', '--log-level=warn', '.'],
    'imports (dependency-cruiser)': [
      join(BIN, 'depcruise'),
      'packages',
      'test',
      'scripts',
      '--output-type',
      'err',
    ],
    'protos (buf)': [join(BIN, 'buf'), 'lint'],
  }),
  generate: checks({
    'generated code is up to date': [
      process.execPath,
      '--conditions=longshore-source',
      'scripts/generate.ts',
      '--check',
    ],
  }),
  unit: jest('unit'),
  integration: jest('integration'),
  e2e: jest('e2e'),
  faults: jest('faults'),
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    faults: { type: 'string', default: 'short' },
    seed: { type: 'string' },
    repeat: { type: 'string', default: '1' },
  },
});
if (!['short', 'full'].includes(values.faults)) {
  console.error(`--faults=${values.faults}: expected short or full`);
  process.exit(2);
}
if (values.seed !== undefined && !/^\d+$/.test(values.seed)) {
  console.error(`--seed=${values.seed}: expected the whole number that a run printed`);
  process.exit(2);
}
const times = Number(values.repeat);
if (!Number.isInteger(times) || times < 1) {
  console.error(`--repeat=${values.repeat}: expected a whole number from 1 on`);
  process.exit(2);
}
const firstSeed = values.seed === undefined ? randomInt(LARGEST_SEED) : Number(values.seed);
process.env['LONGSHORE_FAULTS'] = values.faults;
const wanted = values.only ?? Object.keys(SUITES);
const unknown = wanted.filter((name) => SUITES[name] === undefined);
if (unknown.length > 0) {
  console.error(`--only ${unknown.join(', ')}: expected one of ${Object.keys(SUITES).join(', ')}`);
  process.exit(2);
}

const failedSeeds: number[] = [];
for (let time = 1; time <= times; time++) {
  const seed = firstSeed + time - 1;
  if (times > 1) console.log(`\n##### ${time} of ${times}, --seed ${seed}`);
  if (!runOnce(seed)) failedSeeds.push(seed);
}
if (times > 1) {
  const seeds = failedSeeds.map((seed) => `--seed ${seed}`).join(', ');
  const failures = seeds === '' ? '' : `, ${failedSeeds.length} with: ${seeds}`;
  const good = times - failedSeeds.length;
  console.log(`\n${wanted.join(', ')}, ${times} times: ${good} without a failure${failures}`);
}
process.exitCode = failedSeeds.length === 0 ? 0 : 1;

/** @returns whether all went well */
function runOnce(seed: number): boolean {
  process.env['LONGSHORE_FAULTS_SEED'] = String(seed);
  const results = new Map<string, Result>();
  for (const name of wanted) {
    console.log(`\n===== ${name}`);
    const suite = SUITES[name];
    if (suite !== undefined) results.set(name, suite());
  }
  console.log('');
  for (const [name, { passed, failed, skipped }] of results) {
    console.log(`${name}: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
  // A suite in which nothing ran has shown nothing.
  return [...results.values()].every(({ passed, failed }) => passed > 0 && failed === 0);
}

function run([command = '', ...args]: string[], env: NodeJS.ProcessEnv = {}): number {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (error !== undefined) console.error(error.message);
  return status ?? 1;
}

/** A file that could not even be loaded counts as one failed test. A report that is not there: jest itself broke. */
function countsOf(report: string): Result {
  try {
    const found = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      numPendingTests: number;
      numRuntimeErrorTestSuites: number;
    };
    return {
      passed: found.numPassedTests,
      failed: found.numFailedTests + found.numRuntimeErrorTestSuites,
      skipped: found.numPendingTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
