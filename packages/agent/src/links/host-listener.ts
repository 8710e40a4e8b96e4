/**
 * Listening (port 10933): a server node dials us. What the port offers depends
 * on what we are, and is one thing at a time:
 *
 *   unpaired ──(pairing completed)──▶ paired ──(certificate expired)──▶ expired
 *                                       ▲                                 │
 *                                       └────(renewed by a server)────────┘
 *
 *   unpaired  Pairing, to whoever proves the one-time secret
 *   paired    AgentHost, to server nodes of our authority; all others are turned away
 *   expired   Pairing as renewal, to server nodes of our authority only
 *
 * A server whose certificate is not valid now is told so, in a lobby where nobody
 * may make this process hold more than a little. What is turned away is counted.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AppError, sleep, toError, type Cancel, type Clock, type Logger } from '@longshore/base';
import type { Address } from '@longshore/protocol/address';
import { DataJoin, type AgentDataJoin } from '@longshore/protocol/data-join';
import {
  AgentHostService,
  type DataRequest,
  type DataResponse,
  type LinkRequest,
  type LinkResponse,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { agentDataDuplex, agentLinkDuplex } from '@longshore/protocol/grpc-duplex';
import { createLinkServer, type LinkServer } from '@longshore/protocol/grpc-server';
import { toStatus } from '@longshore/protocol/grpc-status';
import { TlsPort, type ConnectionRefusal, type TlsContext, type TlsPeer } from '@longshore/protocol/tls-port';
import { TurnedAway } from '@longshore/protocol/turned-away';

import { GOODBYE_GRACE_MS, SWITCH_GRACE_MS } from '../limits.ts';

import type { ServeServer } from './connection.ts';
import type { IdentityStore, StoredIdentity } from './identity-store.ts';
import { pairingPort } from './pairing-port.ts';

export interface HostListenerOptions {
  store: IdentityStore;
  serve: ServeServer;
  clock: Clock;
  logger: Logger;
  listen: Address;
  /** How people see this machine, in the record of a pairing. */
  name: string;
  /** Paired, or renewed without a session. */
  identified: (identity: StoredIdentity) => void;
  unwanted: (detail: string) => void;
  /** Counts what was turned away at the port. */
  refused?: ((reason: ConnectionRefusal | 'wrongSecret') => void) | undefined;
}

type State =
  | { kind: 'unpaired'; grpc: LinkServer }
  | { kind: 'paired'; grpc: LinkServer; expiry: Cancel }
  | { kind: 'expired'; grpc: LinkServer };

type LinkCall = ServerDuplexStream<LinkResponse, LinkRequest>;
type DataCall = ServerDuplexStream<DataResponse, DataRequest>;

export class HostListener implements AsyncDisposable {
  readonly #options: HostListenerOptions;
  readonly #join: AgentDataJoin;
  readonly #stopping = new AbortController();
  /** The end of each control stream, both ways. */
  readonly #links = new Set<Promise<void>>();
  readonly #lobby: LinkServer;
  /** Calls of pairings that were refused. */
  readonly #pairings: TurnedAway;
  #state!: State;
  #port!: TlsPort;
  #listening = 0;

