/**
 * `deregister`: tells the server that this worker is gone, and forgets the
 * identity. Over a session of its own, so the agent must not be running.
 */
import { join, resolve } from 'node:path';

import { AppError, createIds, isCode, sleep, systemClock, toError, type Logger } from '@longshore/base';

import type { Values } from '../config.ts';
import { AGENT_VERSION } from '../contract/version.ts';
import { createEngine } from '../engine/engine.ts';
import { holdLock } from '../host/host-lock.ts';
import { createHostPort } from '../hostlink/host-port.ts';
import { stopHosts } from '../hostlink/stop.ts';
import { DEREGISTER_TIMEOUT_MS, ENROLMENT_CALL_TIMEOUT_MS, HOST_STOP_MS } from '../limits.ts';
import { GatewayDialer } from '../links/gateway-dialer.ts';
import { IdentityStore, type StoredIdentity } from '../links/identity-store.ts';
import { Machine } from '../machine/facts.ts';
import { identityOf } from '../machine/processes.ts';

/** @throws AppError `conflict` (the agent runs), `unavailable` (the server can't be told, and no --force) */
export async function deregister(values: Values<'deregister'>, logger: Logger): Promise<number> {
  const dataDir = resolve(values.dataDir);
  const store = new IdentityStore(dataDir);
  const identity = store.load();
  if (identity === undefined) {
    store.clear();
    process.stdout.write('this agent was not registered\n');
    return 0;
  }
  const unlock = hold(dataDir);
  try {
    await tellServer({ dataDir, store, identity, logger });
  } catch (thrown) {
    if (!values.force) {
      throw new AppError(
        'unavailable',
        `${toError(thrown).message}; --force forgets the identity here, then \`longshore worker delete ${identity.record.name}\` on the other side`,
        { cause: thrown },
      );
    }
    process.stderr.write(`the server was not told: ${toError(thrown).message}\n`);
  } finally {
    unlock();
  }
  await stopHosts(dataDir, { clock: systemClock, withinMs: HOST_STOP_MS });
  store.clear();
  process.stdout.write(`"${identity.record.name}" (${identity.record.agentId}) is deregistered\n`);
  return 0;
}

function hold(dataDir: string): () => void {
  try {
    return holdLock(join(dataDir, 'agent.lock'), identityOf(process.pid));
  } catch (thrown) {
    if (!isCode(thrown, 'conflict')) throw thrown;
    throw new AppError('conflict', 'the agent is running: stop it first', { cause: thrown });
  }
}

interface Telling {
  dataDir: string;
  store: IdentityStore;
  identity: StoredIdentity;
  logger: Logger;
}

async function tellServer({ dataDir, store, identity, logger }: Telling): Promise<void> {
  const { record } = identity;
  if (record.mode !== 'polling') {
    throw new AppError('unavailable', "a listening agent does not know its server's address");
  }
  const clock = systemClock;
  const machine = new Machine({ dataDir, cgroups: () => false, clock, logger });
  const engine = createEngine({
    dataDir,
    agentId: record.agentId,
    version: AGENT_VERSION,
    host: createHostPort({ dataDir, clock, logger }),
    facts: machine,
    clock,
    logger,
    ids: createIds(),
  });
  const done = Promise.withResolvers<void>();
  const dialer = new GatewayDialer({
    identity,
    store,
    clock,
    logger,
    renewed: () => undefined,
    unwanted: () => done.resolve(),
    serve: async ({ duplex, data, nodeId, signal }) => {
      await engine.runSession(duplex, data, {
        peer: nodeId,
        signal,
        opened: (handle) => handle.deregister(),
        deregistered: () => done.resolve(),
      });
      return { kind: 'again', detail: 'deregistering' };
    },
  });
  const abort = new AbortController();
  try {
    await engine.start();
    dialer.start();
    const late = sleep(clock, ENROLMENT_CALL_TIMEOUT_MS + DEREGISTER_TIMEOUT_MS, { signal: abort.signal });
    await Promise.race([
      done.promise,
      late.then(() =>
        Promise.reject(new AppError('timedOut', `the server at ${record.server} did not answer`)),
      ),
    ]);
  } finally {
    abort.abort();
    await dialer[Symbol.asyncDispose]();
    await engine.close();
    await machine.close();
  }
}
