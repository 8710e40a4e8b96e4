/**
 * The server's side of pairing with a listening agent (protocol/pairing.ts
 * draws it). The worker's row is durable before the agent gets its
 * certificate, so a paired agent is always a known one.
 */
import { randomBytes, X509Certificate } from 'node:crypto';

import { AppError, isCode, sleep, type Clock, type Ids, type Logger } from '@longshore/base';
import { formatAddress, parseAddress, type Address } from '@longshore/protocol/address';
import { channelOptions, pinnedKeyCredentials, type OwnIdentity } from '@longshore/protocol/credentials';
import { PairingClient, type BeginResponse } from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { keyFingerprint } from '@longshore/protocol/identity';
import {
  answerProof,
  beginProof,
  completeProof,
  PAIRING_NONCE_BYTES,
  parsePairing,
  sameProof,
  type PairingText,
  type PairingTranscript,
} from '@longshore/protocol/pairing';
import { fetchPinnedCertificate } from '@longshore/protocol/peer-chain';
import { requestKey } from '@longshore/protocol/certificates';

import { targetsOn } from '../app/kernel/target-machines.ts';
import type { ListeningAgentRequest, PairingPort } from '../app/ports/pairing.ts';
import type { Store } from '../app/ports/store.ts';
import type { Worker } from '../domain/worker.ts';
import { PAIRING_REACH_MS, PAIRING_REACH_PAUSE_MS } from '../limits.ts';
import type { ServerAuthority } from './authority.ts';
import { insertWorker, type WorkerBasis } from './new-worker.ts';
import { beginPairing, completePairing, pairedAlready } from './pairing-calls.ts';

const DEFAULT_PORT = 10_933;

export interface PairingOptions {
  store: Store;
  authority: ServerAuthority;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  /** For how long an agent is tried that doesn't listen (yet). */
  reachMs?: number;
}

interface Beginning {
  pairing: PairingText;
  transcript: PairingTranscript;
  own: OwnIdentity;
}

interface Handshake {
  client: PairingClient;
  pairing: PairingText;
  transcript: PairingTranscript;
  /** The agent's, which its proof is yet to show. */
  answer: BeginResponse;
}

export class AgentPairing implements PairingPort {
  readonly #options: PairingOptions;

  constructor(options: PairingOptions) {
    this.#options = options;
  }

  async pairListeningAgent(request: ListeningAgentRequest): Promise<Worker> {
    const pairing = parsePairing(request.pairing);
    const address = parseAddress(request.address ?? pairing.address, 'address', DEFAULT_PORT);
    const { authority, logger } = this.#options;
    const transcript: PairingTranscript = {
      serverNonce: randomBytes(PAIRING_NONCE_BYTES),
      serverKey: keyFingerprint(authority.own.keyPem),
      agentKey: pairing.keyFingerprint,
      authorityPem: authority.certificatePem,
    };
    const begun = await this.#reach(() => this.#begin(address, { pairing, transcript, own: authority.own }));
    const { client } = begun;
    try {
      const worker = await this.#handshake(begun, address, request);
      logger.info('a listening agent was paired', {
        workerId: worker.id,
        name: worker.name,
        address: worker.address,
      });
      return worker;
    } finally {
      client.close();
    }
  }

