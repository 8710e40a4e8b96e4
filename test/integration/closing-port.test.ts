/** A TLS port that is closed ends all connections, also those that are only becoming one. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { channelCredentials, channelOptions } from '@longshore/protocol/credentials';
import { AgentHostClient } from '@longshore/protocol/gen/longshore/link/v1/link';

import { until } from '../support/until.ts';
import { TrustStage } from './trust-stage.ts';

/** Far below a handshake's own time (10 s). */
const CLOSED_WITHIN_MS = 5_000;

let stage: TrustStage;
beforeAll(async () => {
  stage = await TrustStage.start();
});
afterAll(() => stage[Symbol.asyncDispose]());

test('a listening agent that stops while a server shakes hands: it waits for nobody', async () => {
  const own = await stage.worker({ mode: 'listening' });
  const listener = await stage.listener(stage.paired(own));
  const gate = await Gate.before(listener.port);
  const credentials = channelCredentials(
    stage.authority.certificatePem,
    { role: 'agent', id: own.id },
    stage.authority.own,
  );
  const server = new AgentHostClient(`127.0.0.1:${gate.port}`, credentials, channelOptions('direct'));
  // The server means to stay: it ends nothing by itself.
  const call = server.link().on('error', () => undefined);
  try {
    await until('the handshake is under way', () => gate.answered);
    const began = performance.now();
    const closed = listener[Symbol.asyncDispose]();
    // No session is open: what is to be closed is, and the rest of the handshake comes only now.
    gate.open();
    const late = new AbortController();
    await Promise.race([closed, sleep(CLOSED_WITHIN_MS, undefined, late).catch(() => undefined)]);
    late.abort();
    expect(performance.now() - began).toBeLessThan(CLOSED_WITHIN_MS);
  } finally {
    call.cancel();
    server.close();
    gate.close();
  }
});

/** Lets the first word of a client through, and its answer; the client's rest when it is opened. */
class Gate {
  readonly #server = createServer((socket) => this.#connected(socket));
  readonly #sockets: Socket[] = [];
  readonly #held: (() => void)[] = [];
  readonly #target: number;
  #open = false;
  answered = false;

  private constructor(target: number) {
    this.#target = target;
  }

  static async before(target: number): Promise<Gate> {
    const gate = new Gate(target);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  open(): void {
    this.#open = true;
    for (const write of this.#held.splice(0)) write();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connected(client: Socket): void {
    const upstream = connect(this.#target, '127.0.0.1');
    this.#sockets.push(client, upstream);
    let first = true;
    client.on('data', (bytes) => {
      const write = (): void => void upstream.write(bytes);
      if (first || this.#open) write();
      else this.#held.push(write);
      first = false;
    });
    upstream.on('data', (bytes) => {
      this.answered = true;
      client.write(bytes);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  }
}
