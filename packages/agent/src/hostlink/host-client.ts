/**
 * The link's side of one connection to one script host.
 *
 *   connecting ──welcome──▶ up ──▶ closed
 *       └──────────────────────────▶ closed
 */
import { connect, type Socket } from 'node:net';

import { AppError, toError, type Clock } from '@longshore/base';
import type { FromHost, HostWelcome, ToHost } from '@longshore/protocol/gen/longshore/host/v1/host';

import { encodeToHost, fromHostReader, HOST_PROTOCOL } from '../contract/host-socket.ts';
import { HOST_LET_GO_MS } from '../limits.ts';

export interface ClientEvents {
  welcome: (welcome: HostWelcome) => void;
  heard: (frame: Exclude<NonNullable<FromHost['kind']>, { $case: 'welcome' }>) => void;
  /** Once, whatever happened; nothing is heard after it. */
  closed: (error: Error | undefined) => void;
}

export class HostClient {
  readonly #socket: Socket;
  readonly #events: ClientEvents;
  #state: 'connecting' | 'up' | 'closed' = 'connecting';

  constructor(path: string, linkVersion: string, events: ClientEvents) {
    this.#events = events;
    const reader = fromHostReader();
    const socket = connect(path);
    this.#socket = socket;
    socket.once('connect', () =>
      socket.write(encodeToHost({ $case: 'hello', value: { protocol: HOST_PROTOCOL, linkVersion } })),
    );
    socket.on('data', (bytes) => {
      try {
        for (const frame of reader.push(bytes)) this.#take(frame);
      } catch (thrown) {
        this.#close(toError(thrown));
      }
    });
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close(undefined));
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  send(frame: NonNullable<ToHost['kind']>): void {
    if (this.#state === 'up') this.#socket.write(encodeToHost(frame));
  }

  /** What was sent is written first, if the host reads it soon: one that stands still is not waited for. */
  end(clock: Clock): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      const closed = (): void => this.#close(undefined);
      const cancel = clock.after(HOST_LET_GO_MS, closed);
      this.#socket.end(closed);
      this.#socket.once('close', () => {
        cancel();
        resolve();
      });
    });
  }

  #take(frame: NonNullable<FromHost['kind']>): void {
    if (this.#state === 'closed') return;
    if (frame.$case !== 'welcome') {
      if (this.#state === 'up') this.#events.heard(frame);
      return;
    }
    if (frame.value.protocol !== HOST_PROTOCOL)
      throw new AppError(
        'unavailable',
        `script host ${frame.value.hostId} speaks protocol ${frame.value.protocol}, not ${HOST_PROTOCOL}`,
      );
    this.#state = 'up';
    this.#events.welcome(frame.value);
  }

  #close(error: Error | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#socket.destroy();
    this.#events.closed(error);
  }
}
