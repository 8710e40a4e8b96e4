/**
 * `longshore-agent`. What `run` needs is loaded with this file, in one piece,
 * for a session must be open soon after the start; the rest when it is needed.
 */
import { writeSync } from 'node:fs';

import { AppError, createLogger, jsonSink, toError, type Logger, type LogLevel } from '@longshore/base';
import { helpText } from '@longshore/base/options';

import { run } from './commands/run.ts';
import { ENV_PREFIX, readOptions, TABLES, type Command, type Resolved } from './config.ts';
import { AGENT_VERSION } from './contract/version.ts';

const ABOUT: Readonly<Record<Command, string>> = {
  run: 'Run the agent: hold its sessions with the server, and run scripts.',
  register:
    'Register with a server as a polling agent, which dials the server. Needs a one-time token, which says what it becomes: a worker, a deployment target, or both.',
  configure: 'Make this a listening agent, which the server dials, and print its pairing string.',
  show: 'Show who this agent is.',
  deregister:
    'Tell the server that this machine is gone, worker and deployment target alike, and forget the identity.',
  selfTest: 'Say whether this version works on this machine, with this data directory.',
  upgrade: 'Become another version; its server has it do that (`longshore worker upgrade`).',
  service: 'Install, remove or show the two systemd services: service install | uninstall | status.',
};

const EXAMPLES: Readonly<Record<Command, readonly string[]>> = {
  run: ['longshore-agent run --data-dir /var/lib/longshore-agent'],
  register: [
    'LONGSHORE_TOKEN=lst_… longshore-agent register --name web-1 --pool linux',
    'longshore-agent register --token-file token --label zone=a --slots 4',
    // The token was made with --environment and --role.
    'longshore-agent register --token-file token --name web-1',
  ],
  configure: ['longshore-agent configure --listen 0.0.0.0:10933 --address web-1.example.com:10933'],
  show: ['longshore-agent show --output json'],
  deregister: ['longshore-agent deregister'],
  selfTest: ['longshore-agent self-test --data-dir /var/lib/longshore-agent'],
  upgrade: [
    'longshore-agent upgrade --data-dir /var/lib/longshore-agent --to 1.4.0 --package packages/3f9c…',
  ],
  service: [
    'longshore-agent service install --data-dir /var/lib/longshore-agent',
    'longshore-agent service status',
  ],
};

// Our clock's timers keep no process alive; a command that waits must not end for it.
const keepAlive = setInterval(() => undefined, 2 ** 30);
process.exitCode = await main(process.argv.slice(2)).catch(async (thrown: unknown) => {
  const error = toError(thrown);
  // What people can mend is one line; what must not happen comes with all that is known of it.
  const known = error instanceof AppError && error.code !== 'bug';
  process.stderr.write(`longshore-agent: ${known ? error.message : (error.stack ?? error.message)}\n`);
  return known && error.code === 'invalid' ? 2 : 1;
});
clearInterval(keepAlive);

async function main([given = 'help', ...argv]: string[]): Promise<number> {
  const name = given === 'self-test' ? 'selfTest' : given;
  if (name === '--version' || name === 'version') {
    process.stdout.write(`${AGENT_VERSION}\n`);
    return 0;
  }
  if (!isCommand(name)) {
    const asked = ['help', '--help', '-h'].includes(name);
    (asked ? process.stdout : process.stderr).write(overview(asked ? undefined : name));
    return asked ? 0 : 2;
  }
  const resolved = await readOptions(name, argv, process.env);
  if (resolved.help) {
    const usage = `longshore-agent ${given}${name === 'service' ? ' install|uninstall|status' : ''} [options]`;
    process.stdout.write(
      helpText(TABLES[name], { usage, about: ABOUT[name], envPrefix: ENV_PREFIX, examples: EXAMPLES[name] }),
    );
    return 0;
  }
  return dispatch(name, resolved);
}

async function dispatch(name: Command, resolved: Resolved<Command>): Promise<number> {
  if (name === 'run') {
    const given = resolved as Resolved<'run'>;
    const code = await run(given, await loggerFor(given.values));
    // Nothing of ours is open any more; a library's timer must not hold a stopped agent.
    process.exit(code);
  }
  const others = await import('./commands/others.ts');
  switch (name) {
    case 'register':
      return others.register((resolved as Resolved<'register'>).values);
    case 'configure':
      return others.configure((resolved as Resolved<'configure'>).values);
    case 'show':
      return others.show((resolved as Resolved<'show'>).values);
    case 'deregister': {
      const { values } = resolved as Resolved<'deregister'>;
      return others.deregister(values, await loggerFor(values));
    }
    case 'selfTest':
      return others.selfTest((resolved as Resolved<'selfTest'>).values);
    case 'upgrade':
      return others.upgrade((resolved as Resolved<'upgrade'>).values);
    case 'service':
      return others.service(resolved as Resolved<'service'>);
  }
}

/** JSON lines without a library; text for people through winston, which is loaded only then. */
async function loggerFor({
  logLevel,
  logFormat,
}: {
  logLevel: LogLevel;
  logFormat: 'json' | 'text';
}): Promise<Logger> {
  if (logFormat === 'json') return createLogger(jsonSink((line) => writeSync(2, line), logLevel));
  const { createWinstonLogger } = await import('@longshore/base/winston-logger');
  return createWinstonLogger({ level: logLevel, format: 'text' });
}

function isCommand(name: string): name is Command {
  return Object.hasOwn(TABLES, name);
}

function overview(unknown: string | undefined): string {
  const lines = Object.entries(ABOUT).map(
    ([name, about]) => `  ${(name === 'selfTest' ? 'self-test' : name).padEnd(12)} ${about}`,
  );
  const problem = unknown === undefined ? '' : `longshore-agent: there is no command "${unknown}"\n\n`;
  return `${problem}Usage: longshore-agent COMMAND [options]\n\nCommands:\n${lines.join('\n')}\n\nlongshore-agent COMMAND --help tells more.\n`;
}
