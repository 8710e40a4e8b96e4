/**
 * Keeping the certificate fresh. With a third of its life left a request goes
 * out over a live session; one that expired while the agent was away is
 * renewed by proving the key, before any session.
 */
import { Metadata } from '@grpc/grpc-js';
import { AppError, toError, type Cancel, type Clock, type Logger } from '@longshore/base';
import { checkIssued, createRequest } from '@longshore/protocol/certificates';
import { channelCredentials, channelOptions } from '@longshore/protocol/credentials';
import {
  EnrolmentClient,
  type RenewChallengeResponse,
  type RenewResponse,
} from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { fromStatus } from '@longshore/protocol/grpc-status';
import { signRenewal } from '@longshore/protocol/renewal';

import { ENROLMENT_CALL_TIMEOUT_MS, RENEWAL_RETRY_MS, RENEWAL_SHARE_LEFT } from '../limits.ts';
import type { IdentityStore, StoredIdentity } from './identity-store.ts';

/** How a request gets out: over any live session; false when there is none now. */
export type SendCertificateRequest = (csrDer: Buffer) => boolean;

export interface RenewalOptions {
  store: IdentityStore;
  clock: Clock;
  logger: Logger;
  send: SendCertificateRequest;
  /** The new identity is stored: what is dialled or listened on from now on uses it. */
  renewed: (identity: StoredIdentity) => void;
}

export class Renewal {
  readonly #options: RenewalOptions;
  #identity: StoredIdentity;
  #cancel: Cancel;

  constructor(identity: StoredIdentity, options: RenewalOptions) {
    this.#options = options;
    this.#identity = identity;
    this.#cancel = options.clock.after(this.#dueIn(), () => this.#ask());
  }

  /** `CertificateIssued` came in on a session: checked, stored, taken into use. */
  issued(chainPem: string): void {
    const { store, logger, renewed } = this.#options;
    try {
      this.#identity = acceptIssued(store, this.#identity, chainPem);
    } catch (thrown) {
      logger.error('the certificate that the server sent is refused', { error: toError(thrown) });
      return;
    }
    logger.info('the certificate was renewed', {
      expiresAt: new Date(this.#identity.expiresAt).toISOString(),
    });
    this.#schedule(this.#dueIn());
    renewed(this.#identity);
  }

  /** A session opened: what is due goes out now. */
  sessionOpened(): void {
    if (this.#dueIn() === 0) this.#ask();
  }

  close(): void {
    this.#cancel();
  }

  #dueIn(): number {
    const { issuedAt, expiresAt } = this.#identity;
    return Math.max(0, expiresAt - (expiresAt - issuedAt) * RENEWAL_SHARE_LEFT - this.#options.clock.now());
  }

  #schedule(inMs: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(inMs, () => this.#ask());
  }

  #ask(): void {
    this.#schedule(RENEWAL_RETRY_MS);
    if (!this.#options.send(createRequest(this.#identity.keyPem)))
      this.#options.logger.debug('the certificate is due for renewal: no session now');
  }
}

/** @throws AppError `forbidden` */
export function acceptIssued(
  store: IdentityStore,
  identity: StoredIdentity,
  chainPem: string,
): StoredIdentity {
  const { record, keyPem } = identity;
  const { authorityFingerprint, agentId } = record;
  checkIssued(chainPem, { authorityFingerprint, keyPem, role: 'agent', id: agentId });
  store.replaceCertificate(chainPem);
  const stored = store.load();
  if (stored === undefined)
    throw new AppError('corrupt', `the identity of agent ${agentId} is gone from the disk`);
  return stored;
}

/**
 * Renews without a session, proving the registered key over the server's nonce.
 *
 * @throws AppError `unauthenticated` or `forbidden` when the server no longer knows this agent, `unavailable`
 */
export async function renewExpired(
  store: IdentityStore,
  identity: StoredIdentity,
  server: string,
): Promise<StoredIdentity> {
  const { keyPem, record } = identity;
  const credentials = channelCredentials(identity.authorityPem, { role: 'server' });
  const client = new EnrolmentClient(server, credentials, channelOptions('proxy'));
  const options = { deadline: Date.now() + ENROLMENT_CALL_TIMEOUT_MS };
  const doing = `renewing the expired certificate of agent ${record.agentId} at ${server}`;
  try {
    const { nonce } = await new Promise<RenewChallengeResponse>((resolve, reject) => {
      client.renewChallenge({ agentId: record.agentId }, new Metadata(), options, (error, response) => {
        if (error === null) resolve(response);
        else reject(fromStatus(error, doing));
      });
    });
    const csrDer = createRequest(keyPem);
    const request = { agentId: record.agentId, nonce, csrDer, signature: signRenewal(keyPem, nonce, csrDer) };
    const { certificateChainPem } = await new Promise<RenewResponse>((resolve, reject) => {
      client.renew(request, new Metadata(), options, (error, response) => {
        if (error === null) resolve(response);
        else reject(fromStatus(error, doing));
      });
    });
    return acceptIssued(store, identity, certificateChainPem);
  } finally {
    client.close();
  }
}
