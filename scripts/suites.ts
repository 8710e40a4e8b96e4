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

const USAGE = `Usage: ./scripts/test [options]

Installs, builds, lints and runs all tests.

  --only SUITE          one suite; may be repeated: lint, generate, unit, integration, e2e, faults
  --faults=short|full   the fault suite with the numbers of docs/failure-modes.md (full: hours) or with fewer (short)
  --seed N              the random schedules of the run that printed this seed
  --repeat TIMES        so many times in a row, each with a seed of its own
  -h, --help            show this help`;
const OPTIONS = {
  only: { type: 'string' },
  faults: { type: 'string' },
  seed: { type: 'string' },
  repeat: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
const FLAGS = Object.keys(OPTIONS).map((name) => `--${name}`);

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

const values = optionsIn(process.argv.slice(2));
const times = values.repeat;
const firstSeed = values.seed ?? randomInt(LARGEST_SEED);
process.env['LONGSHORE_FAULTS'] = values.faults;
const wanted = values.only.length > 0 ? values.only : Object.keys(SUITES);

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

interface Options {
  only: string[];
  faults: string;
  seed: number | undefined;
  repeat: number;
}

/** What is not right ends the process with 2, and a line that says what would be. */
function optionsIn(args: string[]): Options {
  const found: Options = { only: [], faults: 'short', seed: undefined, repeat: 1 };
  const { tokens } = parseArgs({ args, options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') refuse(token.value, `an option, such as --only ${token.value}`);
    if (token.kind !== 'option') continue;
    if (token.name === 'help') usage();
    if (!Object.hasOwn(OPTIONS, token.name)) refuse(token.rawName, `one of ${FLAGS.join(', ')}`);
    take(found, token.name, token.value);
  }
  return found;
}

function take(found: Options, name: string, value = ''): void {
  switch (name) {
    case 'only':
      if (!Object.hasOwn(SUITES, value))
        refuse(`--only ${value}`, `one of ${Object.keys(SUITES).join(', ')}`);
      found.only.push(value);
      break;
    case 'faults':
      if (!['short', 'full'].includes(value)) refuse(`--faults=${value}`, 'short or full');
      found.faults = value;
      break;
    case 'seed':
      if (!/^\d+$/.test(value)) refuse(`--seed=${value}`, 'the whole number that a run printed');
      found.seed = Number(value);
      break;
    case 'repeat':
      if (!/^[1-9]\d*$/.test(value)) refuse(`--repeat=${value}`, 'a whole number from 1 on');
      found.repeat = Number(value);
  }
}

function refuse(given: string, expected: string): never {
  console.error(`${given}: expected ${expected}`);
  process.exit(2);
}

function usage(): never {
  console.log(USAGE);
  process.exit(0);
}

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
