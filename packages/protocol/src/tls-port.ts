/**
 * A TCP port that speaks TLS 1.3 and hands connections to gRPC servers, or
 * closes them. Every peer is asked for a certificate. Whether one is needed
 * is decided by `admit`, per connection, from what TLS verified: an agent's
 * port takes nobody without one, the server's lets them in to the services
 * that need none (the gRPC handlers deny by default).
 */
import { createServer, type Server, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { createPublicKey, type X509Certificate } from 'node:crypto';

import { systemClock, toError, type Clock, type Logger } from '@longshore/base';

import type { Address } from './address.ts';
import type { ConnectionInjector } from './grpc-server.ts';
import { Handshakes } from './handshakes.ts';
import { identityOf, keyFingerprint, type PeerIdentity } from './identity.ts';
import { HANDSHAKE_TIMEOUT_MS } from './link-limits.ts';
import { TurnedAway } from './turned-away.ts';
import { Unverified, type UnverifiedEnd } from './unverified.ts';
import { validityProblem } from './validity.ts';

export interface TlsContext {
  /** Whom to believe; absent: nobody yet (an agent that is not paired). */
  authorityPem?: string;
  chainPem: string;
  keyPem: string;
}

export interface TlsPeer {
  /** As a gRPC call's `getPeer()`: address:port, one connection at a time. */
  peer: string;
  /** Only of a certificate whose chain the authority vouches for and which is valid now. */
  identity: PeerIdentity | undefined;
  /** Whatever it showed, verified or not; the handshake proved that it holds the key. */
  certificate: X509Certificate | undefined;
  keyFingerprint: string | undefined;
  /** Why nobody is to be known by it, where the authority made it and only its time is not now. */
  untimely: string | undefined;
}

export interface TlsPortOptions {
  context: TlsContext;
  /** The gRPC server that shall have the connection; undefined closes it. */
  admit: (peer: TlsPeer) => ConnectionInjector | undefined;
  clock: Clock;
  logger: Logger;
  /** Counts the connections that were turned away. */
  refused?: ((reason: ConnectionRefusal) => void) | undefined;
}

export type ConnectionRefusal =
  'queueFull' | 'waitedTooLong' | 'handshakeFailed' | 'notAdmitted' | UnverifiedEnd;

interface Connection {
  socket: TLSSocket;
  peer: TlsPeer;
}

export class TlsPort implements AsyncDisposable {
  readonly #options: TlsPortOptions;
  readonly #tcp: Server;
  #closed: Promise<void> | undefined;
  readonly #tls: TlsServer;
  readonly #handshakes: Handshakes;
  readonly #unverified: Unverified;
  readonly #turnedAway: TurnedAway;
  readonly #connections = new Map<string, Connection>();
  #context: TlsContext;
  /** Handshakes under way, by the peer's address and port. */
  readonly #shaking = new Map<string, { socket: Socket; done: () => void }>();
  #over = false;

  constructor(options: TlsPortOptions) {
    this.#options = options;
    this.#context = options.context;
    const { clock, logger } = options;
    this.#turnedAway = new TurnedAway({ message: 'a connection was turned away', clock, logger });
    const refused = (reason: ConnectionRefusal, address: string): void => this.#refused(reason, address);
    this.#unverified = new Unverified(clock, refused);
    this.#handshakes = new Handshakes({ clock, refused, begin: (socket, done) => this.#shake(socket, done) });
    this.#tcp = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      socket.on('error', () => undefined);
      this.#handshakes.add(socket);
    });
    // It listens nowhere: it is handed the connections whose turn it is.
    this.#tls = createTlsServer({
      ...secureContext(options.context),
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestCert: true,
      // Here we are the server, and `admit` decides with the verdict in hand; no pin of ours is switched off by it.
      // eslint-disable-next-line no-restricted-syntax
      rejectUnauthorized: false,
    });
    this.#tls.on('secureConnection', (socket) => this.#connected(socket));
    this.#tls.on('tlsClientError', (error, socket) => {
      options.logger.debug('a TLS handshake failed', { error: error.message });
      // Node tells of a handshake that takes too long, and leaves its connection open.
      const address = socket.remoteAddress ?? '';
      socket.destroy();
      this.#refused('handshakeFailed', address);
    });
  }

  /** @returns the port, of use where 0 was asked for */
  listen({ host, port }: Address): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen(port, host, () => {
        this.#tcp.removeListener('error', reject);
        this.#tcp.on('error', (error) => this.#options.logger.error('the TLS port failed', { error }));
        resolve((this.#tcp.address() as AddressInfo).port);
      });
    });
  }

  /** A new certificate, for handshakes from now on. */
  replaceContext(context: TlsContext): void {
    this.#context = context;
    this.#tls.setSecureContext({ ...secureContext(context), minVersion: 'TLSv1.3' });
  }

  /** The live connection that a gRPC call came by. */
  peerOf(call: { getPeer(): string }): TlsPeer | undefined {
    return this.#connections.get(call.getPeer())?.peer;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Cuts the connections that the predicate names; returns how many. */
  cut(which: (peer: TlsPeer) => boolean): number {
    let count = 0;
    for (const { socket, peer } of this.#connections.values()) {
      if (!which(peer)) continue;
      socket.destroy();
      count += 1;
    }
    return count;
  }

  /** No new connections; those that are there go on. Idempotent. */
  stopListening(): void {
    this.#closed ??= new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopListening();
    this.#handshakes.close();
    this.#turnedAway.close();
    // One that shook hands to the end after this would stay for as long as its peer likes, and we with it.
    this.#over = true;
    for (const { socket } of [...this.#shaking.values()]) socket.destroy();
    this.cut(() => true);
    await this.#closed;
  }

  #shake(socket: Socket, done: () => void): void {
    const peer = peerName(socket);
    // The pair names the connection to gRPC handlers: two of one name (over two addresses of ours) must not be.
    if (this.#connections.has(peer) || this.#shaking.has(peer)) {
      socket.destroy();
      return;
    }
    this.#shaking.set(peer, { socket, done });
    socket.once('close', () => this.#shaking.delete(peer));
    this.#tls.emit('connection', socket);
  }

  #connected(socket: TLSSocket): void {
    const { logger, admit } = this.#options;
    socket.on('error', (error: Error) => {
      logger.debug('a TLS connection failed', { error: error.message });
      // HTTP/2 has the handle: without this it stays open, with all that it was to write.
      socket.destroy();
    });
    // Its peer says no more: nothing can come of it.
    socket.once('end', () => socket.destroy());
    const name = peerName(socket);
    this.#shaking.get(name)?.done();
    this.#shaking.delete(name);
    const address = socket.remoteAddress;
    if (address === undefined || this.#over) {
      socket.destroy();
      return;
    }
    const peer = describe(socket, name, this.#context.authorityPem);
    if (peer.identity === undefined && !this.#unverified.add(socket, address)) {
      socket.destroy();
      return;
    }
    const injector = admitted(peer, admit, logger);
    if (injector === undefined) {
      this.#refused('notAdmitted', address);
      socket.destroy();
      return;
    }
    this.#connections.set(name, { socket, peer });
    socket.once('close', () => this.#connections.delete(name));
    injector.injectConnection(socket);
  }

  #refused(reason: ConnectionRefusal, address: string): void {
    this.#turnedAway.add(reason, address);
    this.#options.refused?.(reason);
  }
}

function peerName({ remoteAddress, remotePort }: Socket): string {
  return `${String(remoteAddress)}:${String(remotePort)}`;
}

function secureContext(context: TlsContext): { ca: string | []; cert: string; key: string } {
  // An empty list, not none: none would be the public authorities.
  return { ca: context.authorityPem ?? [], cert: context.chainPem, key: context.keyPem };
}

function describe(socket: TLSSocket, peer: string, authorityPem: string | undefined): TlsPeer {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined)
    return { peer, certificate, identity: undefined, keyFingerprint: undefined, untimely: undefined };
  const identity = socket.authorized ? identityOf(certificate) : undefined;
  return {
    peer,
    certificate,
    identity,
    keyFingerprint: identity?.keyFingerprint ?? keyFingerprint(certificate.publicKey),
    untimely: socket.authorized ? undefined : untimely(certificate, authorityPem),
  };
}

function untimely(certificate: X509Certificate, authorityPem: string | undefined): string | undefined {
  if (authorityPem === undefined || !certificate.verify(createPublicKey(authorityPem))) return undefined;
  return validityProblem(certificate, systemClock.now());
}

function admitted(
  peer: TlsPeer,
  admit: TlsPortOptions['admit'],
  logger: Logger,
): ConnectionInjector | undefined {
  try {
    return admit(peer);
  } catch (thrown) {
    logger.error('deciding on a connection failed: it is closed', {
      peer: peer.peer,
      error: toError(thrown),
    });
    return undefined;
  }
}
