/**
 * The agent port (10943): polling agents' sessions, enrolment, health and
 * reflection. Whoever shows no valid agent certificate can enrol, renew, and
 * look at health and schema, nothing else.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AppError, sleep, toError, type Clock, type Logger } from '@longshore/base';
import type { Address } from '@longshore/protocol/address';
import { DataJoin, type ServerDataJoin } from '@longshore/protocol/data-join';
import type {
  DataRequest,
  DataResponse,
  LinkRequest,
  LinkResponse,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { AgentGatewayService } from '@longshore/protocol/gen/longshore/link/v1/link';
import { EnrolmentService } from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { serverDataDuplex, serverLinkDuplex } from '@longshore/protocol/grpc-duplex';
import { createLinkServer, type LinkServer } from '@longshore/protocol/grpc-server';
import type { PeerIdentity } from '@longshore/protocol/identity';
import { TlsPort, type ConnectionRefusal } from '@longshore/protocol/tls-port';

import type { Store } from '../app/ports/store.ts';
import { GOODBYE_GRACE_MS } from '../limits.ts';
import type { ServerAuthority } from './authority.ts';
import { refuse, type ServeSession } from './connection.ts';
import type { Enrolment } from './enrolment.ts';
import { Health } from './health.ts';
import { authenticateAgent } from './peers.ts';
import { addReflection } from './reflection.ts';

export interface GatewayOptions {
  store: Store;
  authority: ServerAuthority;
  enrolment: Enrolment;
  serve: ServeSession;
  clock: Clock;
  logger: Logger;
  listen: Address;
  /** Counts the connections that were turned away. */
  refused?: ((reason: ConnectionRefusal) => void) | undefined;
}

type LinkCall = ServerDuplexStream<LinkRequest, LinkResponse>;
type DataCall = ServerDuplexStream<DataRequest, DataResponse>;

export class Gateway implements AsyncDisposable {
  readonly #options: GatewayOptions;
  readonly #port: TlsPort;
  readonly #grpc: LinkServer;
  /** For those who show no valid certificate. */
  readonly #lobby: LinkServer;
  readonly #join: ServerDataJoin;
  readonly #health = new Health(['longshore.link.v1.AgentGateway', 'longshore.trust.v1.Enrolment']);
  readonly #stopRenewal: () => void;
  /** The end of each control stream, both ways. */
  readonly #links = new Set<Promise<void>>();
  #listening = 0;

  private constructor(options: GatewayOptions) {
    const { authority, logger, clock, enrolment } = options;
    this.#options = options;
    this.#join = new DataJoin(clock);
    this.#grpc = createLinkServer(logger);
    this.#lobby = createLinkServer(logger, 'anybody');
    for (const { server } of [this.#grpc, this.#lobby]) {
      server.addService(AgentGatewayService, {
        link: (call: LinkCall) => void this.#link(call),
        data: (call: DataCall) => void this.#data(call),
      });
      server.addService(EnrolmentService, enrolment.service);
      this.#health.addTo(server);
      addReflection(server, logger);
    }
    const context = (): { authorityPem: string; chainPem: string; keyPem: string } => ({
      authorityPem: authority.certificatePem,
      ...authority.own,
    });
    this.#port = new TlsPort({
      ...{ context: context(), clock, logger, refused: options.refused },
      admit: ({ identity }) => (identity === undefined ? this.#lobby : this.#grpc).injector,
    });
    this.#stopRenewal = authority.onRenewed(() => this.#port.replaceContext(context()));
  }

  /** @throws when the address can't be listened on */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(options);
    gateway.#listening = await gateway.#port.listen(options.listen);
    options.logger.info('listening for agents', { host: options.listen.host, port: gateway.#listening });
    return gateway;
  }

  /** The port, of use where 0 was asked for. */
  get port(): number {
    return this.#listening;
  }

  /** Health says no more: load balancers look elsewhere; sessions go on. */
  drain(): void {
    this.#health.notServing();
  }

  /** Cuts all connections of these agents: the last word, after their sessions said goodbye. */
  cut(agentIds: ReadonlySet<string>): void {
    this.#port.cut(({ identity }) => identity !== undefined && agentIds.has(identity.id));
  }

  /** No new connections: whoever is told goodbye now must find another node, or this one when it is back. */
  stopListening(): void {
    this.#port.stopListening();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopRenewal();
    this.stopListening();
    // An agent that has read our goodbye ends its stream, and expects us back.
    await Promise.race([Promise.all(this.#links), sleep(this.#options.clock, GOODBYE_GRACE_MS)]);
    this.#grpc.server.forceShutdown();
    this.#lobby.server.forceShutdown();
    await this.#port[Symbol.asyncDispose]();
  }

  async #link(call: LinkCall): Promise<void> {
    // At once: an unread stream would buffer without bound while the database answers.
    const peer = this.#port.peerOf(call)?.identity;
    if (peer?.role !== 'agent') {
      await this.#refused(call, this.#unknown(call, peer));
      return;
    }
    const over = new Promise<void>((resolve) => call.once('close', resolve));
    this.#links.add(over);
    void over.then(() => this.#links.delete(over));
    const duplex = serverLinkDuplex(call);
    try {
      await authenticateAgent(this.#options.store, peer);
    } catch (thrown) {
      this.#warn(peer.id, thrown);
      refuse(call, thrown);
      return;
    }
    await this.#options.serve({ duplex, data: { kind: 'await', join: this.#join }, peer });
  }

  async #data(call: DataCall): Promise<void> {
    const peer = this.#port.peerOf(call)?.identity;
    if (peer?.role !== 'agent') {
      await this.#refused(call, this.#unknown(call, peer));
      return;
    }
    // Its session's row was checked, and the nonce names that session of the same agent.
    this.#join.offer({ duplex: serverDataDuplex(call), peer: peer.id });
  }

  /** @throws AppError that says why this is no agent */
  async #unknown(call: LinkCall | DataCall, peer: PeerIdentity | undefined): Promise<unknown> {
    const untimely = this.#port.peerOf(call)?.untimely;
    if (untimely !== undefined) throw new AppError('unauthenticated', `the agent is not let in: ${untimely}`);
    return authenticateAgent(this.#options.store, peer);
  }

  async #refused(call: LinkCall | DataCall, never: Promise<unknown>): Promise<void> {
    call.resume();
    try {
      await never;
      throw new Error('a peer without an agent identity was let in');
    } catch (thrown) {
      this.#warn(call.getPeer(), thrown);
      refuse(call, thrown);
    }
  }

  #warn(peer: string, thrown: unknown): void {
    this.#options.logger.warn('a connection was refused', { peer, error: toError(thrown).message });
  }
}
