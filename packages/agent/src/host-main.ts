/**
 * The script host's process: `host-main --data-dir DIR`. Started detached by
 * the link, or by its own systemd unit. It loads all its code now: an upgrade
 * of the files on disk must not matter to it later.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { AppError, createIds, isCode, systemClock } from '@longshore/base';

import {
  type HostRecord,
  hostLockFile,
  hostRecordFile,
  hostsFolder,
  removeHostRecord,
  writeHostRecord,
} from './contract/host-record.ts';
import type { Runner } from './contract/runner.ts';
import { AGENT_VERSION } from './contract/version.ts';
import { chosenHost } from './contract/versions.ts';
import { makeRuntimeFolder, makeSecretsFolder, removeFolder } from './host/folders.ts';
import { Host } from './host/host.ts';
import { layHelpers } from './host/helper-files.ts';
import { holdLock } from './host/host-lock.ts';
import { Isolation } from './host/isolation.ts';
import { openHostLog } from './host/log-file.ts';
import { watchRecord } from './host/record-watch.ts';
import { identityOf } from './machine/processes.ts';
import { ProcessRunner } from './runners/process/process-runner.ts';
import { TerminalRunner } from './runners/terminal/terminal-runner.ts';
import { become, ownProgram } from './upgrade/become.ts';

/** Another host of this version lives: whoever started us finds that one. */
const EXIT_NOT_NEEDED = 3;

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    version: { type: 'string', default: AGENT_VERSION },
    // The host that this one takes over from, where it follows one that lives.
    line: { type: 'string' },
    // A service starts it, again when it ends: it goes on as the version that is to run here.
    service: { type: 'boolean', default: false },
    // To look for a fault: Node's own way to start processes; no control groups.
    'node-spawn': { type: 'boolean', default: false },
    'no-cgroups': { type: 'boolean', default: false },
  },
});
if (values['data-dir'] === undefined) throw new Error('host-main: --data-dir is missing');
await main(resolve(values['data-dir']), values.version);

async function main(dataDir: string, version: string): Promise<void> {
  // A data directory that went while we were started must not come again.
  if (!existsSync(dataDir)) throw new AppError('gone', `there is no data directory ${dataDir}`);
  process.umask(0o022); // the functions for scripts are for everybody
  const helpers = layHelpers({ dataDir, version });
  process.umask(0o077);
  becomeChosen(dataDir);
  const hostId = createIds()();
  const logger = openHostLog(join(dataDir, 'logs', 'host.log'), { hostId, pid: process.pid });
  const self = identityOf(process.pid);
  mkdirSync(hostsFolder(dataDir), { recursive: true, mode: 0o700 });
  let unlock: () => void;
  try {
    unlock = holdLock(hostLockFile(dataDir, version), self);
  } catch (thrown) {
    if (!isCode(thrown, 'conflict')) throw thrown;
    logger.info('not needed', { why: thrown.message });
    process.exit(EXIT_NOT_NEEDED);
  }
  const runtime = makeRuntimeFolder();
  const secrets = makeSecretsFolder(dataDir);
  const runner = new ProcessRunner({
    hostId,
    clock: systemClock,
    logger,
    native: !values['node-spawn'],
    cgroups: !values['no-cgroups'],
  });
  // node-pty is loaded when the first script asks for a terminal: it costs memory.
  let terminals: TerminalRunner | undefined;
  const terminal = (): Runner =>
    (terminals ??= new TerminalRunner({
      clock: systemClock,
      groups: runner.groups,
      closeOnExec: runner.closeOnExec,
    }));
  const record: HostRecord = {
    format: 1,
    hostId,
    ...(values.line === undefined ? {} : { line: values.line }),
    version,
    process: self,
    startedAtMs: systemClock.now(),
    socket: join(runtime, 'host.sock'),
    cgroup: runner.facts.cgroup,
    secrets,
  };
  writeHostRecord(dataDir, record);
  const isolation = new Isolation(join(hostsFolder(dataDir), 'locks'), self, systemClock);
  const host = new Host({
    hostId,
    version,
    clock: systemClock,
    logger,
    runners: { process: runner, terminal },
    isolation,
    secretsFolder: secrets,
    helpers,
    rest: () => {
      globalThis.gc?.();
      runner.rest();
    },
  });
  process.on('SIGTERM', () => host.stopAll('the script host was told to end'));
  process.on('SIGINT', () => host.stopAll('the script host was told to end'));
  process.on('SIGHUP', () => undefined);
  process.on('uncaughtException', (error) => {
    logger.error('uncaught', { error });
    throw error;
  });
  await host.listen(record.socket);
  logger.info('ready', { version, socket: record.socket });
  const stopWatching = watchRecord(hostRecordFile(dataDir, hostId), {
    clock: systemClock,
    gone: () => host.retire(),
  });
  await host.done;

  stopWatching();
  isolation.close();
  host.close();
  await runner[Symbol.asyncDispose]();
  removeFolder(runtime);
  removeHostRecord(dataDir, hostId);
  unlock();
  logger.info('ended');
  process.exit(0);
}

/** Only a service's host: one that a link launched is of that link's version. */
function becomeChosen(dataDir: string): void {
  if (!values.service) return;
  const file = chosenHost(dataDir, ownProgram());
  if (file !== undefined) become({ file });
}