  /**
   * Nothing is decided by it yet, so that it may be tried again. The caller closes the client.
   *
   * @throws AppError `unavailable`, or for good
   */
  async #begin(address: Address, { pairing, transcript, own }: Beginning): Promise<Handshake> {
    const certificate = await fetchPinnedCertificate(address, pairing.keyFingerprint);
    const shown = new X509Certificate(certificate);
    // One that is not paired yet has nobody to sign for it; a paired one does not take us, and need not be tried again.
    if (!shown.verify(shown.publicKey)) throw pairedAlready();
    const credentials = pinnedKeyCredentials(certificate, pairing.keyFingerprint, own);
    const client = new PairingClient(formatAddress(address), credentials, channelOptions('direct'));
    try {
      const answer = await beginPairing(client, {
        serverNonce: Buffer.from(transcript.serverNonce),
        serverKey: Buffer.from(transcript.serverKey, 'hex'),
        agentKey: Buffer.from(transcript.agentKey, 'hex'),
        authorityPem: transcript.authorityPem,
        proof: beginProof(pairing.secret, transcript),
      });
      return { client, pairing, transcript, answer };
    } catch (thrown) {
      client.close();
      throw thrown;
    }
  }

  /**
   * An agent that was just started may not listen yet, and a port that strangers fill has no room at once: it is tried
   * for a while.
   */
  async #reach<T>(attempt: () => Promise<T>): Promise<T> {
    const { clock, reachMs = PAIRING_REACH_MS } = this.#options;
    const began = clock.monotonic();
    for (;;) {
      try {
        return await attempt();
      } catch (thrown) {
        const triedMs = clock.monotonic() - began;
        if (!isCode(thrown, 'unavailable')) throw thrown;
        if (triedMs >= reachMs) throw unreached(thrown, triedMs);
        await sleep(clock, PAIRING_REACH_PAUSE_MS);
      }
    }
  }

  async #handshake(handshake: Handshake, address: Address, request: ListeningAgentRequest): Promise<Worker> {
    const { client, pairing, transcript, answer } = handshake;
    const { authority, ids, logger } = this.#options;
    if (!sameProof(answer.proof, answerProof(pairing.secret, transcript, answer))) {
      throw new AppError(
        'forbidden',
        `the agent at ${formatAddress(address)} does not know the secret of its pairing string`,
      );
    }
    if (keyFingerprint(requestKey(answer.csrDer)) !== pairing.keyFingerprint) {
      throw new AppError(
        'forbidden',
        `the agent at ${formatAddress(address)} asks for a certificate of another key`,
      );
    }
    const agentId = ids();
    const { chainPem } = await authority.issueForAgent(agentId, answer.csrDer, pairing.keyFingerprint);
    const worker = await this.#insert(agentId, pairing, address, request);
    const end = { agentNonce: answer.agentNonce, agentId, chainPem };
    try {
      await completePairing(client, {
        agentId,
        certificateChainPem: chainPem,
        proof: completeProof(pairing.secret, transcript, end),
      });
    } catch (thrown) {
      if (!isCode(thrown, 'unavailable') && !isCode(thrown, 'timedOut')) {
        await this.#remove(worker, 'pairing failed');
        throw thrown;
      }
      // The agent may have taken its certificate: the dialler finds out, and the worker's health says.
      logger.warn('the last answer of a pairing was lost', { workerId: agentId, address: worker.address });
    }
    return worker;
  }

  #insert(
    id: string,
    pairing: PairingText,
    address: Address,
    request: ListeningAgentRequest,
  ): Promise<Worker> {
    const { store, clock, ids } = this.#options;
    const { spaceId, name, poolIds, labels, slots } = request.worker;
    const claim = request.worker.target;
    const target = claim === null ? null : { id: ids(), claim };
    const now = clock.now();
    return store.write(async (tx) => {
      const basis: WorkerBasis = {
        spaceId,
        id,
        name: name === '' ? address.host : name,
        mode: 'listening',
        address: formatAddress(address),
        keyFingerprint: pairing.keyFingerprint,
        poolIds,
        labels,
        slots,
        ephemeral: false,
        createdAt: now,
      };
      const worker = await insertWorker(tx, basis, target);
      const detail = {
        name: worker.name,
        address: worker.address,
        poolIds,
        keyFingerprint: worker.keyFingerprint,
        ...(target === null ? {} : { targetId: target.id, ...target.claim }),
      };
      await tx.audit.append(spaceId, {
        time: now,
        actor: request.createdBy,
        action: 'worker.paired',
        subject: id,
        detail,
      });
      store.announce(tx, 'worker', id);
      if (target !== null) store.announce(tx, 'resource', 'target');
      return worker;
    });
  }

  async #remove(worker: Worker, why: string): Promise<void> {
    const { store, clock } = this.#options;
    await store.write(async (tx) => {
      for (const { spaceId, id } of await targetsOn(tx, worker)) await tx.resources.delete(spaceId, id);
      await tx.workers.delete(worker.spaceId, worker.id);
      const event = {
        time: clock.now(),
        actor: 'server',
        action: 'worker.deleted',
        subject: worker.id,
        detail: { why },
      };
      await tx.audit.append(worker.spaceId, event);
      store.announce(tx, 'worker', worker.id);
      store.announce(tx, 'resource', 'target');
    });
  }
}

function unreached(last: AppError, triedMs: number): AppError {
  return new AppError(
    'unavailable',
    `${last.message} (tried for ${Math.round(triedMs / 1000)} s). Start "longshore-agent run" on its machine, and see that this server may connect to that address; --address names another`,
    { cause: last },
  );
}
