/**
 * What a listening agent's port offers before it is paired, or when its
 * certificate expired: the Pairing service (protocol/pairing.ts draws it).
 *
 * Unpaired, a caller must prove the one-time secret over both TLS keys, as
 * this side of the handshake saw them. Expired, TLS has proven the caller to
 * be a server node of our authority, and the certificate must be for our id.
 */
import { randomBytes, X509Certificate } from 'node:crypto';

import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { AppError, toError, type Clock, type Logger } from '@longshore/base';
import { checkIssued, createRequest, createSelfSigned } from '@longshore/protocol/certificates';
import {
  PairingService,
  type BeginRequest,
  type BeginResponse,
  type CompleteRequest,
  type CompleteResponse,
  type PairingServer,
} from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { toStatus } from '@longshore/protocol/grpc-status';
import { identityOf, keyFingerprint } from '@longshore/protocol/identity';
import {
  answerProof,
  beginProof,
  completeProof,
  PAIRING_NONCE_BYTES,
  sameProof,
  type PairingTranscript,
} from '@longshore/protocol/pairing';
import type { TlsContext, TlsPeer } from '@longshore/protocol/tls-port';

import { PAIRING_LIFE_MS, SELF_SIGNED_LIFE_MS } from '../limits.ts';
import type { AgentRecord, IdentityStore, StoredIdentity } from './identity-store.ts';
import { acceptIssued } from './renewal.ts';

export interface PairingPortOptions {
  store: IdentityStore;
  /** Present: an expired one that is to be renewed. */
  identity: StoredIdentity | undefined;
  name: string;
  clock: Clock;
  logger: Logger;
  peerOf: (call: { getPeer(): string }) => TlsPeer | undefined;
  /** Hears of each call that was refused. */
  refused: (why: string, peer: string) => void;
  /** Nobody is heard on this connection any more: who knows the secret knows it at once, so one guess is all. */
  wrongSecret: (peer: string) => void;
  done: (identity: StoredIdentity) => void;
}

/** A pairing that was begun, by the connection that began it. */
interface Begun {
  peer: string;
  transcript: PairingTranscript;
  agentNonce: Buffer;
  at: number;
}

export interface PairingPort {
  service: { definition: typeof PairingService; implementation: PairingServer };
  context: TlsContext;
}

export async function pairingPort(options: PairingPortOptions): Promise<PairingPort> {
  const keyPem = options.store.key();
  const validity = { now: options.clock.now(), lifetimeMs: SELF_SIGNED_LIFE_MS };
  const context: TlsContext = { chainPem: createSelfSigned(keyPem, validity), keyPem };
  if (options.identity !== undefined) context.authorityPem = options.identity.authorityPem;
  const pairing = new Pairing(options, keyPem);
  return { service: { definition: PairingService, implementation: pairing.implementation }, context };
}

class Pairing {
  readonly #options: PairingPortOptions;
  readonly #keyPem: string;
  #begun: Begun | undefined;
  /** Connections that showed a wrong proof. */
  readonly #guessed = new WeakSet<TlsPeer>();

  constructor(options: PairingPortOptions, keyPem: string) {
    this.#options = options;
    this.#keyPem = keyPem;
  }

  get implementation(): PairingServer {
    return {
      begin: (call: ServerUnaryCall<BeginRequest, BeginResponse>, reply: sendUnaryData<BeginResponse>) =>
        this.#answer(call, reply, () => this.#begin(call)),
      complete: (
        call: ServerUnaryCall<CompleteRequest, CompleteResponse>,
        reply: sendUnaryData<CompleteResponse>,
      ) => this.#answer(call, reply, () => this.#complete(call)),
    };
  }

