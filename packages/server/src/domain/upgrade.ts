/**
 * Upgrades of agents: which package a worker needs, why one can't be
 * upgraded, and what an upgrade of several has come to. One worker at a time:
 * the next only when the one before it runs the new version and is well.
 */
import type { Attempt } from './attempt.ts';
import { succeeded } from './outcome.ts';
import { describeOutcome, type EndState, type Wish } from './task-transition.ts';
import type { MachineFacts, Worker } from './worker.ts';

interface Offered {
  version: string;
  os: string;
  arch: string;
}

/** The kind of machine, as packages name it: the facts say `Linux 6.1.0`, and Node's name of the processor. */
export function machineKind(facts: MachineFacts): { os: string; arch: string } {
  return { os: (facts.os.split(' ', 1)[0] ?? '').toLowerCase(), arch: facts.architecture };
}

export function packageFor<P extends Offered>(
  packages: readonly P[],
  worker: Worker,
  version: string,
): P | undefined {
  if (worker.facts === null) return undefined;
  const { os, arch } = machineKind(worker.facts);
  return packages.find((one) => one.version === version && one.os === os && one.arch === arch);
}

/** Why its agent can't become that version now; empty: it can. */
export function upgradeBar(
  worker: Worker,
  of: { version: string; packages: readonly Offered[]; connected: boolean; capable: boolean },
): string {
  const { version, packages } = of;
  if (worker.mode === 'builtIn') return 'it is the built-in worker, whose agent is its server’s own version';
  if (worker.revoked) return 'it is revoked';
  if (worker.locked !== '') return `it is locked: ${worker.locked}`;
  if (worker.version === version) return `it runs version ${version} already`;
  if (!of.connected) return 'it is not connected to this server node';
  if (!of.capable)
    return `its agent, version ${worker.version}, can't be upgraded by a server: install it by hand`;
  if (packageFor(packages, worker, version) !== undefined) return '';
  if (worker.facts === null) return 'its machine is not known yet';
  const { os, arch } = machineKind(worker.facts);
  const kinds = packages.filter((one) => one.version === version).map((one) => `${one.os} ${one.arch}`);
  return `its machine is ${os} ${arch}, and version ${version} is here for ${kinds.join(', ')} only`;
}

/** Why the upgrade may not go on to the next worker; empty: it may. */
export function notProved(attempt: Attempt, worker: Worker | undefined, version: string): string {
  if (attempt.outcome === null || !succeeded(attempt.outcome)) {
    const said = attempt.report?.message ?? '';
    return `${describeOutcome(attempt.outcome)}${said === '' ? '' : `: ${said}`}`;
  }
  if (worker === undefined) return 'it is not registered any more';
  if (worker.version !== version) return `its agent says that it runs version ${worker.version}`;
  const ill = worker.health === 'unhealthy' || worker.health === 'unavailable';
  return ill ? `it runs the new version and is ${worker.health}: ${worker.healthReason}` : '';
}

export interface UpgradedWorker {
  name: string;
  /** Undefined: its turn did not come. Empty: it runs the new version and is well. */
  problem: string | undefined;
}

/** What became of an upgrade, and which workers were and were not upgraded. */
export function concludeUpgrade(
  version: string,
  workers: readonly UpgradedWorker[],
  wish: Wish,
): { state: EndState; message: string } {
  const names = (of: readonly UpgradedWorker[]): string => of.map(({ name }) => name).join(', ');
  const done = workers.filter(({ problem }) => problem === '');
  const failed = workers.filter(({ problem }) => problem !== undefined && problem !== '');
  const left = workers.filter(({ problem }) => problem === undefined);
  const parts = [
    done.length === 0 ? 'No worker was upgraded' : `Upgraded to ${version}: ${names(done)}`,
    ...failed.map(({ name, problem }) => `Not upgraded: ${name} (${problem ?? ''})`),
    ...(left.length === 0 ? [] : [`Not begun: ${names(left)}`]),
  ];
  const message = parts.join('. ');
  if (done.length === workers.length) return { state: 'success', message };
  if (wish === 'timeOut') return { state: 'timedOut', message };
  return {
    state:
      wish === 'cancel' && failed.every(({ problem }) => problem === 'cancelled') ? 'cancelled' : 'failed',
    message,
  };
}