  private constructor(options: HostListenerOptions) {
    this.#options = options;
    this.#join = new DataJoin(options.clock);
    const { clock, logger } = options;
    this.#pairings = new TurnedAway({ message: 'a pairing was refused', clock, logger });
    this.#lobby = createLinkServer(logger, 'anybody');
    this.#lobby.server.addService(AgentHostService, {
      link: (call: LinkCall) => this.#refuse(call),
      data: (call: DataCall) => this.#refuse(call),
    });
  }

  static async start(options: HostListenerOptions): Promise<HostListener> {
    const listener = new HostListener(options);
    const identity = options.store.load();
    const { state, context } = await listener.#stateFor(identity);
    listener.#state = state;
    const { clock, logger } = options;
    const { refused } = options;
    listener.#port = new TlsPort({
      ...{ context, clock, logger, refused },
      admit: (peer) => listener.#admit(peer),
    });
    listener.#listening = await listener.#port.listen(options.listen);
    options.logger.info('listening for server nodes', { port: listener.#listening, state: state.kind });
    return listener;
  }

  get port(): number {
    return this.#listening;
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** A renewal over a session: handshakes from now on show it; sessions that are open go on. */
  useIdentity(identity: StoredIdentity): void {
    void this.#become(identity, 'keep connections');
  }

  /** Sessions say goodbye, and no more may begin: a server that hears it dials again at once. */
  stop(): void {
    this.#stopping.abort();
    this.#port.stopListening();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    if (this.#state.kind === 'paired') this.#state.expiry();
    // A server that has read the goodbye knows that we may be back at once; it ends the stream then.
    const patience = sleep(this.#options.clock, GOODBYE_GRACE_MS);
    await Promise.race([Promise.all(this.#links), patience]);
    this.#state.grpc.server.forceShutdown();
    this.#lobby.server.forceShutdown();
    this.#pairings.close();
    await this.#port[Symbol.asyncDispose]();
  }

  #admit(peer: TlsPeer): LinkServer['injector'] | undefined {
    if (this.#state.kind === 'unpaired' || peer.identity?.role === 'server') return this.#state.grpc.injector;
    return peer.untimely === undefined ? undefined : this.#lobby.injector;
  }

  async #stateFor(identity: StoredIdentity | undefined): Promise<{ state: State; context: TlsContext }> {
    const { clock, logger } = this.#options;
    const isPaired = identity !== undefined && identity.expiresAt > clock.now();
    const grpc = createLinkServer(logger, isPaired ? 'known' : 'anybody');
    if (isPaired) {
      grpc.server.addService(AgentHostService, {
        link: (call: LinkCall) => void this.#link(call),
        data: (call: DataCall) => this.#data(call),
      });
      const expiry = clock.after(
        identity.expiresAt - clock.now(),
        () => void this.#become(identity, 'cut connections'),
      );
      const { authorityPem, chainPem, keyPem } = identity;
      return { state: { kind: 'paired', grpc, expiry }, context: { authorityPem, chainPem, keyPem } };
    }
    const { service, context } = await pairingPort({
      ...this.#options,
      identity,
      peerOf: (call) => this.#port.peerOf(call),
      refused: (why, peer) => this.#pairings.add(why, peer),
      wrongSecret: (peer) => this.#wrongSecret(peer),
      done: (paired) => {
        this.#options.identified(paired);
        void this.#become(paired, 'cut connections');
      },
    });
    grpc.server.addService(service.definition, service.implementation);
    return { state: { kind: identity === undefined ? 'unpaired' : 'expired', grpc }, context };
  }

  #wrongSecret(peer: string): void {
    this.#options.refused?.('wrongSecret');
    // After the answer has gone out.
    this.#options.clock.after(SWITCH_GRACE_MS, () => this.#port.cut((one) => one.peer === peer));
  }

  /** Another state, on the same TCP port. */
  async #become(
    identity: StoredIdentity,
    connections: 'keep connections' | 'cut connections',
  ): Promise<void> {
    const before = this.#state;
    if (before.kind === 'paired') before.expiry();
    const { state, context } = await this.#stateFor(identity);
    if (connections === 'keep connections' && before.kind === 'paired' && state.kind === 'paired') {
      // The services are the same: only the certificate is another.
      this.#state = { ...before, expiry: state.expiry };
    } else {
      this.#state = state;
      // After the answer that told of it has gone out.
      this.#options.clock.after(SWITCH_GRACE_MS, () => before.grpc.server.forceShutdown());
    }
    this.#port.replaceContext(context);
    this.#options.logger.info('the port changed what it offers', { from: before.kind, to: this.#state.kind });
  }

  async #link(call: LinkCall): Promise<void> {
    const peer = this.#port.peerOf(call)?.identity;
    if (peer?.role !== 'server') {
      this.#refuse(call);
      return;
    }
    const over = new Promise<void>((resolve) => call.once('close', resolve));
    this.#links.add(over);
    void over.then(() => this.#links.delete(over));
    const duplex = agentLinkDuplex(call);
    try {
      const end = await this.#options.serve({
        duplex,
        data: { kind: 'await', join: this.#join },
        nodeId: peer.id,
        signal: this.#stopping.signal,
        nodes: () => undefined,
      });
      if (end.kind === 'stop') this.#options.unwanted(end.detail);
    } catch (thrown) {
      this.#options.logger.error('serving a session failed', { error: toError(thrown) });
    } finally {
      duplex.close('the session ended');
    }
  }

  #data(call: DataCall): void {
    const peer = this.#port.peerOf(call)?.identity;
    if (peer?.role !== 'server') this.#refuse(call);
    else this.#join.offer({ duplex: agentDataDuplex(call), peer: peer.id });
  }

  #refuse(call: LinkCall | DataCall): void {
    call.resume();
    const untimely = this.#port.peerOf(call)?.untimely;
    if (untimely !== undefined)
      this.#options.logger.warn('a server was not let in', { peer: call.getPeer(), error: untimely });
    const error =
      untimely === undefined
        ? new AppError('forbidden', 'only a server node of this agent may call it')
        : new AppError('unauthenticated', `the server is not let in: ${untimely}`);
    call.emit('error', Object.assign(error, toStatus(error)));
  }
}
