/**
 * `run`: the link process. Holds the sessions with the server nodes, and
 * nothing that a script needs: it may be killed at any time.
 *
 * Always true: one link process a data directory; a stop says goodbye to the
 * servers and leaves scripts and their host alone.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import {
  aborted,
  AppError,
  collectGarbage,
  createIds,
  restWhenQuiet,
  sleep,
  systemClock,
  toError,
  type Logger,
  keepClockSteps,
} from '@longshore/base';
import { parseAddress } from '@longshore/protocol/address';
import { Goodbye_Reason } from '@longshore/protocol/gen/longshore/link/v1/link';
import { describeEnd, isBreach, type SessionEnd } from '@longshore/protocol/session';

import type { Resolved } from '../config.ts';
import { AGENT_VERSION } from '../contract/version.ts';
import { chosenProgram, forgetLink, type Program } from '../contract/versions.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import type { SessionHandle } from '../engine/server-session.ts';
import { createHostPort } from '../hostlink/host-port.ts';
import { holdLock } from '../host/host-lock.ts';
import { stopHosts } from '../hostlink/stop.ts';
import {
  DEREGISTER_TIMEOUT_MS,
  HOST_STOP_MS,
  LINK_FIRST_REST_AFTER_MS,
  LINK_QUIET_BEAT_MS,
  LINK_QUIET_SHARE,
  LINK_REST_AFTER_MS,
  STOP_PART_MS,
} from '../limits.ts';
import type { ServedEnd, ServerConnection } from '../links/connection.ts';
import { GatewayDialer } from '../links/gateway-dialer.ts';
import type { HostListener } from '../links/host-listener.ts';
import { IdentityStore, type StoredIdentity } from '../links/identity-store.ts';
import { RefusalsFile } from '../links/refusals-file.ts';
import { Renewal } from '../links/renewal.ts';
import { readSettings } from '../links/settings-file.ts';
import { ownCgroups } from '../machine/cgroups.ts';
import { openDataPlace, type DataPlace } from '../machine/data-place.ts';
import { Machine } from '../machine/facts.ts';
import { identityOf, isAlive } from '../machine/processes.ts';
import { loadRest } from '../runners/process/native-spawn.ts';
import { become, ownProgram } from '../upgrade/become.ts';
import { upgradeCommand } from '../upgrade/command.ts';
import { OwnTrial } from '../upgrade/own-trial.ts';

type RunValues = Resolved<'run'>['values'] & { place: DataPlace };

/** The link was told to stop, is no longer wanted, is to go on as another version, or could not begin. */
type Stop =
  | { kind: 'signal' }
  | { kind: 'unwanted'; detail: string }
  | { kind: 'become' }
  | { kind: 'failed'; error: Error };

