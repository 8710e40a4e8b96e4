/**
 * The quickstart itself (scripts/quickstart prepares it): a server, a polling
 * and a listening agent on this machine, two runs of a script on them, and the
 * deployment of a sample application.
 * Whatever it started it stops again, by pid, also when it fails or is
 * interrupted; --keep leaves it running.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { answers, checkPorts, portsFrom, type Ports } from './local/ports.ts';
import {
  isRunning,
  paths,
  runMust,
  runOnce,
  startDaemon,
  stopAll,
  type Daemon,
  type OwnDaemon,
} from './local/processes.ts';
import { deployWebShop } from './local/web-shop.ts';

const DATA = '.longshore';
const STATE = join(DATA, 'running.json');
const KEY_FILE = join(DATA, 'api-key');
const POOL = 'quickstart';
const SCRIPT = 'scripts/local/hello.sh';
const READY_MS = 30_000;

const { values: flags } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, stop: { type: 'boolean', default: false } },
});

const say = (text: string): void => void process.stderr.write(`==> ${text}\n`);

class Problem extends Error {}

const started: OwnDaemon[] = [];
try {
  if (flags.stop) await stopKept();
  else await quickstart(portsFrom(process.env));
} catch (thrown) {
  process.stderr.write(
    `\n${thrown instanceof Problem ? thrown.message : String(thrown instanceof Error ? thrown.stack : thrown)}\n`,
  );
  if (started.length > 0) process.stderr.write(`The logs are in ${DATA}/*.log.\n`);
  await stopAll(started, DATA);
  process.exitCode = 1;
}

async function quickstart(ports: Ports): Promise<void> {
  process.once('SIGINT', () => void interrupted()).once('SIGTERM', () => void interrupted());
  mkdirSync(DATA, { recursive: true, mode: 0o700 });
  if (kept().some((daemon) => isRunning(daemon.pid))) {
    throw new Problem(
      'An earlier quickstart is running still. Stop it with\n  ./scripts/quickstart --stop\nor use it: see what it printed when it started.',
    );
  }
  const taken = await checkPorts(ports);
  if (taken !== undefined) throw new Problem(taken);

  say(
    `starting the server: REST on port ${ports.http}, agents on port ${ports.agent}, SQLite in ${DATA}/server`,
  );
  const env = {
    LONGSHORE_SERVER: `http://127.0.0.1:${ports.http}`,
    LONGSHORE_API_KEY: await startServer(ports),
  };
  const cli = longshore(env);

  if ((await cli.try('pool', 'show', POOL)).code !== 0) {
    await cli.must(
      'pool',
      'create',
      POOL,
      '--strategy',
      'round-robin',
      '--description',
      'The two workers of the quickstart',
    );
  }
  await startPollingAgent(cli, ports);
  await startListeningAgent(cli, ports);
  await until('both workers are healthy', async () => {
    const { out } = await cli.try('worker', 'list', '--pool', POOL, '--output', 'json');
    const { items } = JSON.parse(out === '' ? '{"items":[]}' : out) as {
      items: { health: string; connected: boolean }[];
    };
    return (
      items.length === 2 &&
      items.every(
        (worker) => worker.connected && worker.health !== 'unknown' && worker.health !== 'unavailable',
      )
    );
  });

  for (const name of ['first', 'second']) {
    say(`longshore run --pool ${POOL} --var Name=${name} ${SCRIPT}`);
    const code = await cli.show('run', '--verbose', '--pool', POOL, '--var', `Name=${name}`, SCRIPT);
    if (code !== 0) throw new Problem(`The script ended with ${code}, and 0 was expected.`);
  }
  say('longshore worker list');
  await cli.show('worker', 'list');
  say('longshore lease history: the leases that were taken, and why each worker was chosen');
  await cli.show('lease', 'history', '--limit', '2');
  await deployWebShop({ cli, say, until, failed: (message) => new Problem(message) });

  if (flags.keep) keep(env);
  else {
    say('stopping everything again (--keep leaves it running)');
    await stopAll(started, DATA);
    say(
      'that was it: a server, two workers, two scripts, a release in production. README.md says how to go on.',
    );
  }
}

/** @returns the admin's API key: printed by the server at its first start, kept here since */
async function startServer(ports: Ports): Promise<string> {
  const server = startDaemon('server', paths.server, {
    folder: DATA,
    args: [
      ...[
        '--data-dir',
        join(DATA, 'server'),
        '--http-address',
        `127.0.0.1:${ports.http}`,
        '--agent-address',
        `127.0.0.1:${ports.agent}`,
      ],
      ...[
        '--public-agent-address',
        `127.0.0.1:${ports.agent}`,
        '--builtin-worker',
        'off',
        '--log-format',
        'json',
      ],
    ],
  });
  started.push(server);
  await until('the server is ready', async () => {
    server.mustRun();
    return fetch(`http://127.0.0.1:${ports.http}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
  });
  const printed = /lsk_[A-Za-z0-9_-]+/.exec(server.output())?.[0];
  if (printed !== undefined) {
    writeFileSync(KEY_FILE, `${printed}\n`, { mode: 0o600 });
    server.forget(printed);
  }
  if (!existsSync(KEY_FILE)) {
    throw new Problem(
      `The server in ${DATA}/server was started before, and its API key is not in ${KEY_FILE} any more. Begin anew with\n  rm -rf ${DATA}\n  ./scripts/quickstart`,
    );
  }
  return readFileSync(KEY_FILE, 'utf8').trim();
}

type Cli = ReturnType<typeof longshore>;

/** The command as its user calls it. */
function longshore(env: NodeJS.ProcessEnv) {
  return {
    try: (...args: string[]) => runOnce(paths.cli, args, { env }),
    must: (...args: string[]) => runMust(paths.cli, args, { env }),
    /** Shown at the terminal as it goes. @returns the exit code */
    show: async (...args: string[]) => (await runOnce(paths.cli, args, { env, show: true })).code,
  };
}

async function startPollingAgent(cli: Cli, ports: Ports): Promise<void> {
  const name = 'polling-worker';
  const dataDir = join(DATA, name);
  if ((await cli.try('worker', 'show', name)).code !== 0) {
    say(`registering the polling agent "${name}" with a one-time token`);
    rmSync(dataDir, { recursive: true, force: true });
    const token = (await cli.must('token', 'create', '--pool', POOL, '--description', 'quickstart')).trim();
    await runMust(paths.agent, ['register', '--data-dir', dataDir, '--name', name, '--pool', POOL], {
      env: { LONGSHORE_TOKEN: token },
    });
  }
  say(`starting it: it dials the server on port ${ports.agent}`);
  started.push(startDaemon(name, paths.agent, { folder: DATA, args: ['run', '--data-dir', dataDir] }));
}

async function startListeningAgent(cli: Cli, ports: Ports): Promise<void> {
  const name = 'listening-worker';
  const dataDir = join(DATA, name);
  const start = (): void => {
    say(`starting the listening agent "${name}": the server dials it on port ${ports.listen}`);
    started.push(startDaemon(name, paths.agent, { folder: DATA, args: ['run', '--data-dir', dataDir] }));
  };
  if ((await cli.try('worker', 'show', name)).code === 0) {
    start();
    return;
  }
  say(`configuring the listening agent "${name}", and pairing it with the string that it prints`);
  rmSync(dataDir, { recursive: true, force: true });
  const printed = await runMust(paths.agent, [
    'configure',
    '--data-dir',
    dataDir,
    '--name',
    name,
    '--listen',
    `127.0.0.1:${ports.listen}`,
  ]);
  const pairing = /lsp_\S+/.exec(printed)?.[0];
  if (pairing === undefined)
    throw new Problem(`longshore-agent configure printed no pairing string, but:\n${printed}`);
  start();
  await until(`it listens on port ${ports.listen}`, () => answers(ports.listen));
  await cli.must(
    'worker',
    'add',
    '--listening',
    pairing,
    '--name',
    name,
    '--pool',
    POOL,
    '--address',
    `127.0.0.1:${ports.listen}`,
  );
}

function keep(env: { LONGSHORE_SERVER: string }): void {
  writeFileSync(STATE, JSON.stringify(started.map(({ name, pid }) => ({ name, pid }))));
  process.stdout.write(`
It goes on running (${started.map(({ name, pid }) => `${name} ${pid}`).join(', ')}). In this folder:

  export LONGSHORE_SERVER=${env.LONGSHORE_SERVER} LONGSHORE_API_KEY=$(cat ${KEY_FILE})
  npx longshore run --pool ${POOL} --script 'echo "hello from $(hostname)"'
  npx longshore worker list
  npx longshore deploy --project 'Web shop' --version latest --environment Development
  npx longshore --help

  ./scripts/quickstart --stop       ends it
`);
}

async function stopKept(): Promise<void> {
  const daemons = kept().filter(({ pid }) => isRunning(pid));
  say(daemons.length === 0 ? 'nothing is running' : `stopping ${daemons.map(({ name }) => name).join(', ')}`);
  await stopAll(daemons, DATA);
  rmSync(STATE, { force: true });
}

function kept(): Daemon[] {
  return existsSync(STATE) ? (JSON.parse(readFileSync(STATE, 'utf8')) as Daemon[]) : [];
}

async function interrupted(): Promise<void> {
  say('interrupted: stopping everything');
  await stopAll(started, DATA);
  process.exit(130);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Problem(`It took longer than ${READY_MS / 1000} s until ${what}.`);
    for (const daemon of started) daemon.mustRun();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
