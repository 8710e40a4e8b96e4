/**
 * Polling: a session with each server node.
 *
 * One loop dials the address that the agent was registered with (it may be
 * any node, or a load balancer). Each session tells of all nodes; those that no
 * loop has a session with get a loop of their own, to their own address and
 * for their id only. Two loops never hold the same node: the one that was
 * welcomed last keeps it.
 */
import { AppError, raceAbort, sleep, toError, type Clock, type Logger } from '@longshore/base';
import { parseAddress } from '@longshore/protocol/address';
import { channelCredentials, channelOptions } from '@longshore/protocol/credentials';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import {
  AgentGatewayClient,
  type AgentDataFrame,
  type ServerDataFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { agentDataDuplex, agentLinkDuplex } from '@longshore/protocol/grpc-duplex';
import type { PeerIdentity } from '@longshore/protocol/identity';
import { untimelyCertificateAt } from '@longshore/protocol/peer-chain';
import { isAboutValidity } from '@longshore/protocol/validity';

import { DIAL_TIMEOUT_MS, GOODBYE_GRACE_MS } from '../limits.ts';
import type { ServedEnd, ServeServer } from './connection.ts';
import type { IdentityStore, StoredIdentity } from './identity-store.ts';
import { Redial } from './redial.ts';
import { renewExpired } from './renewal.ts';

export interface GatewayDialerOptions {
  identity: StoredIdentity;
  store: IdentityStore;
  serve: ServeServer;
  clock: Clock;
  logger: Logger;
  /** A certificate that had expired was renewed without a session. */
  renewed: (identity: StoredIdentity) => void;
  /** The server deregistered this agent: it is no longer wanted. */
  unwanted: (detail: string) => void;
}

interface Loop {
  /** The one that dials the registered address; it lives as long as the agent. */
  seed: boolean;
  address: string;
  /** The node that it has, or means to have, a session with; empty before the seed's first Welcome. */
  nodeId: string;
  abort: AbortController;
  done: Promise<void>;
}

export class GatewayDialer implements AsyncDisposable {
  readonly #options: GatewayDialerOptions;
  readonly #loops = new Set<Loop>();
  #identity: StoredIdentity;
  #renewal: Promise<void> | undefined;

  constructor(options: GatewayDialerOptions) {
    this.#options = options;
    this.#identity = options.identity;
  }

  start(): void {
    this.#start({ seed: true, address: this.#identity.record.server, nodeId: '' });
  }

  /** What is dialled from now on shows this certificate; sessions that are open go on. */
  useIdentity(identity: StoredIdentity): void {
    this.#identity = identity;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const loops = [...this.#loops];
    for (const loop of loops) this.#stop(loop);
    await Promise.all(loops.map((loop) => loop.done));
  }

  #start(part: Pick<Loop, 'seed' | 'address' | 'nodeId'>): void {
    const loop: Loop = { ...part, abort: new AbortController(), done: Promise.resolve() };
    this.#loops.add(loop);
    loop.done = this.#run(loop);
  }

  #stop(loop: Loop): void {
    this.#loops.delete(loop);
    loop.abort.abort();
  }

  /** Those that there are, as the node of this loop says: it has welcomed us. */
  #follow(loop: Loop, nodes: readonly { nodeId: string; address: string }[]): void {
    for (const other of this.#loops) {
      const twice = other !== loop && other.nodeId === loop.nodeId;
      const gone = !nodes.some((node) => node.nodeId === other.nodeId);
      if (!other.seed && (twice || gone)) this.#stop(other);
    }
    for (const node of nodes) {
      const held = [...this.#loops].some((one) => one.nodeId === node.nodeId);
      if (!held && node.nodeId !== '' && node.address !== '') this.#start({ seed: false, ...node });
    }
  }

  async #run(loop: Loop): Promise<void> {
    const { clock, unwanted } = this.#options;
    const logger = this.#options.logger.child({ server: loop.address });
    const redial = new Redial(clock);
    const { signal } = loop.abort;
    const stopped = (): boolean => signal.aborted;
    while (!stopped()) {
      const began = clock.monotonic();
      let end: ServedEnd | undefined;
      try {
        end = await this.#session(loop);
        if (end.kind === 'stop') {
          unwanted(end.detail);
          return;
        }
        if (!stopped())
          logger.warn('the session with the server ended: trying again', { detail: end.detail });
      } catch (thrown) {
        if (stopped()) return;
        logger.warn('dialling the server failed', { error: await this.#explained(loop.address, thrown) });
      }
      await sleep(clock, redial.after(end, clock.monotonic() - began), { signal }).catch(() => undefined);
    }
  }

  /** Where a certificate's time is the reason, both times are named. */
  async #explained(address: string, thrown: unknown): Promise<string> {
    const { message } = toError(thrown);
    if (!isAboutValidity(message)) return message;
    const why = await untimelyCertificateAt(parseAddress(address, 'server')).catch(() => undefined);
    return why === undefined ? message : `the server at ${address} is refused: ${why}`;
  }

  async #session(loop: Loop): ReturnType<ServeServer> {
    const { signal } = loop.abort;
    await raceAbort(this.#freshCertificate(loop.address), signal);
    const identity = this.#identity;
    const { promise: accepted, resolve: accept } = Promise.withResolvers<PeerIdentity>();
    const node = loop.seed ? {} : { id: loop.nodeId };
    const credentials = channelCredentials(
      identity.authorityPem,
      { role: 'server', ...node, accepted: accept },
      identity,
    );
    const control = new AgentGatewayClient(loop.address, credentials, channelOptions('proxy'));
    const call = control.link();
    const over = new Promise<void>((resolve) => call.once('close', resolve));
    const duplex = agentLinkDuplex(call);
    const openData = (): FrameDuplex<AgentDataFrame, ServerDataFrame> => {
      const bulk = new AgentGatewayClient(loop.address, credentials, channelOptions('proxy'));
      const data = agentDataDuplex(bulk.data());
      void data.closed.then(() => bulk.close());
      return data;
    };
    // While it dials; a session that began hears of the abort itself, and says goodbye.
    const abandon = (): void => duplex.close('this node is not dialled any more');
    signal.addEventListener('abort', abandon, { once: true });
    const cancelPatience = this.#options.clock.after(DIAL_TIMEOUT_MS, () =>
      duplex.close(`no connection within ${DIAL_TIMEOUT_MS / 1000} s`),
    );
    try {
      const failed = duplex.closed.then(({ reason }) => Promise.reject(new AppError('unavailable', reason)));
      loop.nodeId = (await Promise.race([accepted, failed])).id;
      cancelPatience();
      signal.removeEventListener('abort', abandon);
      return await this.#options.serve({
        duplex,
        data: { kind: 'dial', open: openData },
        nodeId: loop.nodeId,
        signal,
        nodes: (nodes) => this.#follow(loop, nodes),
      });
    } finally {
      cancelPatience();
      signal.removeEventListener('abort', abandon);
      duplex.close('the session ended');
      // We stop: the goodbye must leave this process before it ends.
      if (signal.aborted) await Promise.race([over, sleep(this.#options.clock, GOODBYE_GRACE_MS)]);
      control.close();
    }
  }

  /**
   * An expired certificate, or one that a server made while its clock was ahead, would fail in the handshake, before
   * any word of ours.
   */
  async #freshCertificate(address: string): Promise<void> {
    const now = this.#options.clock.now();
    if (this.#identity.issuedAt <= now && now < this.#identity.expiresAt) return;
    this.#renewal ??= this.#renew(address).finally(() => (this.#renewal = undefined));
    await this.#renewal;
  }

  async #renew(address: string): Promise<void> {
    const { store, renewed, logger } = this.#options;
    this.#identity = await renewExpired(store, this.#identity, address);
    logger.info('the expired certificate was renewed');
    renewed(this.#identity);
  }
}
