/**
 * The one way in, for every transport: what TLS verified, held against the
 * worker's row. The key counts, not the certificate: a certificate that is
 * still valid, of a worker that was deleted, revoked or re-registered with
 * another key, is refused.
 */
import { AppError } from '@longshore/base';
import type { PeerIdentity } from '@longshore/protocol/identity';

import type { Store } from '../app/ports/store.ts';
import type { Worker } from '../domain/worker.ts';

/** @throws AppError `unauthenticated` (no certificate, or of no worker), `forbidden` (wrong role, key, or revoked) */
export async function authenticateAgent(store: Store, peer: PeerIdentity | undefined): Promise<Worker> {
  if (peer === undefined)
    throw new AppError('unauthenticated', 'an agent shows a certificate of this server');
  if (peer.role !== 'agent') throw new AppError('forbidden', `${peer.role} ${peer.id} is not an agent`);
  const worker = await store.read((tx) => tx.workers.find(peer.id));
  return agreeing(worker, peer);
}

/** @throws AppError `unauthenticated`, `forbidden` */
export function agreeing(worker: Worker | undefined, peer: PeerIdentity): Worker {
  if (worker === undefined)
    throw new AppError(
      'unauthenticated',
      `there is no worker ${peer.id}: it was deleted, or never registered here`,
    );
  if (worker.revoked) throw new AppError('forbidden', `worker ${worker.id} was revoked`);
  if (worker.keyFingerprint !== peer.keyFingerprint) {
    throw new AppError('forbidden', `worker ${worker.id} is registered with another key than this one`);
  }
  return worker;
}
