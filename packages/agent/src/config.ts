/** The agent's options: one table, from which each command takes what it needs. */
import { hostname } from 'node:os';

import { AppError } from '@longshore/base';
import { option, resolveOptions, type OptionTable, type OptionValues } from '@longshore/base/options';

import { TRIAL_MS } from './limits.ts';

const COMMON = {
  config: option.text({
    description: 'A YAML file with options, by their long names in camelCase.',
    placeholder: 'FILE',
  }),
  dataDir: option.text({
    default: './longshore-agent-data',
    description: 'Folder of the identity, and of the scripts under way.',
    placeholder: 'FOLDER',
  }),
  logLevel: option.choice(['debug', 'info', 'warn', 'error'] as const, {
    default: 'info',
    description: 'Lowest level that is logged.',
  }),
  logFormat: option.choice(['json', 'text'] as const, {
    default: 'json',
    description: 'JSON lines for machines, or text for people; on standard error.',
  }),
};

const NAMING = {
  name: option.text({
    default: hostname(),
    defaultText: 'the host name',
    description: 'Name of the worker.',
  }),
};

const LISTENING = {
  listen: option.address({
    default: { host: '0.0.0.0', port: 10_933 },
    defaultText: '0.0.0.0:10933',
    description: 'Where a listening agent awaits its server.',
  }),
};

const REGISTRATION = {
  ...NAMING,
  server: option.text({
    default: '',
    defaultText: "the token's",
    description: "host:port of the server's agent port, if it is not the one in the token.",
    placeholder: 'HOST:PORT',
  }),
  token: option.text({
    description: 'The one-time token that `longshore token create` printed.',
    placeholder: 'lst_…',
    secret: true,
  }),
  pool: option.list({
    default: [],
    defaultText: "all of the token's",
    description:
      "Worker pool to join, one of the token's; may be repeated. Environments and roles of a deployment target are the token's.",
  }),
  label: option.map({
    default: {},
    defaultText: 'none',
    description: 'Label of the worker; may be repeated.',
  }),
  slots: option.integer({
    default: 0,
    defaultText: "the server's default",
    min: 0,
    max: 1000,
    description: 'How many shared leases the worker takes at once.',
  }),
  ephemeral: option.boolean({
    default: false,
    description: 'Deregister when the agent stops; its deployment target goes too.',
  }),
};

export const TABLES = {
  register: { ...COMMON, ...REGISTRATION },
  configure: {
    ...COMMON,
    ...NAMING,
    ...LISTENING,
    address: option.text({
      default: '',
      defaultText: 'the host name, or the address of --listen',
      description: 'host:port at which the server reaches this agent: stands in the pairing string.',
      placeholder: 'HOST:PORT',
    }),
    reset: option.boolean({
      default: false,
      description: 'Forget the identity, and make a new pairing string.',
    }),
  },
  run: {
    ...COMMON,
    ...REGISTRATION,
    ...LISTENING,
    scriptHost: option.choice(['detached', 'service'] as const, {
      default: 'detached',
      description: 'Whether the agent starts the script host itself, or a service does (longshore-host).',
    }),
  },
  show: {
    ...COMMON,
    output: option.choice(['text', 'json'] as const, {
      default: 'text',
      description: 'For people, or for programs.',
    }),
  },
  deregister: {
    ...COMMON,
    force: option.boolean({
      default: false,
      description: 'Forget the identity here even if the server can not be told.',
    }),
  },
  selfTest: { ...COMMON },
  upgrade: {
    ...COMMON,
    to: option.text({ description: 'The version that the package holds.', placeholder: 'VERSION' }),
    confirmWithinMs: option.integer({
      default: TRIAL_MS,
      min: 1000,
      max: TRIAL_MS,
      description: 'The version before takes over again when the new one has no session in this time.',
    }),
    package: option.text({
      description: 'The agent package, named by its SHA-256.',
      placeholder: 'FILE',
    }),
  },
  service: {
    ...COMMON,
    user: option.text({
      default: 'longshore',
      description: 'User that the services run as; made if it is not there.',
    }),
    unitFolder: option.text({
      default: '/etc/systemd/system',
      description: 'Where the two unit files go.',
      placeholder: 'FOLDER',
    }),
  },
} satisfies Record<string, OptionTable>;

export type Command = keyof typeof TABLES;
export type Values<C extends Command> = OptionValues<(typeof TABLES)[C]>;

export const ENV_PREFIX = 'LONGSHORE_';

const ALL_KEYS = [...new Set(Object.values(TABLES).flatMap((table) => Object.keys(table)))];

export interface Resolved<C extends Command> {
  values: Values<C>;
  /** What was given, and not left at its default. */
  given: ReadonlySet<string>;
  positionals: readonly string[];
  help: boolean;
}

/** @throws AppError `invalid` */
export async function readOptions<C extends Command>(
  command: C,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Resolved<C>> {
  const resolved = await resolveOptions(TABLES[command] as OptionTable, {
    program: `longshore-agent ${command}`,
    envPrefix: ENV_PREFIX,
    argv,
    env: withoutCommandLine(env),
    otherKeys: ALL_KEYS,
  });
  refuseWords(command, resolved.positionals);
  const given = new Set(
    Object.entries(resolved.sources)
      .filter(([, source]) => source !== 'default')
      .map(([key]) => key),
  );
  return {
    values: resolved.values as Values<C>,
    given,
    positionals: resolved.positionals,
    help: resolved.help,
  };
}

/** Only `service` takes words; any other that stands there is a flag's value that the flag did not take, such as `--ephemeral false`. */
function refuseWords(command: Command, words: readonly string[]): void {
  if (command === 'service' || words.length === 0) return;
  throw new AppError(
    'invalid',
    `\`${command}\` takes nothing but options, and "${words.join(' ')}" is none; a flag without a value is set by --NAME and by --NAME=false`,
  );
}

/** LONGSHORE_SERVER is also the command line's, which means the REST API's URL: that is not for us. */
function withoutCommandLine(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (!/^https?:/.test(env.LONGSHORE_SERVER ?? '')) return env;
  return { ...env, LONGSHORE_SERVER: '' };
}