export async function run({ values, given }: Resolved<'run'>, logger: Logger): Promise<number> {
  process.umask(0o077);
  const dataDir = resolve(values.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const first = chosen(dataDir);
  if (first !== undefined) become(first);
  // A copy's locks name the original's processes: they are not in its way.
  const place = openDataPlace(dataDir);
  const unlock = holdLock(join(dataDir, 'agent.lock'), identityOf(process.pid));
  let code: number | 'become';
  try {
    keepClockSteps(join(dataDir, 'clock.json'));
    const link = new LinkProcess({ ...values, dataDir, place }, given, logger);
    restWhenQuiet({
      clock: systemClock,
      beatMs: LINK_QUIET_BEAT_MS,
      quietShare: LINK_QUIET_SHARE,
      firstAfterMs: LINK_FIRST_REST_AFTER_MS,
      afterMs: LINK_REST_AFTER_MS,
      rest: giveBack,
    });
    code = await link.run();
  } finally {
    unlock();
  }
  // Where nothing else was chosen this version starts anew: whoever asked waits for a link that has just started.
  if (code !== 'become') return code;
  forgetLink(dataDir);
  return become(chosen(dataDir) ?? ownProgram());
}

/** The version of the agent that is to run here; undefined: this one. */
function chosen(dataDir: string): Program | undefined {
  const self = ownProgram();
  const program = chosenProgram(dataDir, self, isAlive);
  return program.file === self.file ? undefined : program;
}

/** Garbage, and what is mapped of Node's own code: the start needed much of it that a link at work doesn't. */
function giveBack(): void {
  collectGarbage();
  loadRest()();
}

class LinkProcess {
  readonly #values: RunValues;
  readonly #given: ReadonlySet<string>;
  readonly #logger: Logger;
  readonly #store: IdentityStore;
  readonly #handles = new Map<string, SessionHandle>();
  readonly #stopped = Promise.withResolvers<Stop>();
  #engine: Engine | undefined;
  #started: Promise<Engine> | undefined;
  #machine: Machine | undefined;
  #renewal: Renewal | undefined;
  #dialer: GatewayDialer | undefined;
  #listener: HostListener | undefined;
  #deregistered: (() => void) | undefined;
  readonly #trial: OwnTrial;
  readonly #refusals: RefusalsFile;
  #ready = false;

  constructor(values: RunValues, given: ReadonlySet<string>, logger: Logger) {
    this.#values = values;
    this.#given = given;
    this.#logger = logger;
    this.#store = new IdentityStore(values.dataDir);
    this.#refusals = new RefusalsFile(values.dataDir, systemClock);
    this.#trial = new OwnTrial({
      dataDir: values.dataDir,
      clock: systemClock,
      logger,
      givenUp: () => this.#stopped.resolve({ kind: 'become' }),
    });
  }

  async run(): Promise<number | 'become'> {
    const stop = (): void => this.#stopped.resolve({ kind: 'signal' });
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // By the guard of an upgrade: which version is to run has changed.
    process.on('SIGUSR2', () => this.#stopped.resolve({ kind: 'become' }));
    this.#trial.begin();
    process.on('SIGHUP', () => undefined);
    const systemd = await this.#systemd();
    const identity = await this.#identity();
    if (identity?.record.mode === 'polling') this.#poll(identity);
    else await this.#listen();
    // A script host that lives and does not answer is waited for without end; a stop is not.
    const begun =
      identity === undefined || (await Promise.race([this.#begin(identity), this.#stopped.promise])) === true;
    if (begun)
      systemd?.ready(identity === undefined ? 'waits to be paired' : `worker ${identity.record.name}`);
    const why = await this.#stopped.promise;
    // To systemd the service goes on when it becomes another version.
    if (why.kind === 'become') systemd?.close();
    else systemd?.stopping();
    await this.#close(why);
    if (why.kind === 'signal') return 0;
    if (why.kind === 'become') return 'become';
    if (why.kind === 'failed') throw why.error;
    this.#logger.error('this agent is no longer wanted by its server', { detail: why.detail });
    return 4;
  }

  /** Who we are; an agent that was given a token registers with it first. */
  async #identity(): Promise<StoredIdentity | undefined> {
    const identity = this.#store.load();
    if (identity !== undefined) return identity;
    const { dataDir } = this.#values;
    if (this.#store.pairing() !== undefined) return undefined;
    if (this.#values.token === undefined) {
      throw new AppError(
        'invalid',
        `there is no identity in ${dataDir}: \`longshore-agent register\` (it dials the server) or \`longshore-agent configure\` (the server dials it) makes one`,
      );
    }
    const { registerAgent } = await import('./others.ts');
    await registerAgent(this.#values);
    return this.#store.load();
  }

  #poll(identity: StoredIdentity): void {
    this.#dialer = new GatewayDialer({
      identity,
      store: this.#store,
      serve: (connection) => this.#serve(connection),
      clock: systemClock,
      logger: this.#logger,
      renewed: (renewed) => this.#renewed(renewed),
      unwanted: (detail) => this.#stopped.resolve({ kind: 'unwanted', detail }),
    });
    this.#dialer.start();
  }

  async #listen(): Promise<void> {
    const settings = readSettings(this.#values.dataDir);
    const listen =
      this.#given.has('listen') || settings === undefined
        ? this.#values.listen
        : parseAddress(settings.listen, 'listen of settings.json');
    const { HostListener } = await import('../links/host-listener.ts');
    this.#listener = await HostListener.start({
      store: this.#store,
      serve: (connection) => this.#serve(connection),
      clock: systemClock,
      logger: this.#logger,
      listen,
      name: settings?.name ?? this.#values.name,
      identified: (identity) => {
        void this.#begin(identity);
      },
      unwanted: (detail) => this.#stopped.resolve({ kind: 'unwanted', detail }),
      refused: (reason) => this.#refusals.add(reason),
    });
  }

  /**
   * We are someone: attempts are taken up, and sessions may begin. Where that fails the process ends, for one that
   * stayed would serve nobody: whoever started it starts it again.
   *
   * @returns whether it has begun
   */
  async #begin(identity: StoredIdentity): Promise<boolean> {
    try {
      await this.#identified(identity);
      return true;
    } catch (thrown) {
      this.#stopped.resolve({ kind: 'failed', error: toError(thrown) });
      return false;
    }
  }

  async #identified(identity: StoredIdentity): Promise<void> {
    this.#renewal?.close();
    this.#renewal = new Renewal(identity, {
      store: this.#store,
      clock: systemClock,
      logger: this.#logger,
      send: (csrDer) => this.#requestCertificate(csrDer),
      renewed: (renewed) => this.#renewed(renewed),
    });
    await this.#engineFor(identity);
  }

  #engineFor(identity: StoredIdentity): Promise<Engine> {
    this.#started ??= this.#startEngine(identity);
    return this.#started;
  }

  async #startEngine({ record }: StoredIdentity): Promise<Engine> {
    const { dataDir, place, scriptHost, ephemeral } = this.#values;
    const logger = this.#logger.child({ agentId: record.agentId });
    const cgroups = ownCgroups().unified !== null;
    this.#machine = new Machine({ dataDir, cgroups: () => cgroups, clock: systemClock, logger });
    const launch = scriptHost === 'service' ? 'never' : 'detached';
    this.#engine = createEngine({
      dataDir,
      agentId: record.agentId,
      version: AGENT_VERSION,
      host: createHostPort({ dataDir, clock: systemClock, logger, launch }),
      upgradeCommand: (of) => upgradeCommand(dataDir, of),
      facts: this.#machine,
      clock: systemClock,
      logger,
      ids: createIds(),
      ephemeral: record.ephemeral || ephemeral,
      place,
    });
    await this.#engine.start();
    return this.#engine;
  }

  /** One session, to its end. */
  async #serve({ duplex, data, nodeId, signal, nodes }: ServerConnection): Promise<ServedEnd> {
    const identity = this.#store.load();
    if (identity === undefined) return { kind: 'again', detail: 'this agent has no identity yet' };
    const engine = await Promise.race([this.#engineFor(identity), aborted(signal)]);
    if (engine === undefined) return { kind: 'again', detail: 'the agent stops' };
    const end = await engine.runSession(duplex, data, {
      peer: nodeId,
      signal,
      nodes,
      opened: (handle) => this.#opened(handle),
      certificateIssued: (chainPem) => this.#renewal?.issued(chainPem),
      deregistered: () => this.#deregistered?.(),
    });
    this.#handles.delete(nodeId);
    if (end.kind === 'failed' && isBreach(end.error)) this.#refusals.add('brokeProtocol');
    return servedEnd(end);
  }

  #opened(handle: SessionHandle): void {
    this.#handles.set(handle.nodeId, handle);
    this.#renewal?.sessionOpened();
    this.#trial.sessionOpened();
    this.#logger.info('a session is open', { nodeId: handle.nodeId });
    if (this.#ready) return;
    this.#ready = true;
    this.#logger.info('ready', { nodeId: handle.nodeId, sinceStartMs: Math.round(performance.now()) });
  }

  #requestCertificate(csrDer: Buffer): boolean {
    const [handle] = this.#handles.values();
    handle?.requestCertificate(csrDer);
    return handle !== undefined;
  }

  #renewed(identity: StoredIdentity): void {
    this.#dialer?.useIdentity(identity);
    this.#listener?.useIdentity(identity);
  }

  async #close(why: Stop): Promise<void> {
    const ephemeral = this.#store.load()?.record.ephemeral === true || this.#values.ephemeral;
    const gone = why.kind === 'signal' && ephemeral && (await this.#deregister());
    this.#trial.close();
    this.#renewal?.close();
    this.#listener?.stop();
    await this.#ended('the sessions that it dialled', this.#dialer?.[Symbol.asyncDispose]());
    await this.#ended('its attempts and their host', this.#engine?.close());
    await this.#ended('its port', this.#listener?.[Symbol.asyncDispose]());
    await this.#ended('the look at the machine', this.#machine?.close());
    this.#refusals.close();
    if (gone) {
      await stopHosts(this.#values.dataDir, { clock: systemClock, withinMs: HOST_STOP_MS });
      this.#store.clear();
    }
    const end = why.kind === 'become' ? 'goes on as another version' : 'stopped: scripts go on in their host';
    if (why.kind !== 'failed') this.#logger.info(gone ? 'stopped and deregistered' : end);
  }

  /** A part of the stop, or its time is over: nothing that is left open then is needed, and the process ends. */
  async #ended(part: string, done: Promise<void> | undefined): Promise<void> {
    const late = sleep(systemClock, STOP_PART_MS).then(() => 'late' as const);
    try {
      if ((await Promise.race([done, late])) === 'late')
        this.#logger.warn('a part of the stop took too long and is left', { part, withinMs: STOP_PART_MS });
    } catch (thrown) {
      this.#logger.error('a part of the stop failed', { part, error: toError(thrown) });
    }
  }

  /** True when a server has said that we are deregistered. */
  async #deregister(): Promise<boolean> {
    const [handle] = this.#handles.values();
    if (handle === undefined) {
      this.#logger.warn('this ephemeral agent could not be deregistered: there is no session');
      return false;
    }
    const done = new Promise<boolean>((resolve) => (this.#deregistered = () => resolve(true)));
    handle.deregister();
    const answered = await Promise.race([done, sleep(systemClock, DEREGISTER_TIMEOUT_MS).then(() => false)]);
    if (!answered) this.#logger.warn('the server did not answer to the deregistration in time');
    return answered;
  }

  async #systemd(): Promise<import('../machine/systemd.ts').Systemd | undefined> {
    if (process.env.NOTIFY_SOCKET === undefined) return undefined;
    const { Systemd } = await import('../machine/systemd.ts');
    return new Systemd(systemClock, this.#logger);
  }
}

function servedEnd(end: SessionEnd): ServedEnd {
  const detail = describeEnd(end);
  const said = end.kind === 'goodbye' && end.from === 'peer' ? end.reason : undefined;
  if (said === Goodbye_Reason.DEREGISTERED) return { kind: 'stop', detail };
  return { kind: 'again', detail, restarting: said === Goodbye_Reason.SHUTDOWN };
}