  #answer<T>(call: { getPeer(): string }, reply: sendUnaryData<T>, work: () => Promise<T>): void {
    work().then(
      (value) => reply(null, value),
      (thrown: unknown) => {
        this.#options.refused(toError(thrown).message, call.getPeer());
        reply(toStatus(thrown));
      },
    );
  }

  /** @throws AppError `forbidden` */
  #requireProof(peer: TlsPeer, proof: Uint8Array, right: Uint8Array): void {
    if (!this.#guessed.has(peer) && sameProof(proof, right)) return;
    if (!this.#guessed.has(peer)) this.#options.wrongSecret(peer.peer);
    this.#guessed.add(peer);
    throw new AppError('forbidden', 'the secret of the pairing string is not the one of this agent');
  }

  async #begin(call: ServerUnaryCall<BeginRequest, BeginResponse>): Promise<BeginResponse> {
    const { clock, identity } = this.#options;
    const peer = this.#options.peerOf(call);
    const { serverNonce, serverKey, agentKey, authorityPem, proof } = call.request;
    if (
      peer?.keyFingerprint === undefined ||
      peer.certificate === undefined ||
      serverNonce.length !== PAIRING_NONCE_BYTES
    ) {
      throw new AppError('forbidden', 'a server shows its certificate when it pairs');
    }
    // Both keys as this side saw them; what the request says of them must agree.
    const transcript = {
      serverNonce,
      serverKey: peer.keyFingerprint,
      agentKey: keyFingerprint(this.#keyPem),
      authorityPem,
    };
    if (
      serverKey.toString('hex') !== transcript.serverKey ||
      agentKey.toString('hex') !== transcript.agentKey
    ) {
      throw new AppError(
        'forbidden',
        'the keys are not those of this connection: someone may stand in between',
      );
    }
    if (identity === undefined) {
      this.#requireProof(peer, proof, beginProof(this.#secret(), transcript));
      requireServer(peer.certificate, authorityPem);
    } else if (peer.identity?.role !== 'server') {
      throw new AppError('forbidden', 'only a server node of this agent may renew its certificate');
    }
    const agentNonce = randomBytes(PAIRING_NONCE_BYTES);
    this.#begun = { peer: peer.peer, transcript, agentNonce, at: clock.monotonic() };
    const csrDer = createRequest(this.#keyPem);
    const answer = { agentNonce, csrDer };
    const mine = identity === undefined ? answerProof(this.#secret(), transcript, answer) : Buffer.alloc(0);
    return { ...answer, proof: mine };
  }

  async #complete(call: ServerUnaryCall<CompleteRequest, CompleteResponse>): Promise<CompleteResponse> {
    const { clock, logger, identity, store } = this.#options;
    const begun = this.#begun;
    const peer = this.#options.peerOf(call);
    // Who has begun nothing must not end what another one has begun.
    if (begun === undefined || peer === undefined || begun.peer !== peer.peer)
      throw new AppError('forbidden', 'no pairing was begun on this connection');
    this.#begun = undefined;
    if (clock.monotonic() - begun.at > PAIRING_LIFE_MS)
      throw new AppError('forbidden', 'the pairing was begun too long ago');
    const { agentId, certificateChainPem, proof } = call.request;
    let paired: StoredIdentity;
    if (identity === undefined) {
      const end = { agentNonce: begun.agentNonce, agentId, chainPem: certificateChainPem };
      this.#requireProof(peer, proof, completeProof(this.#secret(), begun.transcript, end));
      paired = this.#keep(begun.transcript.authorityPem, agentId, certificateChainPem);
    } else {
      paired = acceptIssued(store, identity, certificateChainPem);
    }
    logger.info(identity === undefined ? 'paired with a server' : 'the expired certificate was renewed', {
      agentId,
    });
    this.#options.done(paired);
    return {};
  }

  #keep(authorityPem: string, agentId: string, chainPem: string): StoredIdentity {
    const { store, name } = this.#options;
    const authorityFingerprint = keyFingerprint(new X509Certificate(authorityPem).publicKey);
    checkIssued(chainPem, { authorityFingerprint, keyPem: this.#keyPem, role: 'agent', id: agentId });
    const record: AgentRecord = {
      version: 1,
      mode: 'listening',
      agentId,
      name,
      server: '',
      serverName: '',
      authorityFingerprint,
      ephemeral: false,
    };
    store.save(record, chainPem);
    const stored = store.load();
    if (stored === undefined) throw new AppError('corrupt', 'the identity just stored is gone from the disk');
    return stored;
  }

  #secret(): Buffer {
    const pairing = this.#options.store.pairing();
    if (pairing === undefined)
      throw new AppError('gone', 'this agent has no pairing string: `longshore-agent configure` makes one');
    return Buffer.from(pairing.secret, 'hex');
  }
}

/** The authority that was just proven must vouch for the certificate of this very connection, as a server's. */
function requireServer(certificate: X509Certificate, authorityPem: string): void {
  const authority = new X509Certificate(authorityPem);
  const issued = certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  if (!issued || identityOf(certificate)?.role !== 'server') {
    throw new AppError(
      'forbidden',
      'the certificate of this connection is not that of a server of the authority it names',
    );
  }
}
