/** The server's options: flags, environment, file keys, help and docs come from this table. */
import { hostname } from 'node:os';

import { isId, LOG_LEVELS } from '@longshore/base';
import { option, type HelpHead, type OptionValues } from '@longshore/base/options';

export const ENV_PREFIX = 'LONGSHORE_';

export const OPTIONS = {
  config: option.text({
    placeholder: 'FILE',
    short: 'c',
    description: 'Configuration file (YAML or JSON), with the file keys of this table.',
  }),
  dataDir: option.text({
    default: './longshore-data',
    placeholder: 'DIR',
    description:
      'Where the server keeps its database, logs and master key. One server at a time uses a directory.',
  }),
  httpAddress: option.address({
    default: { host: '0.0.0.0', port: 8080 },
    description: 'Where the REST API listens. Port 0 takes a free one.',
  }),
  agentAddress: option.address({
    default: { host: '0.0.0.0', port: 10_943 },
    description: 'Where polling agents connect. Port 0 takes a free one.',
  }),
  publicAgentAddress: option.address({
    defaultText: 'this host and the port of --agent-address',
    description: 'The address of the agent port as agents see it: tokens and sessions name it.',
  }),
  database: option.text({
    default: 'sqlite',
    secret: true,
    description:
      '`sqlite` (in the data directory) or the URL of a PostgreSQL database, which several servers may share.',
    check: (value) =>
      value === 'sqlite' || /^postgres(ql)?:\/\//.test(value)
        ? undefined
        : '`sqlite`, or postgres://user:password@host:port/database',
  }),
  masterKey: option.text({
    secret: true,
    defaultText: 'master.key in the data directory, made at the first start',
    description:
      'Key that seals secrets in the database: 32 bytes as base64 or hex. Servers that share a database share it.',
    check: (value) => (decodeMasterKey(value) === undefined ? '32 bytes as base64 or hex' : undefined),
  }),
  newMasterKey: option.text({
    secret: true,
    defaultText: 'made anew, where the key is in the data directory',
    description: 'Of `rotate-master-key`: the key that takes the place of --master-key-file.',
    check: (value) => (decodeMasterKey(value) === undefined ? '32 bytes as base64 or hex' : undefined),
  }),
  nodeId: option.text({
    defaultText: 'kept in the data directory',
    placeholder: 'ID',
    description: 'Name of this server node, unique among those that share a database.',
    check: (value) => (isId(value) ? undefined : 'letters, digits, - and _, at most 64'),
  }),
  taskCap: option.integer({
    default: 50,
    min: 1,
    max: 10_000,
    description: 'Tasks that this node executes at once; more wait in the queue.',
  }),
  largestLog: option.size({
    default: 0,
    description:
      'Largest log of a script, record headers included, unless its task names one: output beyond it is dropped, and a marker at the log’s end says how much. 0 is without a bound.',
  }),
  logCheckInterval: option.duration({
    default: 10_000,
    description:
      'How often a segment (at most 4 MiB) of stored output is checked against its digest; damage is had from the agent once more, or marked. 0s is never: then only what is read is checked.',
  }),
  builtinWorker: option.onOff({
    default: true,
    description: 'Whether scripts may run on this machine while the default pool has no worker.',
  }),
  builtinWorkerUser: option.text({
    placeholder: 'USER',
    description: 'The user that the built-in worker runs as; needs a server that runs as root.',
  }),
  openMetrics: option.boolean({ default: false, description: 'Answer /metrics without an API key.' }),
  logLevel: option.choice(LOG_LEVELS, { default: 'info', description: 'The lowest level that is logged.' }),
  logFormat: option.choice(['json', 'text'] as const, {
    default: 'json',
    description: 'Log lines for machines or for people; on standard error.',
  }),
};

export type ServerConfig = OptionValues<typeof OPTIONS>;

export const HELP: HelpHead = {
  usage:
    'longshore-server [run] [options]   |   longshore-server backup DIR   |   longshore-server restore DIR   |   longshore-server rotate-master-key',
  about:
    'The Longshore server: queues tasks, leases workers, runs scripts on them, keeps their logs. Its first start prints an administrator’s API key, once. ' +
    '`backup DIR` copies a stopped or running embedded server’s data into DIR; `restore DIR` takes such a copy into the data directory and raises its generation, so that agents know. ' +
    '`rotate-master-key` seals all secrets of a stopped server with another key.',
  envPrefix: ENV_PREFIX,
  examples: [
    'longshore-server --data-dir /var/lib/longshore',
    'LONGSHORE_DATABASE=postgres://longshore:…@db/longshore longshore-server --node-id a',
    'longshore-server restore /backups/monday --data-dir /var/lib/longshore',
  ],
};

/** Undefined when it is not a key. Node's own decoder would take a text with letters too many, or too few. */
export function decodeMasterKey(text: string): Buffer | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed) ? Buffer.from(trimmed, 'base64') : undefined;
}

/** host:port that agents dial. */
export function publicAddress(
  config: Pick<ServerConfig, 'publicAgentAddress' | 'agentAddress'>,
  listening: number,
): { host: string; port: number } {
  if (config.publicAgentAddress !== undefined) return config.publicAgentAddress;
  const { host } = config.agentAddress;
  const anyHost = host === '0.0.0.0' || host === '::';
  return { host: anyHost ? hostname() : host, port: listening };
}
