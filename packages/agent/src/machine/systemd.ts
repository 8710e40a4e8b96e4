/**
 * Telling systemd that we are ready, that we live, that we stop. Node can't
 * send to a unix datagram socket, so one small shell does, fed through a pipe;
 * it ends with us. The watchdog is fed by the event loop, not by the network:
 * a link that is cut off is no reason to restart it.
 */
import { spawn, type ChildProcess } from 'node:child_process';

import type { Clock, Logger } from '@longshore/base';

export class Systemd {
  #child: ChildProcess | undefined;
  #stopWatchdog: () => void = () => undefined;

  /** Does nothing where systemd did not start us. */
  constructor(clock: Clock, logger: Logger, env = process.env) {
    if (env.NOTIFY_SOCKET === undefined || env.NOTIFY_SOCKET === '') return;
    const child = spawn('/bin/sh', ['-c', 'while read -r state; do systemd-notify "$state"; done'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: env.PATH, NOTIFY_SOCKET: env.NOTIFY_SOCKET },
    });
    child.on('error', (error) => logger.warn('systemd can not be told of our state', { error }));
    child.stdin.on('error', () => undefined);
    child.unref();
    this.#child = child;
    const watchdogMs = Number(env.WATCHDOG_USEC ?? 0) / 1000;
    // Three times in its time, so that one late turn of the event loop does no harm.
    if (watchdogMs > 0) this.#stopWatchdog = clock.every(watchdogMs / 3, () => this.#say('WATCHDOG=1'));
  }

  ready(status: string): void {
    this.#say('READY=1');
    this.status(status);
  }

  status(status: string): void {
    this.#say(`STATUS=${status.replaceAll('\n', ' ')}`);
  }

  stopping(): void {
    this.#say('STOPPING=1');
    this.close();
  }

  /** Says no more; the service goes on. */
  close(): void {
    this.#stopWatchdog();
    this.#child?.stdin?.end();
  }

  #say(state: string): void {
    this.#child?.stdin?.write(`${state}\n`);
  }
}
