/**
 * One link process at the host's socket.
 *
 *   open ──hello──▶ welcomed ──▶ closed
 *     └──anything else─────────▶ closed
 *
 * Always true: nothing of it is heard or sent once it is closed; before
 * Welcome, nothing is sent and nothing but Hello is heard.
 */
import type { Socket } from 'node:net';

import { toError, type Logger } from '@longshore/base';
import type { FromHost, ToHost } from '@longshore/protocol/gen/longshore/host/v1/host';

import { encodeFromHost, toHostReader } from '../contract/host-socket.ts';

type Heard = NonNullable<ToHost['kind']>;
type Said = NonNullable<FromHost['kind']>;

export interface LinkEvents {
  /** Answer with `welcome`. */
  hello: (connection: LinkConnection) => void;
  heard: (frame: Heard) => void;
}

export class LinkConnection {
  readonly #socket: Socket;
  readonly #logger: Logger;
  #state: 'open' | 'welcomed' | 'closed' = 'open';
  #queue: Buffer[] = [];

  constructor(socket: Socket, events: LinkEvents, logger: Logger) {
    this.#socket = socket;
    this.#logger = logger;
    const reader = toHostReader();
    socket.on('data', (bytes) => {
      try {
        for (const frame of reader.push(bytes)) this.#take(frame, events);
      } catch (thrown) {
        logger.error('the link sent what is no frame', { error: toError(thrown) });
        this.close();
      }
    });
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
  }

  welcome(welcome: Extract<Said, { $case: 'welcome' }>['value']): void {
    this.#state = 'welcomed';
    this.send({ $case: 'welcome', value: welcome });
    this.flush();
  }

  /** Queued until `flush`: what happened in one turn goes in one write. */
  send(frame: Said): void {
    if (this.#state === 'welcomed') this.#queue.push(encodeFromHost(frame));
  }

  flush(): void {
    if (this.#queue.length === 0 || this.#state !== 'welcomed') return;
    const [first] = this.#queue;
    this.#socket.write(this.#queue.length === 1 && first !== undefined ? first : Buffer.concat(this.#queue));
    this.#queue = [];
  }

  /** What it had sent and we had not read is dropped. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#queue = [];
    this.#socket.destroy();
  }

  #take(frame: Heard, events: LinkEvents): void {
    if (this.#state === 'closed') return;
    if (frame.$case === 'hello') {
      events.hello(this);
    } else if (this.#state === 'welcomed') {
      events.heard(frame);
    } else {
      this.#logger.warn('the link spoke before its Hello', { frame: frame.$case });
      this.close();
    }
  }
}
