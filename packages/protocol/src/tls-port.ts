/**
 * A TCP port that speaks TLS 1.3 and hands connections to gRPC servers, or
 * closes them. Every peer is asked for a certificate. Whether one is needed
 * is decided by `admit`, per connection, from what TLS verified: an agent's
 * port takes nobody without one, the server's lets them in to the services
 * that need none (the gRPC handlers deny by default).
 */
import { createServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { createPublicKey, type X509Certificate } from 'node:crypto';

import { systemClock, toError, type Logger } from '@longshore/base';

import type { Address } from './address.ts';
import type { ConnectionInjector } from './grpc-server.ts';
import { identityOf, keyFingerprint, type PeerIdentity } from './identity.ts';
import {
  HANDSHAKE_TIMEOUT_MS,
  UNVERIFIED_CONNECTION_MS,
  UNVERIFIED_CONNECTIONS_PER_ADDRESS,
} from './link-limits.ts';
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
  logger: Logger;
}

interface Connection {
  socket: TLSSocket;
  peer: TlsPeer;
}

export class TlsPort implements AsyncDisposable {
  readonly #options: TlsPortOptions;
  #closed: Promise<void> | undefined;
  readonly #tls: TlsServer;
  readonly #connections = new Map<string, Connection>();
  readonly #unverified = new Map<string, number>();
  #context: TlsContext;

  constructor(options: TlsPortOptions) {
    this.#options = options;
    this.#context = options.context;
    this.#tls = createServer({
      ...secureContext(options.context),
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      noDelay: true,
      requestCert: true,
      // Here we are the server, and `admit` decides with the verdict in hand; no pin of ours is switched off by it.
      // eslint-disable-next-line no-restricted-syntax
      rejectUnauthorized: false,
    });
    this.#tls.on('secureConnection', (socket) => this.#connected(socket));
    this.#tls.on('tlsClientError', (error) =>
      options.logger.debug('a TLS handshake failed', { error: error.message }),
    );
  }

  /** @returns the port, of use where 0 was asked for */
  listen({ host, port }: Address): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#tls.once('error', reject);
      this.#tls.listen(port, host, () => {
        this.#tls.removeListener('error', reject);
        this.#tls.on('error', (error) => this.#options.logger.error('the TLS port failed', { error }));
        resolve((this.#tls.address() as AddressInfo).port);
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
    this.#closed ??= new Promise<void>((resolve) => this.#tls.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopListening();
    this.cut(() => true);
    await this.#closed;
  }

  #connected(socket: TLSSocket): void {
    const { logger, admit } = this.#options;
    socket.on('error', (error: Error) => logger.debug('a TLS connection failed', { error: error.message }));
    const address = socket.remoteAddress;
    if (address === undefined) {
      socket.destroy();
      return;
    }
    const peer = describe(socket, `${address}:${String(socket.remotePort)}`, this.#context.authorityPem);
    // The pair names the connection to gRPC handlers: two of one name (over two addresses of ours) must not be.
    if (
      this.#connections.has(peer.peer) ||
      (peer.identity === undefined && !this.#countUnverified(socket, address))
    ) {
      socket.destroy();
      return;
    }
    const injector = admitted(peer, admit, logger);
    if (injector === undefined) {
      socket.destroy();
      return;
    }
    this.#connections.set(peer.peer, { socket, peer });
    socket.once('close', () => this.#connections.delete(peer.peer));
    injector.injectConnection(socket);
  }

  #countUnverified(socket: TLSSocket, address: string): boolean {
    const count = (this.#unverified.get(address) ?? 0) + 1;
    if (count > UNVERIFIED_CONNECTIONS_PER_ADDRESS) {
      this.#options.logger.warn('too many connections without a valid certificate', { address, count });
      return false;
    }
    this.#unverified.set(address, count);
    const end = setTimeout(() => socket.destroy(), UNVERIFIED_CONNECTION_MS);
    end.unref();
    socket.once('close', () => {
      clearTimeout(end);
      const left = (this.#unverified.get(address) ?? 1) - 1;
      if (left === 0) this.#unverified.delete(address);
      else this.#unverified.set(address, left);
    });
    return true;
  }
}

function secureContext(context: TlsContext): { ca: string | []; cert: string; key: string } {
  // An empty list, not none: none would be the public authorities.
  return { ca: context.authorityPem ?? [], cert: context.chainPem, key: context.keyPem };
}

function describe(socket: TLSSocket, peer: string, authorityPem: string | undefined): TlsPeer {
  const certificate = socket.getPeerX509Certificate();
  return {
    peer,
    certificate,
    identity: certificate !== undefined && socket.authorized ? identityOf(certificate) : undefined,
    keyFingerprint: certificate === undefined ? undefined : keyFingerprint(certificate.publicKey),
    untimely:
      certificate === undefined || socket.authorized ? undefined : untimely(certificate, authorityPem),
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
