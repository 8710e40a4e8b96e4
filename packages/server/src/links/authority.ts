/**
 * The server's own certificate authority, and this node's identity from it.
 * The authority is made once in the life of the database; its key leaves the
 * database only sealed, and this process never. The node's key lives in
 * memory only: each start makes one.
 */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';

import { AppError, type Cancel, type Clock, type Logger } from '@longshore/base';
import {
  createAuthority,
  createKey,
  createRequest,
  issueCertificate,
  requestKey,
  type Authority,
  type Issued,
} from '@longshore/protocol/certificates';
import type { OwnIdentity } from '@longshore/protocol/credentials';
import { keyFingerprint } from '@longshore/protocol/identity';
import { validityProblem } from '@longshore/protocol/validity';

import { AUTHORITY_CONTEXT, type Sealer } from '../app/ports/sealer.ts';
import type { Store } from '../app/ports/store.ts';
import {
  AGENT_CERTIFICATE_LIFE_MS,
  AUTHORITY_LIFE_MS,
  NODE_CERTIFICATE_LIFE_MS,
  OWN_CERTIFICATE_LOOK_MS,
} from '../limits.ts';

export interface AuthorityOptions {
  store: Store;
  sealer: Sealer;
  clock: Clock;
  logger: Logger;
  nodeId: string;
  /** Names of this node in its certificate, for tools that check host names. */
  hosts?: readonly string[];
}

export class ServerAuthority {
  readonly certificatePem: string;
  /** SHA-256 of the authority's SubjectPublicKeyInfo, hex: what one-time tokens carry. */
  readonly fingerprint: string;
  readonly #authority: Authority;
  readonly #options: AuthorityOptions;
  readonly #nodeKeyPem = createKey();
  readonly #renewed = new Set<(own: OwnIdentity) => void>();
  #own: OwnIdentity = { chainPem: '', keyPem: '' };
  #cancelRenewal: Cancel = () => undefined;

  private constructor(authority: Authority, options: AuthorityOptions) {
    this.#authority = authority;
    this.#options = options;
    this.certificatePem = authority.certificatePem;
    this.fingerprint = keyFingerprint(createPublicKey(authority.certificatePem));
  }

  /** Takes the database's authority, or makes it; then issues this node's certificate. */
  static async open(options: AuthorityOptions): Promise<ServerAuthority> {
    const { store, sealer, clock, logger } = options;
    let record = await store.read((tx) => tx.authority.get());
    if (record === undefined) {
      const now = clock.now();
      const made = createAuthority('Longshore certificate authority', {
        now,
        lifetimeMs: AUTHORITY_LIFE_MS,
      });
      const proposal = {
        certificatePem: made.certificatePem,
        sealedKey: sealer.seal(made.keyPem, AUTHORITY_CONTEXT),
        createdAt: now,
      };
      record = await store.write((tx) => tx.authority.createOnce(proposal));
      logger.info('the certificate authority was made', { made: record.sealedKey === proposal.sealedKey });
    }
    const keyPem = sealer.open(record.sealedKey, AUTHORITY_CONTEXT);
    const authority = new ServerAuthority({ certificatePem: record.certificatePem, keyPem }, options);
    await authority.#issueOwn();
    return authority;
  }

  /** This node's certificate and key, now. */
  get own(): OwnIdentity {
    return this.#own;
  }

  /** Hears of this node's new certificate; returns what ends it. */
  onRenewed(heard: (own: OwnIdentity) => void): () => void {
    this.#renewed.add(heard);
    return () => this.#renewed.delete(heard);
  }

  /**
   * Signs an agent's certificate, for the one key that may have it.
   *
   * @param keyFingerprint the registered key; null at a registration, where the request's key becomes it
   * @throws AppError `invalid` (the request), `forbidden` (another key)
   */
  async issueForAgent(agentId: string, csrDer: Uint8Array, registered: string | null): Promise<Issued> {
    if (registered !== null && keyFingerprint(requestKey(csrDer)) !== registered) {
      throw new AppError(
        'forbidden',
        `agent ${agentId} asks for a certificate of another key than the registered one`,
      );
    }
    const subject = { role: 'agent' as const, id: agentId };
    const validity = { now: this.#options.clock.now(), lifetimeMs: AGENT_CERTIFICATE_LIFE_MS };
    return issueCertificate(this.#authority, { csrDer, subject }, validity);
  }

  close(): void {
    this.#cancelRenewal();
    this.#renewed.clear();
  }

  async #issueOwn(): Promise<void> {
    const { clock, nodeId, hosts = [], logger } = this.#options;
    const subject = {
      role: 'server' as const,
      id: nodeId,
      hosts: [...new Set(['localhost', hostname(), ...hosts, '127.0.0.1', '::1'])],
    };
    const request = { csrDer: createRequest(this.#nodeKeyPem), subject };
    const { chainPem, expiresAt } = issueCertificate(this.#authority, request, {
      now: clock.now(),
      lifetimeMs: NODE_CERTIFICATE_LIFE_MS,
    });
    this.#own = { chainPem, keyPem: this.#nodeKeyPem };
    logger.debug('this node has a certificate', {
      nodeId,
      serial: new X509Certificate(chainPem).serialNumber,
      expiresAt,
    });
    for (const heard of this.#renewed) heard(this.#own);
    this.#cancelRenewal();
    const renew = (): void => {
      this.#issueOwn().catch((error: unknown) =>
        logger.error('renewing the certificate of this node failed', { error }),
      );
    };
    const due = clock.after((NODE_CERTIFICATE_LIFE_MS * 2) / 3, renew);
    const own = new X509Certificate(chainPem);
    // Made while the clock was wrong, it would keep every agent away once that is set right.
    const look = clock.every(OWN_CERTIFICATE_LOOK_MS, () => {
      const problem = validityProblem(own, clock.now());
      if (problem === undefined) return;
      logger.warn('this node makes itself another certificate', { nodeId, why: problem });
      renew();
    });
    this.#cancelRenewal = () => {
      due();
      look();
    };
  }
}
