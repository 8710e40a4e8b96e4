/**
 * The engine's port to the script hosts: finds them by their records, launches
 * one of our own version where there is none, and keeps the connections.
 *
 * Always true: new attempts go to one host only, the newest of our version (or
 * the newest of all where we may not launch); older ones are told to retire
 * and run what they have to its end; a host is replaced only when it is proven dead.
 */
import { AppError, Backoff, type Cancel, type Clock, type Logger, toError } from '@longshore/base';
import type { FromHost, HostWelcome, ToHost } from '@longshore/protocol/gen/longshore/host/v1/host';
import { RefusedReason } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { byStart, type HostRecord, readHostRecords } from '../contract/host-record.ts';
import { AGENT_VERSION } from '../contract/version.ts';
import type { HostListener, HostPort } from '../engine/host-port.ts';
import {
  HOST_LAUNCH_LOOK_MS,
  HOST_LAUNCH_TIMEOUT_MS,
  HOST_RELAUNCH_FIRST_MS,
  HOST_RELAUNCH_LONGEST_MS,
  HOST_RETRY_MS,
} from '../limits.ts';
import { KnownHost } from './known-host.ts';
import { launchHost, type Launched } from './launch.ts';

export interface HostPortOptions {
  dataDir: string;
  clock: Clock;
  logger: Logger;
  /** `never`: a service of its own starts the host (systemd); we only wait for it. */
  launch?: 'detached' | 'never';
  /** Another command for the host, without `--data-dir`; for tests and supervisors. */
  command?: readonly string[];
}

export function createHostPort(options: HostPortOptions): HostPort {
  return new SocketHostPort(options);
}

class SocketHostPort implements HostPort {
  readonly #options: HostPortOptions;
  readonly #hosts = new Map<string, KnownHost>();
  /** Seen to be gone; their records go a moment later. */
  readonly #buried = new Set<string>();
  /** Which host has an attempt. */
  readonly #owners = new Map<string, KnownHost>();
  /** Starts that their host has not said to have: handed to it again when it is back. It starts an id once. */
  readonly #starting = new Map<string, { host: KnownHost; request: Parameters<HostPort['start']>[0] }>();
  /** Cancels that its host may not have heard, for it was away. */
  readonly #cancels = new Map<string, string>();
  #listener: HostListener | null = null;
  #target: KnownHost | null = null;
  #cancelLook: Cancel | undefined;
  #launchedAt = -Infinity;
  /** After launches that came to nothing: not before then. */
  #launchNextAt = -Infinity;
  readonly #relaunch = new Backoff({ firstMs: HOST_RELAUNCH_FIRST_MS, longestMs: HOST_RELAUNCH_LONGEST_MS });
  #looking = false;
  #closed = false;
  #whenUp: (() => void)[] = [];
  /** Hosts that were asked to make room for one of our version. */
  readonly #asked = new Set<string>();

  constructor(options: HostPortOptions) {
    this.#options = options;
  }

  get hostId(): string {
    return this.#target?.hostId ?? '';
  }

  get line(): string {
    return this.#target === null ? '' : lineOf(this.#target);
  }

  get connected(): boolean {
    return this.#target?.isUp ?? false;
  }

  knows(hostId: string): boolean {
    return this.#hosts.has(hostId);
  }

