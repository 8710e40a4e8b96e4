/**
 * A listening agent whose certificate expired while no server could reach it.
 * Its port then shows a self-signed certificate of its registered key, and
 * offers nothing but a renewal, to a server of its authority only. Both ends
 * are proven by TLS, so the messages of pairing carry no proof of a secret.
 */
import { randomBytes } from 'node:crypto';

import { toError, type Logger } from '@longshore/base';
import { parseAddress } from '@longshore/protocol/address';
import { channelOptions, pinnedKeyCredentials } from '@longshore/protocol/credentials';
import { PairingClient } from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { PAIRING_NONCE_BYTES } from '@longshore/protocol/pairing';
import { fetchPinnedCertificate } from '@longshore/protocol/peer-chain';
import { keyFingerprint } from '@longshore/protocol/identity';

import type { Worker } from '../domain/worker.ts';
import type { ServerAuthority } from './authority.ts';
import { beginPairing, completePairing } from './pairing-calls.ts';

/** Never rejects: the next dial shows whether it helped. */
export async function renewListeningAgent(
  worker: Worker,
  authority: ServerAuthority,
  logger: Logger,
): Promise<void> {
  const { id, address, keyFingerprint: key } = worker;
  let client: PairingClient | undefined;
  try {
    const certificate = await fetchPinnedCertificate(parseAddress(address, 'address'), key);
    const own = authority.own;
    client = new PairingClient(
      address,
      pinnedKeyCredentials(certificate, key, own),
      channelOptions('direct'),
    );
    const { csrDer } = await beginPairing(client, {
      serverNonce: randomBytes(PAIRING_NONCE_BYTES),
      serverKey: Buffer.from(keyFingerprint(own.keyPem), 'hex'),
      agentKey: Buffer.from(key, 'hex'),
      authorityPem: authority.certificatePem,
      proof: Buffer.alloc(0),
    });
    const { chainPem } = await authority.issueForAgent(id, csrDer, key);
    await completePairing(client, { agentId: id, certificateChainPem: chainPem, proof: Buffer.alloc(0) });
    logger.info('the expired certificate of a listening agent was renewed', { workerId: id });
  } catch (thrown) {
    logger.debug('a listening agent could not be given a new certificate', {
      workerId: id,
      error: toError(thrown).message,
    });
  } finally {
    client?.close();
  }
}