  async connect(listener: HostListener): Promise<void> {
    this.#listener = listener;
    const { clock, dataDir, logger } = this.#options;
    const up = new Promise<void>((resolve) => this.#whenUp.push(resolve));
    let cancel: Cancel = () => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new AppError(
        'unavailable',
        `no script host answered within ${HOST_LAUNCH_TIMEOUT_MS} ms; see logs/host.log in ${dataDir}`,
      );
      cancel = clock.every(HOST_LAUNCH_TIMEOUT_MS, () => {
        // One that lives has scripts, and is neither replaced nor given up: they may be long.
        const awaited = [...this.#hosts.values()].find(
          (host) => (host.isServing && !host.isUp) || host.isClearing,
        );
        if (awaited === undefined) reject(error);
        else
          logger.warn('waiting for a script host that does not answer, or for what a dead one left behind', {
            hostId: awaited.hostId,
          });
      });
    });
    await this.#look();
    await Promise.race([up, late]).finally(() => cancel());
  }

  start(request: Parameters<HostPort['start']>[0]): void {
    const target = this.#target;
    if (target?.isUp !== true) {
      const failure = {
        attemptId: request.attemptId,
        reason: RefusedReason.DRAINING,
        detail: 'the script host does not answer at present',
      };
      queueMicrotask(() => this.#listener?.startFailed(failure));
      return;
    }
    this.#owners.set(request.attemptId, target);
    this.#starting.set(request.attemptId, { host: target, request });
    target.send({ $case: 'start', value: request });
  }

  *starting(hostId: string): Iterable<string> {
    for (const [attemptId, { host }] of this.#starting) if (host.hostId === hostId) yield attemptId;
  }

  cancel(attemptId: string, reason: string): void {
    this.#cancels.set(attemptId, reason);
    this.#toOwner(attemptId, { $case: 'cancel', value: { attemptId, reason } });
  }

  acknowledged(attemptId: string, offset: number): void {
    this.#toOwner(attemptId, { $case: 'acknowledged', value: { attemptId, offset } });
  }

  forget(attemptId: string): void {
    this.#toOwner(attemptId, { $case: 'forget', value: { attemptId } });
    this.#owners.delete(attemptId);
    this.#starting.delete(attemptId);
    this.#cancels.delete(attemptId);
    this.#replaceIfIdle();
  }

  resize(attemptId: string, size: { columns: number; rows: number }): void {
    this.#toOwner(attemptId, { $case: 'resize', value: { attemptId, size } });
  }

  input(attemptId: string, bytes: Uint8Array): void {
    this.#toOwner(attemptId, { $case: 'input', value: { attemptId, bytes: Buffer.from(bytes) } });
  }

  presumeGone(): void {
    for (const host of this.#hosts.values()) host.presumeGone();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook?.();
    await Promise.all([...this.#hosts.values()].map((host) => host.close()));
  }

  #toOwner(attemptId: string, frame: NonNullable<ToHost['kind']>): void {
    this.#owners.get(attemptId)?.send(frame);
  }

  /** Reads the records, and does what each host needs; again soon while anything is open. */
  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    try {
      for (const record of readHostRecords(this.#options.dataDir)) this.#know(record);
      // What a dead one left behind is cleared first; what does not go is no reason to go without a host.
      const hosts = [...this.#hosts.values()];
      for (const host of hosts) if (host.isUnclear) void host.look();
      await Promise.all(hosts.filter((host) => !host.isUnclear).map((host) => host.look()));
      await this.#launchIfNone();
    } catch (thrown) {
      this.#options.logger.error('looking after the script hosts', { error: toError(thrown) });
    } finally {
      this.#looking = false;
    }
    this.#tellWhenUp();
    if (!this.connected || [...this.#hosts.values()].some((host) => !host.isUp)) this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#closed) return;
    this.#cancelLook?.();
    const launching =
      !this.connected && this.#options.clock.monotonic() - this.#launchedAt < HOST_LAUNCH_TIMEOUT_MS;
    this.#cancelLook = this.#options.clock.after(
      launching ? HOST_LAUNCH_LOOK_MS : HOST_RETRY_MS,
      () => void this.#look(),
    );
  }

  #know(record: HostRecord): void {
    if (this.#hosts.has(record.hostId) || this.#buried.has(record.hostId)) return;
    const { dataDir, clock, logger } = this.#options;
    const events = {
      up: (host: KnownHost, welcome: HostWelcome) => this.#up(host, welcome),
      heard: (host: KnownHost, frame: NonNullable<FromHost['kind']>) => this.#heard(host, frame),
      away: () => this.#lookSoon(),
      gone: (host: KnownHost, proven: boolean) => this.#gone(host, proven),
      unclear: (host: KnownHost, detail: string) => this.#listener?.hostUnclear?.(host.hostId, detail),
    };
    this.#hosts.set(record.hostId, new KnownHost(record, { dataDir, events, clock, logger }));
  }

  async #launchIfNone(): Promise<void> {
    const { launch = 'detached', dataDir, clock, logger, command } = this.#options;
    if (launch === 'never') return;
    const ours = [...this.#hosts.values()].some((host) => host.isServing && this.#isOurs(host));
    const now = clock.monotonic();
    if (ours || now < this.#launchNextAt || now - this.#launchedAt < HOST_LAUNCH_TIMEOUT_MS) return;
    this.#launchedAt = now;
    // What it takes over from lives, so nothing is lost.
    const before = [...this.#hosts.values()].findLast((host) => host.isServing);
    const line = before === undefined ? undefined : lineOf(before);
    const launched = await launchHost(dataDir, { command, line });
    logger.info('script host launched', { pid: launched.pid });
    void launched.ended.then((end) => this.#launchEnded(launched.pid, end, now));
  }

  /**
   * Of one that served, the socket and the record tell. One that ended before (killed; another host of our version
   * lives) has left nothing to be seen, and would be waited for in vain.
   */
  #launchEnded(pid: number, end: Awaited<Launched['ended']>, launchedAt: number): void {
    if (this.#closed || this.#launchedAt !== launchedAt) return;
    this.#options.logger.warn('the script host that was launched ended before it answered', { pid, ...end });
    this.#launchedAt = -Infinity;
    this.#launchNextAt = this.#options.clock.monotonic() + this.#relaunch.next();
    this.#lookSoon();
  }

  #isOurs(host: KnownHost): boolean {
    return this.#options.command !== undefined || host.record.version === AGENT_VERSION;
  }

  #up(host: KnownHost, welcome: HostWelcome): void {
    for (const { attemptId } of welcome.attempts) {
      this.#owners.set(attemptId, host);
      this.#starting.delete(attemptId);
    }
    const before = this.#target;
    if (this.#isBetter(host, before)) this.#target = host;
    // It may have been told to retire by a link of another version, whose trial was given up.
    if (this.#target === host) host.send({ $case: 'resume', value: {} });
    this.#launchIsOver(host);
    for (const one of this.#starting.values())
      if (one.host === host) host.send({ $case: 'start', value: one.request });
    this.#listener?.connected(welcome);
    for (const other of this.#hosts.values()) {
      if (other !== this.#target && other.isUp && this.#target?.isUp === true)
        other.send({ $case: 'retire', value: {} });
    }
    for (const [attemptId, reason] of this.#cancels) {
      if (this.#owners.get(attemptId) === host) host.send({ $case: 'cancel', value: { attemptId, reason } });
    }
    this.#tellWhenUp();
  }

  /** With one of our version only: one of another comes and goes while ours is being launched. */
  #launchIsOver(host: KnownHost): void {
    if (!this.#isOurs(host)) return;
    this.#launchedAt = -Infinity;
    if (host.isUp) this.#relaunch.reset();
  }

  /** A link that starts says first whether what a dead host left behind is gone: until then it takes nothing. */
  #tellWhenUp(): void {
    if (!this.connected || [...this.#hosts.values()].some((host) => host.isClearing)) return;
    for (const resolve of this.#whenUp.splice(0)) resolve();
  }

  /**
   * A service's host of another version ends once nothing of it is needed, after an upgrade: its service starts it
   * again as ours. Asked of each host once, for what is started is not ours to say.
   */
  #replaceIfIdle(): void {
    const target = this.#target;
    if (this.#options.launch !== 'never' || target?.isUp !== true || this.#isOurs(target)) return;
    if (this.#asked.has(target.hostId) || [...this.#owners.values()].includes(target)) return;
    this.#asked.add(target.hostId);
    target.send({ $case: 'retire', value: {} });
  }

  /** Where we may launch, ours; else the newest. */
  #isBetter(host: KnownHost, before: KnownHost | null): boolean {
    const { launch = 'detached' } = this.#options;
    if (launch === 'detached' && !this.#isOurs(host)) return false;
    return before === null || !before.isServing || byStart(host.record, before.record) >= 0;
  }

  #heard(host: KnownHost, frame: NonNullable<FromHost['kind']>): void {
    if (frame.$case === 'state') {
      this.#owners.set(frame.value.attemptId, host);
      this.#starting.delete(frame.value.attemptId);
      if (frame.value.ended) this.#cancels.delete(frame.value.attemptId);
      this.#listener?.state(frame.value);
    } else if (frame.$case === 'startFailed') {
      this.#cancels.delete(frame.value.attemptId);
      this.#starting.delete(frame.value.attemptId);
      this.#listener?.startFailed(frame.value);
    }
  }

  async #gone(host: KnownHost, proven: boolean): Promise<void> {
    this.#hosts.delete(host.hostId);
    this.#buried.add(host.hostId);
    for (const [attemptId, owner] of this.#owners) {
      if (owner !== host) continue;
      this.#owners.delete(attemptId);
      this.#starting.delete(attemptId);
      this.#cancels.delete(attemptId);
    }
    if (this.#target === host) this.#target = null;
    this.#launchIsOver(host);
    this.#lookSoon();
    await this.#listener?.hostGone(host.hostId, { proven });
  }
}

function lineOf({ record }: KnownHost): string {
  return record.line ?? record.hostId;
}
